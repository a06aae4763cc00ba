import io
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from torch.utils.data import TensorDataset

import graphfuse
from graphfuse.data import FusionDataset, Sample, Steps, load_dataset
from graphfuse.errors import FusionError, InputError, UnknownNameError
from graphfuse.fusion import create_strategy


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
def test_the_task_is_inferred_from_the_labels(y, task, classes):
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
        ({"x": {"a": np.array([[1, np.nan]])}}, "NaN or infinite value.*load_dataset"),
        ({"x": {"a": [np.array([[np.inf]])]}}, "sample 0: NaN or infinite"),
        ({"x": {"a": [None, np.array([[np.inf]])]}}, "sample 1: NaN or infinite"),
        ({"x": {"a": [None, None]}}, "missing in every sample"),
        ({"x": {"a": [np.ones((1, 2)), np.ones((1, 3))]}}, r"nodes are \[N, 2\]"),
        ({"x": {"a": np.array([["x"]])}}, "is not numeric"),
        ({"x": {"a": np.eye(3)}, "y": [0, 1]}, "one label per sample, 3; got 2"),
        ({"x": {"a": np.eye(3)}, "y": [1, 1, 1]}, "at least 2 classes, got only"),
        ({"x": {"a": np.eye(3)}, "y": ["u", "v", "w"], "classes": ["u", "v"]}, "do not cover"),
        ({"x": {"a": np.eye(3)}, "ids": ["1", "1", "2"]}, "ids must be unique"),
        ({"x": {"a": np.eye(3)}, "groups": [1]}, "groups has one entry per sample"),
        ({"x": {"a": np.eye(3)}, "pos": {"b": np.eye(3)}}, "not a modality of x"),
        ({"x": {"a": np.eye(3)}, "pos": {"a": np.ones((2, 1, 1))}}, "one entry per sample, 3"),
        ({"x": {"a": np.eye(3)}, "y": ["u", "v", "u"], "task": "regression"}, "must be numeric"),
        ({"x": {"a": np.eye(3)}, "y": [[2, 0], [0, 1], [1, 1]]}, "of 0 and 1"),
        ({"x": {"a": np.eye(3)}, "y": [[2], [0], [1]], "task": "multilabel"}, "of 0 and 1"),
        ({"x": {"a": np.eye(3)}, "y": [None] * 3}, "all labels in y are missing"),
        ({"x": {"a": np.ones((2, 2, 2, 2))}}, r"or a list of \[N_i, F\]"),
        ({"x": {"a": np.eye(3)}, "y": {}}, "got an empty dict"),
        ({"x": {"a": np.eye(3)}, "y": 1}, "got the single value 1"),
        ({"x": {"a": np.eye(3)}, "y": np.ones((3, 2)), "task": "regression"}, r"y must be \[n\]"),
        ({"x": {"a": np.eye(3)}, "y": np.ones((3, 2)), "task": "binary"}, r"y must be \[n\]"),
        ({"x": {"a": np.eye(3)}, "y": [0, 1, 1], "task": "multilabel"}, r"y must be \[n, L\]"),
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
        ([1, 2], [[[0], [1]], [[5]]], r"sample 0: one row per node is \[1, P\], got \[2, 1\]"),
        ([1, 2], [[[0]], None], r"sample 1: one row per node is \[2, P\], got None"),
        ([1, 2], [[[0]]], "one entry per sample, 2"),
        ([1, 2], np.zeros((2, 2, 1)), r"sample 0: one row per node is \[1, P\], got \[2, 1\]"),
        ([1, 2], [[[0]], [[1, 2], [1, 2]]], "sample 1: 2 coordinates per node, but 1"),
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
    with pytest.raises(InputError, match=r"not a readable \.npz"):
        load_dataset(tmp_path / "bad.npz")
    (tmp_path / "empty.npz").touch()
    with pytest.raises(InputError, match=r"not a readable \.npz"):
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


def lossy(values):
    return {"a": np.asarray(values, dtype=float)[:, None]}


def test_features_keep_their_differences():
    seconds = 1_700_000_000 + np.arange(-45.0, 46)
    y = (seconds > 1_700_000_000).astype(int)
    for given in (
        {"a": seconds},
        {"a": seconds.astype(np.int64)},
        {"a": [row[None] for row in seconds[:, None]]},
        {"a": pd.DataFrame({"time": seconds})},
    ):
        data = FusionDataset.from_arrays(given, y)
        assert np.array_equal(data.x["a"].values[:, 0].numpy(), seconds)
        scaled = Steps().fit(data).transform(data).x["a"].values[:, 0].numpy()
        assert np.allclose(scaled, (seconds - seconds.mean()) / seconds.std())
        model = create_strategy("unimodal:a", data.schema)
        assert torch.isfinite(model(Steps().fit(data).transform(data).batch([0])).logits).all()
    forced = FusionDataset.from_arrays({"a": seconds}, dtype=torch.float32)
    assert forced.x["a"].values.dtype == torch.float32


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).normal(size=10_000),
        np.random.default_rng(0).lognormal(sigma=10, size=1000),
        np.full(10, 1 / 3),
        np.arange(300),
        [np.nan, 0.1, 0.7],
    ],
)
def test_features_are_single_where_nothing_is_lost(values):
    assert FusionDataset.from_arrays(lossy(values)).x["a"].values.dtype == torch.float32


def test_positions_keep_their_differences():
    times = 1.7e9 + np.arange(6.0).reshape(2, 3, 1) / 50
    data = FusionDataset.from_arrays({"a": np.ones((2, 3, 1))}, pos={"a": times})
    assert np.array_equal(data.batch([0, 1]).pos["a"].numpy(), times)
    near = FusionDataset.from_arrays({"a": np.ones((2, 3, 1))}, pos={"a": times - 1.7e9})
    assert near.pos["a"].dtype == torch.float32


@pytest.mark.parametrize("value", [1e39, -1e39, 2**1000])
def test_what_overflows_is_named(value):
    for given in (lossy([0, value]), {"a": [[[0.0]], [[value]]]}, {"a": [0.0, value]}):
        with pytest.raises(InputError, match=r"overflows single precision, which ends at 3.4e\+38"):
            FusionDataset.from_arrays(given)
    with pytest.raises(InputError, match=r"pos of 'a': .*overflows single precision"):
        FusionDataset.from_arrays({"a": np.ones((2, 1))}, pos=lossy([0, value]))
    wide = FusionDataset.from_arrays(lossy([0, value]), dtype=torch.float64)
    assert wide.x["a"].values.tolist() == [[0], [value]]


def test_missing_cells_are_imputed_by_the_training_part():
    x = np.array([[1.0, 10], [np.nan, 20], [3, 30], [np.nan, np.nan], [100, 40]])
    forms = [
        x,
        [None if np.isnan(row).all() else row[None] for row in x],
        np.ma.masked_array(np.nan_to_num(x), np.isnan(x)),
        pd.DataFrame(x).astype("Float64"),
        pd.DataFrame(x, dtype=object).where(~np.isnan(x), None),
    ]
    for form in forms:
        data = graphfuse.load_dataset({"a": form, "b": np.ones(5), "y": list("uvuvu")})
        assert data.batch([3]).mask["a"].tolist() == [[False]]
        assert [spec.name for spec in data.steps] == ["impute", "scale"]
        steps = Steps(data.steps[:1]).fit(data.subset([0, 1, 2]))
        filled = steps.transform(data).batch(range(5)).x["a"][:, 0, :2]
        assert filled.tolist() == [[1, 10], [2, 20], [3, 30], [0, 0], [100, 40]]


@pytest.mark.parametrize(
    ("y", "labels", "classes"),
    [
        (["cat", "dog", float("nan")], [0, 1, -1], ("cat", "dog")),
        (np.ma.masked_array([3, 9, 5], [False, False, True]), [0, 1, -1], ("3", "9")),
        (np.array([b"u", b"v", b"u"]), [0, 1, 0], ("u", "v")),
        (pd.Series(["u", None, "v"], dtype="string"), [0, -1, 1], ("u", "v")),
        (pd.Series([1, None, 2], dtype="Int64"), [0, -1, 1], ("1", "2")),
        (torch.tensor([0, 1, 1]), [0, 1, 1], ("0", "1")),
    ],
)
def test_labels_that_are_missing_make_no_class(y, labels, classes):
    data = FusionDataset.from_arrays({"a": np.eye(3)}, y)
    assert (data.labels().tolist(), data.schema.classes) == (labels, classes)


def test_tensors_may_require_gradients():
    weight = torch.rand(3, 2, requires_grad=True)
    y = torch.rand(3, requires_grad=True)
    data = FusionDataset.from_arrays({"a": weight, "b": [weight, None, weight]}, y * 2)
    assert not data.x["a"].values.requires_grad
    assert np.allclose(data.labels(), 2 * y.detach().numpy())


class Strange:
    ndim, shape = "two", None


STRANGE = [
    None, 3, "text", b"bytes", {1: 2}, {1, 2}, object(), Strange(), [], [None], ["a", "b", "c"],
    [[1], [1, 2], [3]], [{}, {}, {}], [object()] * 3, np.array(["a", "b", "c"]), np.array(3),
    np.zeros(3, dtype="M8[s]"), np.zeros(3, dtype="m8[s]"), np.zeros(3, dtype=[("u", "f4")]),
    np.ones(3, complex), np.array([[1j]] * 3), torch.ones(3, dtype=torch.complex64),
    torch.ones(3, device="meta"), pd.DataFrame({"c": list("abc")}), pd.DataFrame({"d": [1j] * 3}),
    pd.DataFrame({"t": pd.to_datetime(["2020-01-01"] * 3)}), np.array([1, "a", None], dtype=object),
    iter([1, 2, 3]), lambda: 3, np.zeros((3, 0)), np.zeros(0), [[[[[[1.0]]]]]] * 3,
    sparse.eye_array(2).tocsr(), torch.eye(2).to_sparse(), type, range(3), [1j, 2, 3],
    torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), [torch.ones(2, device="meta")] * 3,
]  # fmt: skip


@pytest.mark.parametrize("given", STRANGE, ids=range(len(STRANGE)))
@pytest.mark.parametrize(
    "place",
    ["x", "x/a", "x/a/1", "y", "y/u", "y/1", "pos", "pos/a", "pos/a/1", "shapes", "shapes/a", "ids",
     "groups", "splits", "copy_of", "name", "relations", "dtype", "dtype/a", "task", "classes",
     "bayes_accuracy", "graph_should_win"],
)  # fmt: skip
def test_wrong_types_are_named(place, given):
    arguments = {
        "x": {"a": np.eye(3)}, "y": [0, 1, 1], "pos": {"a": np.ones((3, 1))}, "ids": list("abc"),
    }  # fmt: skip
    argument, _, inner = place.partition("/")
    if inner:
        name, _, row = inner.partition("/")
        if name.isdigit():
            arguments[argument][int(name)] = given
        elif row:
            arguments[argument][name] = list(arguments[argument][name])
            arguments[argument][name][int(row)] = given
        else:
            arguments[argument] = {name: given}
    else:
        arguments[argument] = given
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data = FusionDataset.from_arrays(**arguments)
        except FusionError as error:
            message = str(error)
        else:
            message = repr(data) + repr(data.batch([0])) + data.fingerprint
    assert message


@pytest.mark.parametrize(
    ("x", "dtype", "message"),
    [
        ([[1.0, np.nan]], torch.int64, "NaN or infinite value"),
        ([1, 2**40], torch.int32, r"1.09951e\+12 does not fit into torch.int32"),
        ([1, 300], torch.uint8, "300 does not fit into torch.uint8, .* from 0 to 255"),
        ([0.5, 1], torch.int16, "0.5 does not fit into torch.int16"),
        ([1, 2], torch.bool, "2 does not fit into torch.bool"),
        ([1j, 2], None, "complex numbers"),
        (np.array(["2020-01-01"] * 2, dtype="M8[s]"), None, "dates or durations"),
        ([1, 70000.0], torch.float16, "overflows torch.float16"),
    ],
)
def test_values_are_never_changed_in_silence(x, dtype, message):
    with pytest.raises(InputError, match=message):
        FusionDataset.from_arrays({"a": np.asarray(x)}, dtype=dtype)


def test_forms_that_users_hold():
    dense = np.array([[0.0, 2], [3, 0], [0, 0]])
    rows = [dense[:1], None, dense[1:]]
    column = np.empty(3, dtype=object)
    column[:] = rows
    forms = {
        "scipy": sparse.csr_matrix(dense),
        "scipy_array": sparse.coo_array(dense),
        "torch": torch.tensor(dense).to_sparse(),
        "frame": pd.DataFrame(dense, columns=["u", "v"]),
        "nested": dense.tolist(),
        "rows": list(dense),
        "tensors": list(torch.tensor(dense)),
    }
    data = FusionDataset.from_arrays(forms)
    for name in forms:
        assert np.array_equal(data.batch(range(3)).x[name][:, 0].numpy(), dense), name
    ragged = FusionDataset.from_arrays({"list": rows, "object": column, "series": pd.Series(rows)})
    for name in ragged.schema.names:
        assert ragged.x[name].counts.tolist() == [1, 0, 2], name
    both = TensorDataset(torch.tensor(dense), torch.tensor([0, 1, 0]))
    assert FusionDataset.from_arrays(both).labels().tolist() == [0, 1, 0]
    with pytest.raises(InputError, match="name the modalities: from_arrays"):
        FusionDataset.from_arrays(TensorDataset(*[torch.tensor(dense)] * 3))
    with pytest.raises(InputError, match=r"sparse matrix .* 298.0 GiB as dense .*TruncatedSVD"):
        FusionDataset.from_arrays({"a": sparse.csr_matrix((200_000, 200_000))})


def damaged_archives():
    whole = io.BytesIO()
    np.savez(whole, a=np.eye(3), y=np.array([0, 1, 0]))
    header = whole.getvalue()
    random = np.random.default_rng(0)
    for _ in range(300):
        content = bytearray(header)
        for place in random.integers(0, len(content), int(random.integers(1, 6))):
            content[place] = int(random.integers(256))
        yield bytes(content)
    yield header.replace(b"{'descr'", b"{'")
    yield header[: len(header) // 2]


def test_damaged_archives_are_named(tmp_path):
    path = tmp_path / "data.npz"
    refused = 0
    for content in damaged_archives():
        path.write_bytes(content)
        try:
            load_dataset(path)
        except FusionError:
            refused += 1
    assert refused > 100


def test_archives_with_missing_cells_are_imputed(tmp_path):
    np.savez(tmp_path / "data.npz", a=np.array([[1, np.nan], [2, 3], [4, 5]]), y=[0, 1, 0])
    assert [spec.name for spec in load_dataset(tmp_path / "data.npz").steps] == ["impute", "scale"]


def test_nan_that_numpy_made_text_is_no_class(caplog):
    data = FusionDataset.from_arrays({"a": np.eye(4)}, np.array(["cat", "dog", np.nan, "cat"]))
    assert data.schema.target.classes == ("cat", "dog")
    assert data.labels().tolist() == [0, 1, -1, 0]
    assert "1 x 'nan', which numpy makes of NaN beside text" in caplog.text
    named = FusionDataset.from_arrays({"a": np.eye(4)}, ["cat", "dog", "nan", "cat"])
    assert named.schema.target.classes == ("cat", "dog", "nan")
