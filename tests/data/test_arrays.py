from pathlib import Path

import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset, load_dataset
from graphfuse.errors import InputError, UnknownNameError


def test_forms_of_a_modality():
    data = FusionDataset.from_arrays(
        {
            "row": np.array([[1.0, 2], [np.nan, np.nan]]),
            "nodes": np.zeros((2, 3, 4)),
            "list": [None, np.ones((2, 5))],
            "number": np.array([1.0, 2.0]),
            "raw": np.zeros((2, 3, 8, 8)),
        },
        shapes={"raw": (3, 8, 8)},
    )
    batch = data.batch([0, 1])
    assert batch.mask["row"].tolist() == [[True], [False]]
    assert batch.x["nodes"].shape == (2, 3, 4)
    assert batch.mask["list"].tolist() == [[False, False], [True, True]]
    assert batch.x["number"].shape == (2, 1, 1)
    assert batch.x["raw"].shape == (2, 1, 3, 8, 8)
    assert batch.y is None


@pytest.mark.parametrize(
    ("y", "task", "classes"),
    [
        ([0, 1, 1], "binary", ("0", "1")),
        (["c", "a", "b"], "multiclass", ("a", "b", "c")),
        ([0.5, 1.0, 2.0], "regression", ()),
        ([[0, 1], [1, 1], [0, 0]], "multilabel", ("0", "1")),
        ([1.0, 2.0, 3.0], "multiclass", ("1", "2", "3")),
        ([True, False, True], "binary", ("False", "True")),
    ],
)
def test_the_task_is_told_from_the_labels(y, task, classes):
    data = FusionDataset.from_arrays({"a": np.eye(3)}, y)
    assert (data.schema.task, data.schema.classes) == (task, classes)


def test_unlabelled_samples():
    data = FusionDataset.from_arrays({"a": np.eye(3)}, ["u", None, "v"])
    assert data.batch([0, 1, 2]).y.tolist() == [0, -1, 1]
    data = FusionDataset.from_arrays({"a": np.eye(3)}, [1.5, np.nan, 2.5])
    assert data.batch([1]).y.isnan().all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": {}}, "at least one modality"),
        ({"x": {"a": np.eye(3), "b": np.eye(2)}}, "different numbers of samples"),
        ({"x": {"a": np.array([[1, np.nan]])}}, "NaN or infinite value"),
        ({"x": {"a": [np.array([[np.inf]])]}}, "sample 0: NaN or infinite"),
        ({"x": {"a": [None, None]}}, "missing in every sample"),
        ({"x": {"a": [np.ones((1, 2)), np.ones((1, 3))]}}, r"nodes are \[N, 2\]"),
        ({"x": {"a": np.array([["x"]])}}, "is not numeric"),
        ({"x": {"a": np.eye(3)}, "y": [0, 1]}, "one label a sample, 3; got 2"),
        ({"x": {"a": np.eye(3)}, "y": [1, 1, 1]}, "at least 2 classes, got only"),
        ({"x": {"a": np.eye(3)}, "y": ["u", "v", "w"], "classes": ["u", "v"]}, "do not cover"),
        ({"x": {"a": np.eye(3)}, "ids": ["1", "1", "2"]}, "ids are unique"),
        ({"x": {"a": np.eye(3)}, "groups": [1]}, "groups has one entry a sample"),
        ({"x": {"a": np.eye(3)}, "pos": {"b": np.eye(3)}}, "no modality of x"),
        ({"x": {"a": np.eye(3)}, "pos": {"a": np.ones((2, 1, 1))}}, "one row a node"),
        ({"x": {"a": np.eye(3)}, "y": ["u", "v", "u"], "task": "regression"}, "is numeric"),
        ({"x": {"a": np.eye(3)}, "y": [[2], [0], [1]]}, "of 0 and 1"),
        ({"x": {"a": np.eye(3)}, "y": [None] * 3}, "no label at all"),
        ({"x": {"a": np.ones((2, 2, 2, 2))}}, r"or a list of \[N_i, F\]"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        FusionDataset.from_arrays(**arguments)


def test_npz_and_folders_load(tmp_path):
    np.savez(tmp_path / "mine.npz", image=np.zeros((4, 2)), y=np.array([0, 1, 0, 1]))
    data = load_dataset(tmp_path / "mine.npz")
    assert data.name == "mine"
    data.save(tmp_path / "folder")
    assert load_dataset(tmp_path / "folder").fingerprint == data.fingerprint
    (tmp_path / "bad.npz").write_text("x")
    with pytest.raises(InputError, match=r"no readable \.npz"):
        load_dataset(tmp_path / "bad.npz")
    (tmp_path / "empty.npz").touch()
    with pytest.raises(InputError, match=r"no readable \.npz"):
        load_dataset(tmp_path / "empty.npz")
    with pytest.raises(InputError, match="takes no options"):
        load_dataset(tmp_path / "folder", n=3)
    with pytest.raises(InputError, match="unknown option 'size'"):
        load_dataset("planted/null", size=3)
    with pytest.raises(UnknownNameError, match="did you mean 'emoji'"):
        load_dataset("emojy")


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
    with pytest.raises(InputError, match="is not a graphfuse dataset"):
        data.save(foreign)
    monkeypatch.setattr(FusionDataset, "fingerprint", property(lambda self: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        data.save(tmp_path / "new")
    assert [p.name for p in tmp_path.iterdir()] == ["foreign"]
    with pytest.raises(InputError, match="is no saved dataset"):
        FusionDataset.load(foreign)
