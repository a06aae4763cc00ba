import os

os.environ["HF_HUB_OFFLINE"] = "1"

import pytest
from datasets import Dataset

from graphfuse.data import FusionDataset
from graphfuse.data.raw import read_manifest
from graphfuse.encoders import is_raw, load, read_raw
from graphfuse.errors import InputError, UnknownNameError


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
        load(source, cache=tmp_path / "cache", name="pets").fingerprint
        for source in (table, str(table), rows)
    }
    prints.add(load(manifest, cache=tmp_path / "cache").fingerprint)
    assert len(prints) == 1


def test_what_is_raw_is_told_from_what_is_encoded(table, tmp_path):
    data = load(table, cache=tmp_path / "cache")
    data.save(tmp_path / "saved")
    assert [is_raw(source) for source in (table, tmp_path, "hf:user/name", "stamps")] == [True] * 4
    assert [is_raw(source) for source in (tmp_path / "saved", "emoji", data, 3)] == [False] * 4
    assert load(tmp_path / "saved").fingerprint == data.fingerprint


def test_how_it_was_made_is_told_and_saved(table, tmp_path):
    rows = table.read_text().splitlines()
    table.write_text("\n".join(["photo,text,age,label", *(f"no.png,{row}" for row in rows[1:])]))
    data = load(table, cache=tmp_path / "cache", encoders={"text": {"ngrams": {"nodes": "text"}}})
    assert data.origin["encoders"]["text"]["options"]["nodes"] == "text"
    assert data.origin["unreadable"] == 12
    data.save(tmp_path / "saved")
    assert FusionDataset.load(tmp_path / "saved").origin == data.origin


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
        ({"unreadable": "drop"}, UnknownNameError, "way with unreadable cells 'drop'"),
    ],
)
def test_options_that_there_are_not(table, tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        load(table, cache=tmp_path / "cache", **options)


def test_sources_that_there_are_not(tmp_path):
    with pytest.raises(InputError, match=r"there is no file or folder .*none.csv"):
        load(tmp_path / "none.csv")
    (tmp_path / "note.csv").touch()
    with pytest.raises(InputError, match=r"none.csv'; did you mean 'note.csv'\?"):
        load(tmp_path / "none.csv")
    manifest = read_manifest(Dataset.from_dict({"text": ["a b", "c d"], "label": ["x", "y"]}))
    with pytest.raises(InputError, match="a manifest is read already and takes no options"):
        read_raw(manifest, limit=3)
