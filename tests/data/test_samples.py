import numpy as np
import pandas as pd
import pytest
import torch
from torch_geometric.data import HeteroData

from graphfuse.data import FusionDataset, Modality, Sample, Schema, SparseEdges, Target, collate
from graphfuse.errors import FusionError, InputError, SchemaError

LOOP = ("a", "r", "a")
A = Schema([Modality("a", (2,))])


def sample(nodes=2, y=None, **options):
    return Sample({"a": torch.ones(nodes, 2)} if nodes else {}, y, **options)


def edges(*pairs):
    return torch.tensor(pairs).T


def test_no_samples():
    for make in (FusionDataset.from_samples, lambda none: collate(none, A)):
        with pytest.raises(InputError, match="got an empty list"):
            make([])


# Ids, groups and splits


def graphs():
    made = []
    for _ in range(3):
        data = HeteroData()
        data["a"].x = torch.ones(1, 2)
        made.append(data)
    return made


@pytest.mark.parametrize(
    "make",
    [
        lambda **options: FusionDataset.from_samples([sample() for _ in range(3)], **options),
        lambda **options: FusionDataset.from_pyg(graphs(), **options),
    ],
)
def test_ids_groups_and_splits_are_given_beside_the_samples(make):
    data = make(ids=["u", "v", "w"], groups=[7, 7, 8], splits=["train", "train", "test"], name="m")
    assert data.ids.tolist() == ["u", "v", "w"]
    assert data.groups.tolist() == ["7", "7", "8"]
    assert data.splits.tolist() == ["train", "train", "test"]
    assert data.name == "m"
    assert make().ids.tolist() == ["0", "1", "2"]
    with pytest.raises(InputError, match="groups has one entry per sample, 3"):
        make(groups=[1, 2])
    with pytest.raises(InputError, match="but None or NaN at sample 2"):
        make(groups=[1, 2, None])


def test_ids_are_unique_in_a_dataset_and_may_repeat_in_a_batch():
    twice = [sample(id="u"), sample(id="u")]
    with pytest.raises(InputError, match="'u' occurs more than once"):
        FusionDataset.from_samples(twice)
    with pytest.raises(InputError, match="'1' occurs more than once; rename it"):
        FusionDataset.from_samples([sample(id="1"), sample()])
    assert collate(twice, A).ids == ["u", "u"]


# Positions


def placed(*pos, dtype=torch.float32):
    return [sample(pos={} if p is None else {"a": torch.tensor(p, dtype=dtype)}) for p in pos]


def test_positions_are_inferred_from_all_samples():
    empty = Sample({"b": torch.ones(1, 1)})
    data = FusionDataset.from_samples([empty, *placed([[1, 2], [3, 4]])])
    assert data.schema["a"].pos_dim == 2
    for order in (1, -1):
        with pytest.raises(SchemaError, match=r"pos is \[2, 1\]; got 'NoneType'"):
            FusionDataset.from_samples(placed(None, [[1], [2]])[::order])
        with pytest.raises(SchemaError, match=r"one P in all samples, got P in \[1, 2\]"):
            FusionDataset.from_samples(placed([[1, 2], [3, 4]], [[1], [2]])[::order])
    with pytest.raises(SchemaError, match=r"are \[N, P\] with one P"):
        FusionDataset.from_samples(placed([1, 2]))
    with pytest.raises(SchemaError, match="'a' are tensors, got 'ndarray'"):
        FusionDataset.from_samples([Sample({"a": np.ones((1, 2))})])


@pytest.mark.parametrize(
    ("sample", "message"),
    [
        (placed([[1], [np.nan]])[0], "positions of modality 'a' hold NaN or infinite"),
        (placed([[1], [np.inf]])[0], "positions of modality 'a' hold NaN or infinite"),
        (Sample({}, pos={"a": torch.ones(2, 1)}), r"pos is \[0, 1\]; got shape \[2, 1\]"),
        (Sample({}, pos={"aa": torch.ones(2, 1)}), "unknown modality 'aa'; did you mean 'a'"),
    ],
)
def test_positions_that_do_not_fit(sample, message):
    schema = Schema([Modality("a", (2,), pos_dim=1)])
    with pytest.raises(SchemaError, match=message):
        collate([*placed([[0], [1]]), sample], schema)


def test_whole_positions_of_one_sample_do_not_round_those_of_another():
    schema = Schema([Modality("a", (2,), pos_dim=1)])
    whole, broken = *placed([[1], [2]], dtype=torch.long), *placed([[0.5], [1.5]])
    for batch in (collate([whole, broken], schema), collate([broken, whole], schema)):
        assert sorted(batch.pos["a"].flatten().tolist()) == [0.5, 1.0, 1.5, 2.0]


def test_a_missing_modality_takes_a_float_dtype():
    schema = Schema([Modality("a", (2,)), Modality("raw", (2,))])
    raw = Sample({"raw": torch.ones(1, 2, dtype=torch.uint8)})
    wide = Sample({"raw": torch.ones(1, 2, dtype=torch.float64)})
    assert collate([raw], schema).x["a"].dtype == torch.float32
    assert collate([wide], schema).x["a"].dtype == torch.float64
    data = FusionDataset.from_samples([sample(), raw])
    assert data.batch([1]).x["a"].dtype == collate([data[1]], data.schema).x["a"].dtype


# Attributes and units


@pytest.mark.parametrize(
    ("attrs", "message"),
    [
        (
            {"a": torch.tensor([1])},
            r"attribute 'who' .* one value per node, \[2\]; got shape \[1\]",
        ),
        ({"a": [1, 2]}, "got 'list'"),
        ({"b": torch.tensor([1])}, "unknown modality 'b'"),
    ],
)
def test_attributes_that_do_not_fit(attrs, message):
    with pytest.raises(SchemaError, match=message):
        collate([sample(attrs={"who": attrs})], A)


def test_attributes_and_units_are_padded_with_minus_one():
    attrs, unit = {"who": {"a": torch.tensor([3, 4])}}, {"a": torch.tensor([0, 1])}
    batch = collate([sample(attrs=attrs, unit=unit), sample(1, unit={"a": torch.tensor([0])})], A)
    assert batch.attrs["who"]["a"].tolist() == [[3, 4], [-1, -1]]
    assert batch.unit["a"].tolist() == [[0, 1], [0, -1]]


U = Schema([Modality("a", (2,))], {"one": Target("binary"), "two": Target("regression")})


@pytest.mark.parametrize(
    ("unit", "y", "message"),
    [
        (None, {"one": [0, 1]}, "unit is missing, but other samples have it; give unit="),
        ({}, {"one": [0, 1]}, "unit of modality 'a' is missing"),
        ({"a": [0]}, {"one": [0, 1]}, r"unit of modality 'a' has one value per node, \[2\]"),
        ({"a": [0, 2]}, {"one": [0, 1]}, r"units must lie in \[0, 2\), .* \{'a': \(0, 2\)\}"),
        ({"a": [0, -1]}, None, "units must "),
        ({"a": [0, 1]}, {"one": [0, 1], "two": [0.5]}, "different numbers of units"),
        ({"a": [0, 1]}, {"one": 1}, "has 1 dimensions"),
    ],
)
def test_units_that_do_not_fit(unit, y, message):
    unit = None if unit is None else {m: torch.tensor(values) for m, values in unit.items()}
    fitting = sample(unit={"a": torch.tensor([0, 1])}, y={"one": [0, 1], "two": [0.5, 1.5]})
    for samples in ([fitting, sample(unit=unit, y=y)], [sample(unit=unit, y=y), fitting]):
        with pytest.raises(SchemaError, match=message):
            collate(samples, U)


def test_units_without_labels_have_a_mask(tmp_path):
    units = [{"a": torch.tensor([0, 2])}, {}, {"a": torch.tensor([0])}]
    data = FusionDataset.from_samples(
        [sample(n, unit=u) for n, u in zip((2, 0, 1), units, strict=True)]
    )
    data.save(tmp_path / "d")
    for same in (
        data,
        FusionDataset.load(tmp_path / "d"),
        data.subset([2, 1, 0]).subset([2, 1, 0]),
    ):
        batch = same.batch([0, 1, 2])
        assert batch.unit_mask.tolist() == [[True] * 3, [False] * 3, [True, False, False]]
        assert batch.y is None


def test_units_partly_without_labels():
    labelled = sample(unit={"a": torch.tensor([0, 1])}, y={"one": [0, 1, 1]})
    bare = sample(unit={"a": torch.tensor([1, 0])})
    batch = collate([labelled, bare], U)
    assert batch.y["one"].tolist() == [[0, 1, 1], [-1, -1, -1]]
    assert batch.y["two"].isnan().all()
    assert batch.unit_mask.tolist() == [[True] * 3, [True, True, False]]
    inferred = FusionDataset.from_samples(
        [sample(unit={"a": torch.tensor([0, 1])}, y=[0, 2]) for _ in range(2)]
    )
    assert (inferred.schema.task, inferred.schema.outputs) == ("multiclass", 3)


# Edges


@pytest.mark.parametrize("weight", [[-0.5], [np.inf], [np.nan]])
def test_weights_lie_between_zero_and_infinity(weight):
    bad = sample(edges={LOOP: SparseEdges(edges([0, 1]), torch.tensor(weight))})
    with pytest.raises(SchemaError, match=r"weights of edges .* lie in \[0, inf\), got"):
        collate([bad], A)


@pytest.mark.parametrize("index", [[[0], [1]], np.ones((2, 1), dtype=int)])
def test_edges_are_tensors(index):
    with pytest.raises(SchemaError, match=r"must be \[2, E\] .*got 'list'|got 'ndarray'"):
        collate([sample(edges={LOOP: index})], A)


def test_whole_weights_are_weights():
    given = SparseEdges(edges([0, 1], [1, 0]), torch.tensor([2, 0]))
    assert given.weight.dtype == torch.float32
    assert collate([sample(edges={LOOP: given})], A).edges[LOOP].tolist() == [[[0, 2], [0, 0]]]


def test_sparse_edges_are_checked():
    with pytest.raises(InputError, match=r"must hold integers, got torch\.float32"):
        SparseEdges(torch.tensor([[0.0], [1.0]]))
    with pytest.raises(InputError, match=r"SparseEdges.index must be \[2, E\]"):
        SparseEdges(torch.zeros(3, 2))
    with pytest.raises(InputError, match=r"must have one value per edge, \[2\], got shape \[1\]"):
        SparseEdges(edges([0, 1], [1, 0]), torch.ones(1))


def test_edges_of_a_sample_do_not_depend_on_its_batch():
    twice = sample(edges={LOOP: edges([0, 1], [1, 1], [0, 1])})
    weighted = sample(edges={LOOP: SparseEdges(edges([0, 1], [0, 1]), torch.tensor([0.5, 1.0]))})
    alone = collate([twice], A).edges[LOOP]
    assert alone.dtype == torch.bool
    together = collate([twice, weighted], A).edges[LOOP]
    assert together[0].tolist() == alone[0].tolist() == [[False, True], [False, True]]
    assert together[1].tolist() == [[0, 1.5], [0, 0]]


# Labels

ONE = {
    "binary": Target("binary"),
    "multilabel": Target("multilabel", 3),
    "regression": Target("regression"),
}


@pytest.mark.parametrize(
    ("task", "y", "message"),
    [
        ("binary", 0.7, "label 0.7 of a target with 2 classes"),
        ("binary", 2, "label 2 of a target with 2 classes"),
        ("binary", -2, "label -2 of a target"),
        ("binary", float("nan"), "label nan of a target"),
        ("binary", "cat", "number, or a tensor of numbers; got 'cat'"),
        ("binary", {"z": 1}, "unknown target 'z'"),
        ("multilabel", [0, 1], "one value for each of the 3 labels .* got 2"),
        ("multilabel", [1, 5, 0], "holds 5; labels are 0 and 1"),
        ("multilabel", [1, -3, 0], "holds -3"),
        ("multilabel", [[0, 1], [1]], "a tensor of numbers; got"),
        ("regression", float("inf"), "holds inf; labels are finite"),
        ("regression", -1e300, "holds -1e\\+300; labels are finite"),
        ("regression", [1.0], "has 0 dimensions"),
    ],
)
def test_labels_that_do_not_fit(task, y, message):
    with pytest.raises(SchemaError, match=message):
        collate([sample(y=y)], Schema(A.modalities, ONE[task]))


@pytest.mark.parametrize(
    ("task", "y", "stored"),
    [
        ("binary", 1.0, 1),
        ("binary", True, 1),
        ("binary", torch.tensor(1, dtype=torch.uint8), 1),
        ("binary", -1, -1),
        ("binary", np.int64(1), 1),
        ("binary", {"y": 1}, 1),
        ("binary", {"y": None}, -1),
        ("multilabel", [True, False, True], [1.0, 0.0, 1.0]),
        ("multilabel", {"y": [0, 1, 0]}, [0.0, 1.0, 0.0]),
        ("regression", 2, 2.0),
        ("regression", {"y": torch.tensor(0.5)}, 0.5),
    ],
)
def test_labels_that_fit(task, y, stored):
    assert collate([sample(y=y)], Schema(A.modalities, ONE[task])).y.tolist() == [stored]


def test_unlabelled_samples_survive():
    nothing = float("nan")
    for task, y in (("multilabel", [nothing] * 3), ("regression", nothing)):
        schema = Schema(A.modalities, ONE[task])
        data = FusionDataset.from_samples([sample(y=y), sample()], schema)
        assert collate(list(data), schema).y.isnan().all()


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (1, r"with several targets y must be a dict, .* of \['one', 'two'\]; got 1"),
        ({"onne": 1}, "unknown target 'onne'; did you mean 'one'"),
        ({"one": 0.5}, "the label of 'one': label 0.5"),
    ],
)
def test_labels_of_several_targets_that_do_not_fit(y, message):
    with pytest.raises(SchemaError, match=message):
        collate([sample(y=y)], U)


def test_targets_are_inferred_from_all_samples():
    def infer(*labels):
        return FusionDataset.from_samples([sample(y=y) for y in labels])

    assert infer({"y": 1}, {"y": 0}).labels().tolist() == [1, 0]
    partly = infer({"u": 1}, {"u": 0, "v": 0.5}, {"v": 1.5}, None)
    assert {name: t.task for name, t in partly.schema.targets.items()} == {
        "u": "binary",
        "v": "regression",
    }
    assert partly.batch(range(4)).y["u"].tolist() == [1, 0, -1, -1]
    assert infer([0, 1, 1], [1, 0, 0]).schema.task == "multilabel"
    for labels, message in (
        (({"y": 1}, 0), "some samples have a dict of labels"),
        ((["cat"], ["dog"]), "a label of 'y' must be a number"),
        (([0, 1], [1, 0, 1]), r"one shape in all samples, got \[\(2,\), \(3,\)\]"),
        (({"u": None, "v": 0}, {"u": None, "v": 1}), "'u' must have one shape .* got no label"),
    ):
        with pytest.raises(SchemaError, match=message):
            infer(*labels)


@pytest.mark.parametrize("index", [[[0, 0, 1], [0, 0, 1]], [[1, 0, 0], [1, 0, 0]]])
def test_edges_that_are_listed_twice_become_one(index):
    edges = SparseEdges(torch.tensor(index), torch.tensor([1.0, 2.0, 4.0]))
    once = edges.coalesce(2, 2)
    assert once.index.tolist() == [[0, 1], [0, 1]]
    assert torch.equal(once.to_dense(1, 2, 2), edges.to_dense(1, 2, 2))


class Strange:
    ndim, shape = "two", None


STRANGE = [
    None, 3, -1.5, "text", b"bytes", {1: 2}, {1, 2}, object(), Strange(), [], [None], [[1], [1, 2]],
    np.ones(2), np.array(["a"], dtype=object), torch.ones(3, device="meta"), torch.tensor(2.5),
    torch.ones(2, 2, dtype=torch.complex64), torch.eye(2).to_sparse(), torch.ones(2, 2).bool(),
    torch.full((2, 2), 0.5), torch.full((2,), 2**33), pd.DataFrame({"a": [1]}), iter([1]), type,
    {"a": None}, {"a": torch.tensor([0.5, 1.0])}, {"who": {"a": torch.tensor([0.5, 1.0])}},
    {"a": torch.tensor([2**33, 0])}, {("a", "r"): torch.zeros(2, 1)}, {"ara": torch.zeros(2, 1)},
    {("a", "r", "a"): torch.tensor([[0.5], [1.0]])}, {("a", "r", 3): torch.zeros(2, 1).long()},
    {("a", "r", "a"): torch.zeros(2, 1).bool()}, {"who": None}, {"": torch.ones(2, 3)},
    {3: torch.ones(2, 3)}, {None: None}, float("nan"), 10**9, 2**70, 1j,
    torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
]  # fmt: skip


@pytest.mark.parametrize("given", STRANGE, ids=range(len(STRANGE)))
@pytest.mark.parametrize(
    "field", ["x", "x/a", "y", "pos", "attrs", "edges", "unit", "domain", "id"]
)
@pytest.mark.parametrize("schema", [None, Schema([Modality("a", (3,))], Target("binary"))])
def test_wrong_types_of_a_sample_are_named(field, given, schema):
    fields = {"x": {"a": torch.ones(2, 3)}, "y": 1, "id": "p"}
    fields |= {"x": {"a": given}} if field == "x/a" else {field: given}
    samples = [Sample({"a": torch.ones(2, 3)}, 0), Sample(**fields)]
    for build in (FusionDataset.from_samples, collate):
        if build is collate and schema is None:
            continue
        try:
            built = build(samples, schema)
        except FusionError as error:
            message = str(error)
        else:
            message = repr(built)
        assert message


@pytest.mark.parametrize("given", STRANGE, ids=range(len(STRANGE)))
def test_wrong_types_beside_samples_are_named(given):
    sample = Sample({"a": torch.ones(2, 3)}, 1)
    schema = Schema([Modality("a", (3,))], Target("binary"))
    for call in (
        lambda: FusionDataset.from_samples(given),
        lambda: FusionDataset.from_samples([sample, given]),
        lambda: FusionDataset.from_samples([sample], given),
        lambda: FusionDataset.from_samples([sample], ids=given),
        lambda: FusionDataset.from_samples([sample], groups=given, name=given),
        lambda: collate(given, schema),
        lambda: collate([sample], given),
        lambda: FusionDataset.from_pyg(given),
        lambda: FusionDataset.from_pyg([given]),
    ):
        try:
            message = repr(call())
        except FusionError as error:
            message = str(error)
        assert message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"x": None}, "sample p: x must be a dict, got 'NoneType'"),
        ({"edges": {("a", "r", "a"): torch.tensor([[0.5], [1.0]])}}, "integers, got 0.5"),
        ({"edges": {("a", "r", "a"): torch.zeros(2, 1).bool()}}, "integers, got torch.bool"),
        ({"attrs": {"who": {"a": torch.tensor([0.0, 0.5])}}}, "attribute 'who' .* got 0.5"),
        ({"unit": {"a": torch.tensor([0.0, 0.5])}}, "unit of modality 'a' .* got 0.5"),
        ({"unit": {"a": torch.tensor([0, 2**33])}, "y": None}, "2 nodes name unit 8589934592"),
        ({"x": {"a": torch.ones(2, 3) * 1j}}, "x of modality 'a' holds complex numbers"),
        ({"x": {"a": torch.ones(2, 3, device="meta")}}, "on the device 'meta', without values"),
        ({"y": 10**9}, "the highest of 2 is 1000000000"),
    ],
)
def test_values_are_never_changed_in_silence(fields, message):
    other = Sample({"a": torch.ones(2, 3)}, 0, unit=fields.get("unit") and {"a": torch.zeros(2)})
    sample = Sample(**{"x": {"a": torch.ones(2, 3)}, "y": 1, "id": "p", **fields})
    if sample.unit is not None:
        other.y = sample.y = None
    with pytest.raises(InputError, match=message):
        FusionDataset.from_samples([other, sample])


def test_gradients_end_where_a_dataset_begins():
    nodes, y = torch.ones(2, 3, requires_grad=True), torch.tensor(0.5, requires_grad=True)
    edges = {("a", "r", "a"): SparseEdges(torch.tensor([[0], [1]]), nodes[0, :1])}
    sample = Sample({"a": nodes}, y, {"a": nodes}, edges=edges)
    data = FusionDataset.from_samples([sample])
    assert data.labels().tolist() == [0.5]
    assert len(data.fingerprint) == 64
    assert collate([sample], data.schema).x["a"].requires_grad
