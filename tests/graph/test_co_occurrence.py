import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset, Modality, Sample, Schema, load_dataset
from graphfuse.errors import InputError
from graphfuse.graph import CoOccurrence

across = ("a", "co_occurrence", "b")


def words(*samples):
    schema = Schema([Modality("a", (1,)), Modality("b", (1,))])
    return FusionDataset.from_samples(
        [
            Sample(
                {m: torch.ones(len(ids), 1) for m, ids in zip("ab", sample, strict=True)},
                attrs={"word": {m: torch.tensor(i) for m, i in zip("ab", sample, strict=True)}},
                id=str(number),
            )
            for number, sample in enumerate(samples)
        ],
        schema,
    )


def test_ids_serve_as_codes():
    # Features are all equal: only the words can tell that 7 goes with 3, and 8 with 4.
    data = words(([7], [3]), ([8], [4]), ([7, 8], [3, 4]), ([5], [6]))
    relation = CoOccurrence(ids="word", pairs="across").fit(data.subset([0, 1]))
    assert relation.edges(data.batch([2]))[across][0].tolist() == [
        [pytest.approx(np.log(2)), 0],
        [0, pytest.approx(np.log(2))],
    ]
    assert not relation.edges(data.batch([3]))[across].any()  # words that training did not show


def test_huge_and_missing_ids_cost_nothing():
    data = words(([10**12], [3]), ([-1], [4]), ([10**12 + 1], [4]))
    relation = CoOccurrence(ids="word", pairs="across").fit(data)
    assert relation.recall("ppmi", "a", "b").shape == (2, 2)
    weight = relation.edges(data.batch(range(3)))[across].flatten()
    assert (weight > 0).tolist() == [True, False, True]
    none = CoOccurrence(ids="word", pairs="across").fit(data.subset([1]))
    assert not none.edges(data.batch(range(3)))[across].any()


def test_top_k_keeps_the_heaviest_with_ties():
    x = np.repeat(np.eye(4), [4, 3, 2, 2], axis=0)
    train = FusionDataset.from_arrays({"a": [*x[:, None], x], "b": [*x[:, None], x]})
    every, some = (
        CoOccurrence(pairs="across", top_k=k).fit(train).edges(train.batch([len(x)]))[across][0]
        for k in (None, 2)
    )
    limit = every.sort(0, descending=True).values[1]
    assert torch.equal(some, every * (every >= limit))
    assert int((some > 0).sum()) < int((every > 0).sum())


def test_ids_that_nodes_lack():
    with pytest.raises(InputError, match=r"needs that attribute on the nodes of 'a'"):
        CoOccurrence(ids="word").fit(FusionDataset.from_arrays({"a": np.eye(3)}))


def test_a_node_does_not_occur_with_itself():
    data = load_dataset("planted/binding", n=60)
    drawn = CoOccurrence(pairs="within").fit(data).edges(data.batch(range(4)))
    assert any(weight.any() for weight in drawn.values())
    assert not any(weight.diagonal(dim1=1, dim2=2).any() for weight in drawn.values())


def test_a_node_between_two_centres_has_one_code_in_every_batch():
    # With as many codes as different nodes, these are the centres.
    centres = torch.randn(8, 64, generator=torch.Generator().manual_seed(0)).double()
    schema = Schema([Modality("a", (64,)), Modality("b", (64,))])
    train = [
        Sample({"a": c.view(1, 64), "b": c.view(1, 64)}, id=str(i)) for i, c in enumerate(centres)
    ]
    relation = CoOccurrence(codes=8, pairs="across")
    relation.fit(FusionDataset.from_samples(train, schema))
    between = [(i + j).view(1, 64) / 2 for n, i in enumerate(centres) for j in centres[:n]]
    test = [Sample({"a": x, "b": centres}, id=str(i)) for i, x in enumerate(between)]
    data = FusionDataset.from_samples(test, schema)
    whole = relation.edges(data.batch(range(len(data))))[across]
    assert (whole > 0).sum() == len(data)
    alone = [relation.edges(data.batch([i]))[across] for i in range(len(data))]
    assert torch.equal(whole, torch.cat(alone))


def noisy(x):
    """Return nodes as another batch would encode them: other by rounding alone."""
    return x + 1e-15 * np.random.default_rng(1).normal(size=x.shape)


def test_nodes_that_differ_by_rounding_have_one_code():
    x = np.random.default_rng(0).normal(size=(20, 4))
    twice = np.concatenate([x, noisy(x)])
    train = FusionDataset.from_arrays({"a": twice, "b": twice}, dtype=torch.float64)
    relation = CoOccurrence(codes=32, pairs="across").fit(train)
    assert len(relation.recall("centres", "a")) == 20
    drawn = relation.edges(train.batch(range(40)))[across]
    assert (drawn > 0).all()
    assert torch.equal(drawn[:20], drawn[20:])


def test_a_node_between_two_centres_has_one_code_whatever_rounding_says():
    x = np.random.default_rng(0).normal(size=(8, 4))
    data = FusionDataset.from_arrays({"a": x, "b": x}, dtype=torch.float64)
    relation = CoOccurrence(codes=8, pairs="across").fit(data)
    between = np.repeat([(i + j) / 2 for n, i in enumerate(x) for j in x[:n]], 20, axis=0)
    test = {"a": noisy(between)[:, None], "b": np.repeat(x[None], len(between), 0)}
    rows = FusionDataset.from_arrays(test, dtype=torch.float64)
    weight = relation.edges(rows.batch(range(len(rows))))[across].view(-1, 20, 8)
    assert (weight > 0).any()
    assert (weight == weight[:, :1]).all()


def test_every_centre_has_nodes_of_its_own_and_none_lies_upon_another():
    x = np.random.default_rng(0).normal(size=(41, 4))
    train = FusionDataset.from_arrays({"a": x, "b": x}, dtype=torch.float64)
    centres = CoOccurrence(codes=32).fit(train).recall("centres", "a")
    assert 20 < len(centres) <= 32
    assert len(torch.cdist(train.x["a"].values, centres).argmin(1).unique()) == len(centres)
    assert torch.pdist(centres).min() > 0.1


def test_rounding_does_not_change_which_nodes_share_a_code():
    x = np.random.default_rng(0).normal(size=(60, 4))
    x[:, 0] = 0.1  # the order of nodes is that of the next feature
    drawn = []
    for nodes in (x, noisy(x)):
        train = FusionDataset.from_arrays({"a": nodes, "b": nodes}, dtype=torch.float64)
        relation = CoOccurrence(codes=8, pairs="across").fit(train)
        drawn.append(relation.edges(train.batch(range(60)))[across])
    assert torch.equal(*drawn)


@pytest.mark.parametrize("seed", range(5))
def test_codes_are_the_same_in_single_and_double_precision(seed):
    x = np.random.default_rng(seed).normal(size=(41, 4)).astype(np.float32)
    data = [
        FusionDataset.from_arrays({"a": x, "b": x}, dtype=d) for d in (torch.float32, torch.float64)
    ]
    relation = CoOccurrence(codes=32, pairs="across").fit(data[1])
    double = relation.edges(data[1].batch(range(41)))[across]
    single = relation.float().edges(data[0].batch(range(41)))[across]
    assert torch.equal(single > 0, double > 0)
    assert torch.allclose(single.double(), double.double())
