from dataclasses import replace

import pytest
import torch

from graphfuse.data import Batch, FusionDataset, Sample, SparseEdges
from graphfuse.errors import InputError
from graphfuse.graph import shuffle_edges

LINK, NEXT = ("a", "link", "b"), ("b", "next", "b")


def alike(distinct, weighted=False, edges_of_b=True, pos=False, seed=0):
    """A sample whose nodes are alike in groups and differ in what they are joined to."""
    random = torch.Generator().manual_seed(seed)
    x = {m: torch.arange(6.0).remainder(distinct).unsqueeze(1) for m in "ab"}
    edges = {}
    for t in (LINK, NEXT) if edges_of_b else (LINK,):
        index = (torch.rand(6, 6, generator=random) < 0.4).nonzero().T
        weight = torch.rand(index.shape[1], generator=random) + 0.5
        edges[t] = SparseEdges(index, weight) if weighted else index
    where = {m: torch.rand(6, 1, generator=random) for m in "ab"} if pos else {}
    return Sample(x, None, where, edges=edges, id="one")


def batch_of(*samples):
    data = FusionDataset.from_samples(samples)
    return data.batch(range(len(samples)))


def permute(batch, order):
    """Permute the nodes of a batch of one sample."""
    return replace(
        batch,
        x={m: x[:, order[m]] for m, x in batch.x.items()},
        mask={m: mask[:, order[m]] for m, mask in batch.mask.items()},
        pos={m: pos[:, order[m]] for m, pos in batch.pos.items()},
        attrs={n: {m: v[:, order[m]] for m, v in a.items()} for n, a in batch.attrs.items()},
        unit=batch.unit and {m: unit[:, order[m]] for m, unit in batch.unit.items()},
        edges={t: e[:, order[t[0]]][:, :, order[t[2]]] for t, e in batch.edges.items()},
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("distinct", [1, 2, 3, 6])
@pytest.mark.parametrize("pos", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_nodes_is_free(distinct, weighted, pos, seed):
    batch = batch_of(alike(distinct, weighted, pos=pos, seed=seed))
    random = torch.Generator().manual_seed(1)
    expected = shuffle_edges(batch)
    for _ in range(5):
        order = {m: torch.randperm(6, generator=random) for m in "ab"}
        got = shuffle_edges(permute(batch, order))
        wanted = permute(replace(batch, edges=expected), order).edges
        # Nodes may still be interchangeable: then the graph is the same, up to their names.
        for t in batch.edges:
            assert torch.equal(got[t], wanted[t])


def matched(weight=None):
    """Nodes that are all alike, the sources joined to one destination each."""
    x = {m: torch.ones(6, 1) for m in "ab"}
    index = torch.arange(6).repeat(2, 1)
    edges = {LINK: index if weight is None else SparseEdges(index, weight)}
    return batch_of(Sample(x, edges=edges, id="one"))


def moves_with_its_nodes(batch):
    """Whether edges are shuffled, and those of a permuted batch like its own, permuted."""
    order = {"a": torch.tensor([3, 1, 5, 0, 2, 4]), "b": torch.tensor([1, 2, 0, 5, 4, 3])}
    shuffled = shuffle_edges(batch)
    wanted = permute(replace(batch, edges=shuffled), order)
    follows = torch.equal(shuffle_edges(permute(batch, order))[LINK], wanted.edges[LINK])
    return follows and not torch.equal(shuffled[LINK], batch.edges[LINK])


def test_every_property_of_a_node_distinguishes_it():
    numbers = {m: torch.arange(6).unsqueeze(0) for m in "ab"}
    assert moves_with_its_nodes(replace(matched(), attrs={"word": numbers}))
    assert moves_with_its_nodes(replace(matched(), unit=numbers))
    assert moves_with_its_nodes(
        replace(matched(), pos={m: n[..., None] for m, n in numbers.items()})
    )


@pytest.mark.parametrize("step", [1.0, 1e-6])
def test_weights_tell_nodes_apart(step):
    assert moves_with_its_nodes(matched(1 + step * torch.arange(6)))


def test_the_order_of_attributes_is_free():
    numbers = {m: torch.arange(6).unsqueeze(0) for m in "ab"}
    attrs = {"word": numbers, "speaker": {m: n % 2 for m, n in numbers.items()}}
    first = replace(matched(), attrs=attrs)
    second = replace(matched(), attrs=dict(reversed(attrs.items())))
    assert torch.equal(shuffle_edges(first)[LINK], shuffle_edges(second)[LINK])


def test_padded_nodes_keep_their_places():
    random = torch.Generator().manual_seed(0)
    edges = {("a", "r", "a"): torch.tensor([[0, 1], [1, 0]])}
    samples = [
        Sample({"a": torch.randn(count, 2, generator=random)}, edges=edges, id=str(count))
        for count in range(2, 12)
    ]
    together = batch_of(*samples)
    shuffled = shuffle_edges(together)["a", "r", "a"]
    for i, sample in enumerate(samples):
        count = len(sample.x["a"])
        alone = shuffle_edges(batch_of(sample))["a", "r", "a"][0]
        assert torch.equal(shuffled[i, :count, :count], alone)
        assert not shuffled[i, count:].any()


def test_nodes_without_features_are_shuffled_too():
    batch = batch_of(*[replace(alike(1, seed=seed), id=str(seed)) for seed in range(20)])
    real, shuffled = batch.edges[LINK], shuffle_edges(batch)[LINK]
    assert torch.equal(real.sum(1), shuffled.sum(1))
    same = (real == shuffled).flatten(1).all(1)
    assert int(same.sum()) < 3


def test_what_the_permutation_depends_on():
    batch = batch_of(alike(6, pos=True))
    first = shuffle_edges(batch)[LINK]
    moved = replace(batch, pos={m: pos + 1 for m, pos in batch.pos.items()})
    renamed = replace(batch, ids=["two"])
    changed = replace(batch, x={m: x + 1 for m, x in batch.x.items()})
    other_type = replace(batch, edges={("a", "knil", "b"): batch.edges[LINK]})
    for other in (moved, renamed, changed, other_type):
        assert not torch.equal(next(iter(shuffle_edges(other).values())), first)


def test_the_place_in_a_batch_does_not_matter():
    samples = [alike(6, seed=seed) for seed in range(3)]
    samples = [replace(sample, id=name) for sample, name in zip(samples, "abc", strict=True)]
    together = batch_of(*samples)
    for ids in (together.ids, [""] * 3, []):
        shuffled = shuffle_edges(replace(together, ids=ids))
        for i, sample in enumerate(samples):
            alone = shuffle_edges(replace(batch_of(sample), ids=ids[i : i + 1]))
            assert torch.equal(alone[LINK][0], shuffled[LINK][i])


def test_one_id_a_sample():
    with pytest.raises(
        InputError, match="must have one id for each of its 1 samples, or none; got 2"
    ):
        shuffle_edges(replace(batch_of(alike(6)), ids=["a", "b"]))


def test_a_batch_made_by_hand():
    edges = {("a", "r", "a"): torch.ones(2, 3, 3).bool()}
    batch = Batch({"a": torch.rand(2, 3, 1)}, {"a": torch.ones(2, 3).bool()}, edges=edges)
    assert shuffle_edges(batch)["a", "r", "a"].all()
