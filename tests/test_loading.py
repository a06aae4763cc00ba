import os
from dataclasses import replace

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import pytest
import torch
from datasets import Dataset
from PIL import Image
from torch.utils.data import TensorDataset
from torch_geometric.data import HeteroData

import graphfuse
from graphfuse.bench.run import fold_parts
from graphfuse.data import FusionDataset, Sample, StepSpec, make_splits
from graphfuse.encoders import Preprocessor
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.loading import is_raw, load_dataset, read_raw
from graphfuse.raw import read_manifest


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "pets.csv"
    rows = [f"a {pet} sat on mat {i},{i},{pet}" for i in range(6) for pet in ("cat", "dog")]
    path.write_text("\n".join(["text,age,label", *rows]))
    return path


def test_every_way_to_name_raw_samples_gives_the_same(table, tmp_path):
    manifest = read_manifest(table)
    rows = Dataset.from_dict({c: manifest.table[c][:] for c in ("text", "age", "label")})
    prints = {
        load_dataset(source, cache=tmp_path / "cache", name="pets").fingerprint
        for source in (table, str(table), rows)
    }
    prints.add(load_dataset(manifest, cache=tmp_path / "cache").fingerprint)
    assert len(prints) == 1


def test_raw_sources_are_distinguished_from_encoded_ones(table, tmp_path):
    data = load_dataset(table, cache=tmp_path / "cache")
    data.save(tmp_path / "saved")
    assert [is_raw(source) for source in (table, tmp_path, "hf:user/name", "stamps")] == [True] * 4
    assert [is_raw(source) for source in (tmp_path / "saved", "emoji", data, 3)] == [False] * 4
    assert load_dataset(tmp_path / "saved").fingerprint == data.fingerprint


def test_the_origin_is_recorded_and_saved(table, tmp_path):
    rows = table.read_text().splitlines()
    Image.new("RGB", (4, 4)).save(tmp_path / "yes.png")
    cells = ["yes.png", *["no.png"] * 11]
    rows = [f"{cell},{row}" for cell, row in zip(cells, rows[1:], strict=True)]
    table.write_text("\n".join(["photo,text,age,label", *rows]))
    data = load_dataset(
        table, cache=tmp_path / "cache", encoders={"text": {"ngrams": {"nodes": "text"}}}
    )
    assert data.origin["encoders"]["text"]["options"]["nodes"] == "text"
    assert data.origin["unreadable"] == len(data.origin["problems"]) == 11
    assert "'no.png' does not exist" in data.origin["problems"][0]
    data.save(tmp_path / "saved")
    assert FusionDataset.load(tmp_path / "saved").origin == data.origin


def test_steps_are_chosen_for_any_source_after_those_of_encoders(table, tmp_path):
    steps = [{"scale": {"how": "robust"}}, {"project": {"how": "cca", "components": 3}}]
    data = load_dataset(table, cache=tmp_path / "cache", encoders={"text": "tfidf"}, steps=steps)
    wanted = ["impute", "tfidf_svd", "scale", "project"]
    assert [spec.name for spec in data.steps] == wanted
    train, _, _ = fold_parts(data, next(make_splits(data, folds=3)))
    assert [m.shape for m in train.schema.modalities] == [(3,), (3,)]
    data.save(tmp_path / "saved")
    assert [s.name for s in load_dataset(tmp_path / "saved").steps] == wanted
    again = load_dataset(tmp_path / "saved", steps=[{"scale": {"over": "node"}}])
    assert [s.name for s in again.steps] == ["impute", "tfidf_svd", "scale"]
    assert again.steps[-1].options["over"] == "node"
    named = {"planted/redundant": {"n": 60, "steps": ["project"]}}
    result = graphfuse.compare(
        [{str(table): {"cache": str(tmp_path / "cache"), "steps": steps}}, named],
        ["concat"],
        folds=2,
        out=tmp_path / "out",
        recipe={"epochs": 1},
        progress=False,
    )
    assert [record["status"] for record in result.records()] == ["done"] * 4
    with pytest.raises(UnknownNameError, match="unknown step 'scales'; did you mean 'scale'"):
        load_dataset("planted/null", steps=["scales"])


def test_steps_that_a_manifest_names_hold_where_none_are_chosen(table, tmp_path):
    own = (StepSpec("scale", {"over": "node"}),)
    manifest = replace(read_manifest(table), steps=own)
    given = {"encoders": {"text": {"ngrams": {"nodes": "text"}}}, "cache": tmp_path / "cache"}
    assert load_dataset(manifest, **given).steps[1:] == own
    assert [s.name for s in load_dataset(manifest, steps=["project"], **given).steps[1:]] == [
        "project"
    ]
    assert Preprocessor(**given).fit(manifest).steps.specs[1].options["over"] == "node"
    assert load_dataset(read_manifest(table), **given).steps[1:] == (StepSpec("scale"),)
    text = replace(manifest, columns=tuple(c for c in manifest.columns if c.modality != "table"))
    assert load_dataset(text, **given).steps == own
    assert load_dataset(text, augment={"text": "caption"}, **given).steps == own


def test_empty_cells_of_a_table_are_counted_and_long_lists_cut(tmp_path):
    rows = [f"{'' if i % 4 == 0 else i},{'' if i == 4 else 'ab'[i % 2]}" for i in range(40)]
    Image.new("RGB", (4, 4)).save(tmp_path / "yes.png")
    cells = ["yes.png", *["no.png"] * 39]
    rows = [f"{cells[i]},{row},{'xy'[i // 2 % 2]}" for i, row in enumerate(rows)]
    (tmp_path / "t.csv").write_text("\n".join(["photo,age,colour,label", *rows]))
    blocks = {"table": {"table": {"nodes": "columns", "numbers": ["age"],
                                  "categories": {"colour": ["a", "b"]}}}}  # fmt: skip
    for encoders in ({}, blocks):
        data = load_dataset(tmp_path / "t.csv", cache=tmp_path / "cache", encoders=encoders)
        assert data.origin["empty"] == {"table": {"age": 10 / 40, "colour": 1 / 40}}
    assert len(data.origin["problems"]) == 21
    assert data.origin["problems"][-1] == "and 19 more"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"columnz": {}},
            UnknownNameError,
            "option of .*pets.csv' 'columnz'; did you mean 'columns'",
        ),
        ({"columns": {"aeg": "label"}}, UnknownNameError, "unknown column 'aeg'; did you mean"),
        ({"encoders": {"txt": "ngrams"}}, UnknownNameError, "modality in encoders 'txt'"),
        ({"encoders": {"text": "timm"}}, UnknownNameError, "unknown text encoder 'timm'"),
        ({"unreadable": "drop"}, UnknownNameError, "value of unreadable 'drop'"),
    ],
)
def test_unknown_options(table, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        load_dataset(table, cache=tmp_path / "cache", **options)


def test_missing_sources(tmp_path):
    with pytest.raises(InputError, match=r"there is no file or folder .*none.csv"):
        load_dataset(tmp_path / "none.csv")
    (tmp_path / "note.csv").touch()
    with pytest.raises(InputError, match=r"none.csv'; did you mean 'note.csv'\?"):
        load_dataset(tmp_path / "none.csv")
    manifest = read_manifest(Dataset.from_dict({"text": ["a b", "c d"], "label": ["x", "y"]}))
    with pytest.raises(InputError, match="a manifest is read already and takes no options"):
        read_raw(manifest, limit=3)


def test_what_a_program_holds_is_loaded_and_compared_directly(tmp_path):
    random = np.random.default_rng(0)
    y = np.array(["cat", "dog"] * 20)
    arrays = {"image": random.normal(size=(40, 3)), "text": random.normal(size=(40, 2, 4)), "y": y}
    tensors = TensorDataset(torch.randn(40, 3), torch.randn(40, 4), torch.arange(40) % 2)
    graphs = []
    for i in range(40):
        graph = HeteroData()
        graph["a"].x, graph["b"].x, graph.y = torch.randn(2, 3), torch.randn(1, 2), i % 2
        graphs.append(graph)
    samples = [Sample({"a": torch.randn(1, 3), "b": torch.randn(1, 2)}, i % 2) for i in range(40)]
    for number, source in enumerate((arrays, tensors, graphs, samples)):
        result = graphfuse.compare(
            source, ["majority"], folds=2, out=tmp_path / str(number), progress=False
        )
        assert {record["status"] for record in result.records()} == {"done"}
    both = graphfuse.compare(
        [arrays, tensors], ["majority"], folds=2, out=tmp_path / "both", progress=False
    )
    assert set(both.table()["dataset"]) == {"dataset-1", "dataset-2"}
    data = load_dataset(arrays, name="pets", task="multiclass", steps=["project"])
    assert (data.name, data.steps[0].name) == ("pets", "project")
    assert load_dataset(data) is data


def test_an_error_for_another_type_names_the_accepted_forms():
    for source in (3, object(), {"planted/xor": 3}, [1, 2]):
        with pytest.raises(InputError, match=r"\{modality: array, 'y': labels\}, a DataFrame"):
            load_dataset(source)
    with pytest.raises(InputError, match="takes no options but steps"):
        load_dataset(load_dataset("planted/null", n=40), n=3)
    with pytest.raises(InputError, match="names the labels of a table or of arrays"):
        load_dataset("planted/null", target="y")


def test_the_target_of_a_table_is_named(table, tmp_path):
    rows = table.read_text().splitlines()
    table.write_text("\n".join(["text,age,pet", *rows[1:]]))
    data = load_dataset(table, target="pet", cache=tmp_path / "cache")
    assert data.schema.classes == ("cat", "dog")
