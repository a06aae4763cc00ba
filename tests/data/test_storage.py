import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.fuzz.forked import run_cases
from graphfuse.data import FusionDataset, RelationSpec, Sample, SparseEdges, load_dataset
from graphfuse.data.columns import About
from graphfuse.data.ragged import Ragged
from graphfuse.errors import InputError

FILES = {"samples.arrow", "schema.json"}


def small(scale=1.0):
    return FusionDataset.from_arrays({"a": scale * np.eye(4)}, [0, 1, 0, 1])


def header(path):
    return json.loads((path / "schema.json").read_text())


def test_loaded_values_are_mapped(tmp_path):
    data = FusionDataset.from_arrays({"a": np.ones((1000, 100))}, [0, 1] * 500)
    data.save(tmp_path / "d")
    values = FusionDataset.load(tmp_path / "d").x["a"].values
    assert values.dtype == torch.float32
    maps = Path("/proc/self/maps").read_text()
    assert "samples.arrow" in maps


def test_saving_is_whole_or_not_at_all(tmp_path, monkeypatch):
    data = FusionDataset.from_arrays({"a": np.eye(4)}, [0, 1, 0, 1])
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / "precious.txt").write_text("x")
    with pytest.raises(InputError, match="is not a saved graphfuse dataset and nothing else"):
        data.save(foreign)
    monkeypatch.setattr(FusionDataset, "fingerprint", property(lambda self: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        data.save(tmp_path / "new")
    assert [p.name for p in tmp_path.iterdir()] == ["foreign"]
    with pytest.raises(InputError, match="is not a saved dataset"):
        FusionDataset.load(foreign)


def test_everything_survives(tmp_path):
    data = replace(
        small(),
        name="mine",
        groups=np.array(list("uuvv")),
        splits=np.array(["train", "validation", "test", "test"]),
        domain=np.array(["x", "", "y", "y"]),
        relations=(
            RelationSpec("k_nearest", {"k": np.int64(2), "on": {"a": slice(0, 8), "b": [0, 8]}}),
            RelationSpec("complete"),
        ),
        bayes_accuracy=0.75,
        graph_should_win=False,
    )
    data.save(tmp_path / "d")
    loaded = FusionDataset.load(tmp_path / "d")
    for name in ("name", "relations", "bayes_accuracy", "graph_should_win", "schema"):
        assert getattr(loaded, name) == getattr(data, name)
    for name in ("ids", "groups", "splits", "domain"):
        assert getattr(loaded, name).tolist() == getattr(data, name).tolist()
    with pytest.raises(InputError, match="relation 'own' cannot be saved: its options are"):
        replace(data, relations=(RelationSpec("own", {"by": object()}),)).save(tmp_path / "e")
    assert not (tmp_path / "e").exists()


def test_no_sample_at_all(tmp_path):
    small().subset([]).save(tmp_path / "d")
    assert len(FusionDataset.load(tmp_path / "d")) == 0


@pytest.mark.parametrize(
    "dtype", [torch.bool, torch.uint8, torch.int64, torch.bfloat16, torch.float16, torch.float64]
)
def test_values_of_any_dtype(dtype, tmp_path):
    values = torch.arange(6).reshape(3, 2).remainder(2).to(dtype)
    samples = [Sample({"a": values[:2]}), Sample({"a": values[2:]}), Sample({})]
    data = FusionDataset.from_samples(samples)
    data.save(tmp_path / "d")
    loaded = FusionDataset.load(tmp_path / "d")
    assert loaded.x["a"].values.dtype == dtype
    assert torch.equal(loaded.x["a"].values, values)
    assert loaded.fingerprint == data.fingerprint


def test_bfloat16_is_not_its_bits():
    values = torch.ones(2, 2, dtype=torch.bfloat16)
    samples = [[Sample({"a": v})] for v in (values, values.view(torch.int16))]
    assert len({FusionDataset.from_samples(s).fingerprint for s in samples}) == 2


def test_a_saved_dataset_is_replaced(tmp_path):
    path = tmp_path / "d"
    small().save(path)
    kept = FusionDataset.load(path)
    small(2).save(path)
    assert FusionDataset.load(path).fingerprint == small(2).fingerprint
    assert kept.fingerprint == small().fingerprint
    assert [p.name for p in tmp_path.iterdir()] == ["d"]
    assert {p.name for p in path.iterdir()} == FILES
    (tmp_path / "link").symlink_to(path)
    FusionDataset.load(path).save(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert FusionDataset.load(path).fingerprint == small(2).fingerprint


@pytest.mark.parametrize(
    "foreign",
    [
        {"schema.json": "{}"},
        {"schema.json": '{"type": "object"}', "precious.txt": "x"},
        {"schema.json": "not JSON"},
        {"schema.json": '{"format": 1}'},
        {"schema.json": '{"format": 2, "columns": []}', "samples.arrow": ""},
        {"schema.json": '["format", "columns"]'},
        {"schema.json": '{"format": 1, "columns": []}', "precious.txt": "x"},
    ],
)
def test_a_folder_of_something_else_is_never_touched(foreign, tmp_path):
    path = tmp_path / "d"
    path.mkdir()
    for name, text in foreign.items():
        (path / name).write_text(text)
    with pytest.raises(InputError, match="is not a saved graphfuse dataset and nothing else"):
        small().save(path)
    assert {p.name: p.read_text() for p in path.iterdir()} == foreign
    assert list(tmp_path.iterdir()) == [path]


def test_a_saved_dataset_with_a_file_beside_it_is_not_touched(tmp_path):
    small().save(tmp_path / "d")
    (tmp_path / "d" / "notes.txt").write_text("x")
    with pytest.raises(InputError, match=r"'notes.txt'.*give a new folder"):
        small(2).save(tmp_path / "d")
    assert FusionDataset.load(tmp_path / "d").fingerprint == small().fingerprint
    with pytest.raises(InputError, match="is a file, but a dataset is saved as a folder"):
        small().save(tmp_path / "d" / "notes.txt")


@pytest.mark.parametrize("step", [1, 2])
def test_what_is_there_survives_a_failure(step, tmp_path, monkeypatch):
    small().save(tmp_path / "d")
    move, moves = Path.replace, []

    def fail(self, target):
        moves.append(target)
        if len(moves) == step:
            raise OSError("no")
        return move(self, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no"):
        small(2).save(tmp_path / "d")
    assert [p.name for p in tmp_path.iterdir()] == ["d"]
    assert FusionDataset.load(tmp_path / "d").fingerprint == small().fingerprint


def test_a_saved_folder_has_the_usual_rights(tmp_path):
    small().save(tmp_path / "d")
    (tmp_path / "plain").mkdir()
    assert (tmp_path / "d").stat().st_mode == (tmp_path / "plain").stat().st_mode


def damage(path, change):
    if isinstance(change, dict):
        (path / "schema.json").write_text(json.dumps({**header(path), **change}))
    elif isinstance(change, str):
        (path / "schema.json").write_text(change)
    elif callable(change):
        (path / "schema.json").write_text(json.dumps(change(header(path))))
    else:
        (path / "samples.arrow").write_bytes(change)


def without(key):
    return lambda head: {k: v for k, v in head.items() if k != key}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("{", "is not readable JSON"),
        ("[1]", r"has format \[1\], this version reads format 1"),
        ({"format": 0}, "has format 0, this version reads format 1"),
        ({"format": 2}, "has format 2, this version reads format 1"),
        (without("columns"), r"is damaged: .* \(KeyError: 'columns'\); save the dataset again"),
        (without("relations"), "is damaged: .*KeyError: 'relations'"),
        (without("schema"), "is damaged"),
        ({"schema": []}, "is damaged"),
        ({"schema": {"modalities": [], "targets": {}}}, "is damaged: .*at least one modality"),
        ({"columns": [{"kind": "ids"}]}, "is damaged"),
        ({"relations": [1]}, "is damaged"),
        (lambda head: {**head, "columns": [{}, *head["columns"][1:]]}, "is damaged"),
        ({"samples": 5}, "holds 4 samples, schema.json says 5"),
        ({"name": "other"}, "is damaged: schema.json was changed"),
        ({"bayes_accuracy": 0.5}, "is damaged: schema.json was changed"),
        ({"origin": {"unreadable": 1}}, "is damaged: schema.json was changed"),
        ({"origin": 5}, "is damaged: .*origin should be an object, got 5"),
        ({"name": 5}, "is damaged: .*name should be text, got 5"),
        ({"graph_should_win": "yes"}, "is damaged: .*should be true or false, got 'yes'"),
        ({"steps": {"scale": 1}}, "is damaged"),
        ('{"format": ' + "[" * 50_000 + "]" * 50_000 + "}", "is not readable JSON"),
        ({"augment": {"a": json.loads("[" * 200 + "]" * 200)}}, "is nested more than 100 times"),
        (b"", "is damaged"),
        (b"junk", "is damaged"),
        (b"ARROW1" + bytes(100), "is damaged"),
    ],
)
def test_damaged_files_are_named(change, message, tmp_path):
    small().save(tmp_path / "d")
    damage(tmp_path / "d", change)
    with pytest.raises(InputError, match=message):
        FusionDataset.load(tmp_path / "d")


def test_a_truncated_file_is_named(tmp_path):
    small().save(tmp_path / "d")
    whole = (tmp_path / "d" / "samples.arrow").read_bytes()
    for length in (10, len(whole) // 2, len(whole) - 1):
        damage(tmp_path / "d", whole[:length])
        with pytest.raises(InputError, match="is damaged"):
            FusionDataset.load(tmp_path / "d")


def test_verify_sees_a_changed_value(tmp_path):
    path = tmp_path / "d"
    small(3).save(path)
    FusionDataset.verify(path)
    whole = (path / "samples.arrow").read_bytes()
    three = np.float32(3).tobytes()
    assert three in whole
    damage(path, whole.replace(three, np.float32(4).tobytes(), 1))
    assert FusionDataset.load(path).x["a"].values.max() == 4
    with pytest.raises(InputError, match="are not those that were saved: their fingerprint is"):
        FusionDataset.verify(path)


def test_weighted_edges_survive(tmp_path):
    edges = {("a", "r", "a"): SparseEdges(torch.tensor([[0], [1]]), torch.tensor([0.5]))}
    data = FusionDataset.from_samples([Sample({"a": torch.ones(2, 1)}, edges=edges)])
    data.save(tmp_path / "d")
    assert FusionDataset.load(tmp_path / "d")[0].edges["a", "r", "a"].weight.tolist() == [0.5]


def test_the_folder_that_one_works_in_stays(tmp_path, monkeypatch):
    data = FusionDataset.from_arrays({"a": np.eye(4)}, [0, 1, 0, 1])
    data.save(tmp_path / "data")
    monkeypatch.chdir(tmp_path / "data")
    for path in (".", tmp_path / "data"):
        with pytest.raises(InputError, match="would replace the current working folder"):
            data.save(path)
    assert len(FusionDataset.load(".")) == 4


def test_no_folder_can_be_made_in_a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    data = FusionDataset.from_arrays({"a": np.eye(4)}, [0, 1, 0, 1])
    with pytest.raises(InputError, match="cannot create the folder"):
        data.save(tmp_path / "file" / "data")
    data.save(tmp_path / ("n" * 250))


def test_copies_and_augmentation_are_kept(tmp_path):
    given = FusionDataset.from_arrays(
        {"a": np.eye(3)}, [0, 1, 0], ids=["x", "y", "x copy 1"], copy_of=["", "", "x"]
    )
    data = replace(given, augment={"a": {"flip": True}})
    data.save(tmp_path / "saved")
    loaded = FusionDataset.load(tmp_path / "saved")
    assert loaded.copy_of.tolist() == ["", "", "x"]
    assert loaded.originals.tolist() == [0, 1]
    assert loaded.augment == data.augment
    assert loaded.fingerprint == data.fingerprint != replace(data, copy_of=None).fingerprint
    FusionDataset.verify(tmp_path / "saved")
    again = FusionDataset.from_samples(list(loaded), loaded.schema, copy_of=loaded.copy_of)
    assert again.copy_of.tolist() == ["", "", "x"]
    assert loaded.subset([2, 0]).copy_of.tolist() == ["x", ""]


SAVED = Path(__file__).parent / "saved" / "talks"


@pytest.mark.parametrize("bits", [0x01, 0xFF])
def test_a_changed_byte_is_an_error_or_changes_nothing(bits, tmp_path):
    talks = FusionDataset.load(SAVED)
    talks.save(tmp_path / "talks")
    whole = {name: (tmp_path / "talks" / name).read_bytes() for name in sorted(FILES)}
    places = [(name, i) for name, content in whole.items() for i in range(len(content))]
    places = places[bits % 31 :: 31]

    def attempt(case, folder):
        name, place = places[case]
        for other, content in whole.items():
            (folder / other).write_bytes(content)
        damaged = bytearray(whole[name])
        damaged[place] ^= bits
        (folder / name).write_bytes(damaged)
        loaded = FusionDataset.load(folder)
        loaded.batch(range(len(loaded))).to_pyg()
        FusionDataset.from_samples(list(loaded.subset(range(len(loaded)))), loaded.schema)
        verified = FusionDataset.load(folder, verify=True)
        return "same" if known(verified) == known(talks) else "silent"

    found = run_cases(attempt, range(len(places)), memory=2**31, seconds=30)
    outcomes = [(places[r.case], r.outcome, r.detail) for r in found]
    assert [one for one in outcomes if one[1] not in ("same", "refused")] == []
    assert len(outcomes) == len(places)
    assert any(outcome == "refused" for _, outcome, _ in outcomes)


def known(data):
    return data.fingerprint, {f.name: getattr(data, f.name) for f in fields(About)}


def edged():
    return FusionDataset.load(SAVED).edges["text", "next", "text"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: {"edges": {("text", "next", "text"): (edged()[0], None)}}, None),
        (
            lambda d: {"edges": {("text", "n", "text"): (Ragged(edged()[0].values + 9,
                                                               edged()[0].offsets), None)}},
            "edges/.* refers to nodes of 'text' that do not exist",
        ),
        (lambda d: {"y": {**d.y, "emotion": d.y["emotion"] + 5}}, "y/emotion holds codes 5 to"),
        (lambda d: {"unit": {m: u + 9 for m, u in d.unit.items()}}, "names units that have no"),
        (lambda d: {"pos": {"text": d.pos["text"].repeat(1, 2)}}, "pos/text has shape"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_refused(change, message, tmp_path):
    talks = FusionDataset.load(SAVED)
    replace(talks, **change(talks)).save(tmp_path / "d")
    if message is None:
        FusionDataset.load(tmp_path / "d", verify=True)
    else:
        with pytest.raises(InputError, match=message):
            FusionDataset.load(tmp_path / "d")


def test_a_changed_value_is_noticed_when_a_folder_is_loaded_by_name(tmp_path):
    values = np.arange(12.0, dtype=np.float32).reshape(6, 2)
    FusionDataset.from_arrays({"a": values}, [0, 1] * 3).save(tmp_path / "data")
    file = tmp_path / "data" / "samples.arrow"
    content = file.read_bytes()
    place = content.index(values.tobytes())
    file.write_bytes(content[: place + 2] + b"\x01" + content[place + 3 :])
    with pytest.raises(InputError, match="are not those that were saved"):
        load_dataset(tmp_path / "data")
