import numpy as np
import pandas as pd
import pytest
import torch

from graphfuse.data import FusionDataset, Sample, load_dataset
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
        ({"x": {"a": np.eye(3)}, "pos": {"a": np.ones((2, 1, 1))}}, "one entry a sample, 3"),
        ({"x": {"a": np.eye(3)}, "y": ["u", "v", "u"], "task": "regression"}, "is numeric"),
        ({"x": {"a": np.eye(3)}, "y": [[2, 0], [0, 1], [1, 1]]}, "of 0 and 1"),
        ({"x": {"a": np.eye(3)}, "y": [[2], [0], [1]], "task": "multilabel"}, "of 0 and 1"),
        ({"x": {"a": np.eye(3)}, "y": [None] * 3}, "no label at all"),
        ({"x": {"a": np.ones((2, 2, 2, 2))}}, r"or a list of \[N_i, F\]"),
        ({"x": {"a": np.eye(3)}, "y": {}}, "got an empty dict"),
        ({"x": {"a": np.eye(3)}, "y": 1}, "got the single value 1"),
        ({"x": {"a": np.eye(3)}, "y": np.ones((3, 2)), "task": "regression"}, r"y is \[n\]"),
        ({"x": {"a": np.eye(3)}, "y": np.ones((3, 2)), "task": "binary"}, r"y is \[n\]"),
        ({"x": {"a": np.eye(3)}, "y": [0, 1, 1], "task": "multilabel"}, r"y is \[n, L\]"),
        ({"x": {"a": np.eye(3)}, "y": [0.5, np.inf, 1]}, "sample 1 has inf"),
        ({"x": {"a": np.eye(3)}, "groups": [[1], [2], [3]]}, r"got shape \[3, 1\]"),
        ({"x": {"a": np.eye(3)}, "groups": ["u", None, np.nan]}, "None or NaN at sample 1"),
        ({"x": {"a": np.eye(3)}, "groups": [1.0, np.nan, 2.0]}, "None or NaN at sample 1"),
        ({"x": {"a": np.eye(3)}, "ids": ["u", "v", None]}, "ids has .* None or NaN at sample 2"),
        ({"x": {"a": np.eye(3)}, "splits": ["train", None, "test"]}, "splits has .* at sample 1"),
    ],
)
def test_mistakes_are_named(arguments, message):
    with pytest.raises(InputError, match=message):
        FusionDataset.from_arrays(**arguments)


@pytest.mark.parametrize(
    ("x", "pos", "message"),
    [
        ([1, 2], [[[0], [1]], [[5]]], r"sample 0: one row a node is \[1, P\], got \[2, 1\]"),
        ([1, 2], [[[0]], None], r"sample 1: one row a node is \[2, P\], got None"),
        ([1, 2], [[[0]]], "one entry a sample, 2"),
        ([1, 2], np.zeros((2, 2, 1)), r"sample 0: one row a node is \[1, P\], got \[2, 1\]"),
        ([1, 2], [[[0]], [[1, 2], [1, 2]]], "sample 1: 2 coordinates a node, but 1"),
        ([0, 1, 2], [[], [[0]], [[1], [np.nan]]], "sample 2: NaN or infinite value"),
        ([0, 1, 2], [None, [[np.inf]], [[1], [2]]], "sample 1: NaN or infinite value"),
    ],
)
def test_positions_belong_to_their_own_sample(x, pos, message):
    rows = [np.ones((count, 3)) if count else None for count in x]
    with pytest.raises(InputError, match=message):
        FusionDataset.from_arrays({"a": rows}, pos={"a": pos})


def test_positions_of_a_missing_modality_are_left_out():
    nodes = np.ones((3, 2, 4))
    nodes[1] = np.nan
    places = np.arange(6.0).reshape(3, 2, 1)
    for pos in (places, list(places), [places[0], None, places[2]], [places[0], [], places[2]]):
        data = FusionDataset.from_arrays({"a": nodes}, pos={"a": pos})
        assert data[0].pos["a"].flatten().tolist() == [0, 1]
        assert data[1].pos == {}
        assert data[2].pos["a"].flatten().tolist() == [4, 5]
    single = FusionDataset.from_arrays({"a": nodes[:, 0]}, pos={"a": places[:, 0]})
    assert single.batch([2]).pos["a"].tolist() == [[[4.0]]]
    with pytest.raises(InputError, match="which is missing in every sample"):
        FusionDataset.from_arrays({"a": np.full((2, 1), np.nan)}, pos={"a": np.ones((2, 1))})


@pytest.mark.parametrize(
    "turn",
    [
        lambda a: a[:, ::-1][:, ::-1],
        lambda a: np.flip(a[::-1]).T[::-1].T,
        lambda a: a.astype(">f8"),
        lambda a: a.astype(">i4"),
        lambda a: np.broadcast_to(a, a.shape),
    ],
)
def test_arrays_of_any_layout(turn):
    x, y = np.arange(6.0).reshape(3, 2), np.array([[0.5], [1.5], [0.25]])
    plain = FusionDataset.from_arrays({"a": x, "b": [row[None] for row in x]}, y[:, 0])
    turned = FusionDataset.from_arrays(
        {"a": turn(x), "b": [turn(x[i : i + 1]) for i in range(3)]}, y[:, 0]
    )
    assert turned.fingerprint == plain.fingerprint
    column = x[:, :1]
    reversed_one = FusionDataset.from_arrays({"a": column[:, ::-1]})
    assert reversed_one.fingerprint == FusionDataset.from_arrays({"a": column}).fingerprint


@pytest.mark.parametrize("y", [[0.5, 1.5, 2.5], [2, 0, 1], [[0, 1], [1, 1], [0, 0]]])
def test_labels_of_any_layout(y):
    y = np.array(y)
    plain = FusionDataset.from_arrays({"a": np.eye(3)}, y)
    for turned in (y[::-1][::-1], y.astype(y.dtype.newbyteorder(">"))):
        assert FusionDataset.from_arrays({"a": np.eye(3)}, turned).fingerprint == plain.fingerprint


def test_given_classes_say_how_many_there_are():
    data = FusionDataset.from_arrays({"a": np.eye(3)}, [0, 1, 0], classes=["u", "v", "w"])
    assert (data.schema.task, data.schema.classes) == ("multiclass", ("u", "v", "w"))
    data = FusionDataset.from_arrays({"a": np.eye(3)}, ["v", "v", "v"], classes=["u", "v"])
    assert (data.schema.task, data.labels().tolist()) == ("binary", [1, 1, 1])


def test_labels_of_pandas():
    y = pd.Series(["u", pd.NA, "v"], dtype="string")
    assert FusionDataset.from_arrays({"a": np.eye(3)}, y).labels().tolist() == [0, -1, 1]
    y = pd.Series([1, None, 0], dtype="Int64")
    assert FusionDataset.from_arrays({"a": np.eye(3)}, y).labels().tolist() == [1, -1, 0]


def test_ids_and_groups_are_text():
    data = FusionDataset.from_arrays(
        {"a": np.eye(3)}, ids=[1, 2.5, "u"], groups=pd.Series([3, 3, 4])
    )
    assert (data.ids.tolist(), data.groups.tolist()) == (["1", "2.5", "u"], ["3", "3", "4"])


def test_a_column_of_labels_is_one_label_a_sample():
    column = FusionDataset.from_arrays({"a": np.eye(3)}, [[0], [1], [1]])
    assert column.fingerprint == FusionDataset.from_arrays({"a": np.eye(3)}, [0, 1, 1]).fingerprint
    numbers = FusionDataset.from_arrays({"a": np.eye(3)}, [[0.5], [1], [1]])
    assert (numbers.schema.task, numbers.labels().shape) == ("regression", (3,))
    flags = FusionDataset.from_arrays({"a": np.eye(3)}, [[0], [1], [1]], task="multilabel")
    assert flags.labels().shape == (3, 1)


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


def test_labels_keep_double_precision(tmp_path):
    y = np.array([1.6e9 + 0.125, 1.6e9 + 0.25, 1.6e9, np.nan])
    data = FusionDataset.from_arrays({"a": np.eye(4)}, y)
    by_samples = [Sample({"a": torch.ones(1, 4)}, None if np.isnan(v) else float(v)) for v in y]
    data.save(tmp_path / "data")
    graphs = data.batch(range(4)).to_pyg()
    for made in (
        data,
        FusionDataset.from_samples(by_samples),
        FusionDataset.from_samples(list(data), data.schema),
        FusionDataset.load(tmp_path / "data"),
        FusionDataset.from_pyg(graphs, data.schema),
        data.subset([0, 1, 2, 3]),
    ):
        assert np.array_equal(made.labels(), y, equal_nan=True)
        assert made.batch([0]).y.dtype == made[0].y.dtype == torch.float64
    units = Sample(
        {"a": torch.ones(2, 4)}, [1.6e9 + 0.125, 1.6e9], unit={"a": torch.tensor([0, 1])}
    )
    assert FusionDataset.from_samples([units]).labels().tolist() == [1.6e9 + 0.125, 1.6e9]
