"""Tables that a program holds."""

import datetime
import resource
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pytest
import torch
from datasets import Array2D, Dataset, DatasetDict, Features, IterableDataset, Value
from PIL import Image

from graphfuse.errors import InputError
from graphfuse.raw import facts, read_manifest


def test_a_data_frame(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    frame = pd.DataFrame(
        {
            "photo": ["a.png", Path("a.png"), None],
            "age": pd.array([3, None, 4], dtype="Int64"),
            "colour": pd.Categorical(["red", None, "red"]),
            "seen": pd.to_datetime(["2024-01-31", None, "2024-02-01 12:30"], format="mixed"),
            "label": np.array([0, 1, 1], dtype=np.int8),
        },
        index=pd.Index(["x1", "x2", "x3"], name="id"),
    )
    manifest = read_manifest(frame, {"seen": "skip"}, root=tmp_path, name="pets")
    kinds = {column.name: column.kind for column in manifest.columns}
    assert kinds == {
        "id": "id",
        "photo": "image",
        "age": "number",
        "colour": "category",
        "seen": "skip",
        "label": "label",
    }
    assert manifest.ids.tolist() == ["x1", "x2", "x3"]
    assert manifest.table["seen"][:] == ["2024-01-31", None, "2024-02-01 12:30:00"]
    assert [len(cells) for cells in manifest.each("photo")] == [1, 1, 0]
    assert facts(manifest).y.tolist() == [0, 1, 1]


def test_columns_of_arrays_tensors_and_pictures():
    frame = pd.DataFrame(
        {
            "curve": [np.arange(3.0), torch.arange(4), [1, 2]],
            "channels": [np.ones((2, 3)), np.zeros((5, 3)), None],
            "photo": [np.zeros((4, 5, 3), np.uint8), Image.new("L", (5, 4)), None],
            "label": ["a", "b", "a"],
        }
    )
    manifest = read_manifest(frame)
    assert {m: manifest.kind(m) for m in manifest.modalities} == {
        "channels": "series",
        "curve": "series",
        "photo": "image",
    }
    assert [cells[0].read().values.shape for cells in manifest.each("curve")] == [
        (3, 1),
        (4, 1),
        (2, 1),
    ]
    assert manifest.cells("photo")[0][0].read().shape == (4, 5, 3)
    assert manifest.cells("photo")[1][0].read().shape == (4, 5, 3)


def test_a_list_of_rows_and_an_arrow_table():
    rows = [{"said": "some words here", "n": 1, "label": "x"}, {"said": "more of them", "label": 2}]
    for source in (rows, pyarrow.Table.from_pylist([{**rows[0]}, {**rows[1], "label": "2"}])):
        manifest = read_manifest(source)
        assert manifest.table["label"][:] == ["x", "2"]
        assert manifest.kind("said") == "text"


def test_the_parts_of_a_dataset_dict_are_the_split():
    part = Dataset.from_dict({"said": ["some words here", "more of them"], "label": ["x", "y"]})
    manifest = read_manifest(DatasetDict(train=part, validation=part, test=part))
    assert facts(manifest).splits.tolist() == [
        *["train"] * 2, *["validation"] * 2, *["test"] * 2,
    ]  # fmt: skip


@pytest.mark.parametrize("form", [None, "numpy", "torch", "pandas", "arrow"])
def test_a_dataset_with_arrays_in_any_format(form):
    features = Features(
        {"grid": Array2D((2, 3), "float32"), "n": Value("float32"), "label": Value("string")}
    )
    columns = {"grid": np.ones((4, 2, 3)).tolist(), "n": [1.5, 2, 3, 4], "label": list("abab")}
    table = Dataset.from_dict(columns, features=features).with_format(form)
    manifest = read_manifest(table)
    assert manifest.kind("grid") == "series"
    assert manifest.cells("grid")[0][0].read().values.tolist() == [[1, 1, 1], [1, 1, 1]]
    assert manifest.table["n"][:] == [1.5, 2, 3, 4]


def test_a_full_disk_while_a_stream_is_read_is_one_clear_error(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    rows = [{"said": "some words here " * 500, "label": i % 2} for i in range(200)]
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limit[1]))
    try:
        with pytest.raises(InputError, match=r"stream cannot be written to .*HF_DATA"):
            read_manifest(IterableDataset.from_generator(lambda: iter(rows)))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


class Odd:
    pass


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": [Odd(), 1]}), "column 'a' holds a Odd, which no column can hold"),
        (pd.DataFrame({("a", "b"): [1]}), "columns of several levels; flatten them"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "more than one column called 'a'"),
        (pd.DataFrame({"a": [np.ones((2, 3, 4, 5))]}), r"arrays of shape \[2, 3, 4, 5\]"),
        (pd.DataFrame({"a": []}), "no row"),
        (np.ones((3, 4)), r"got ndarray; features go in by graphfuse\.load_dataset"),
        (torch.utils.data.TensorDataset(torch.ones(3)), "got TensorDataset; a torch Dataset goes"),
        (datetime.date(2024, 1, 1), "got date$"),
        (None, "got NoneType$"),
    ],
)
def test_objects_that_are_no_table(frame, message):
    with pytest.raises(InputError, match=message):
        read_manifest(frame)
