import pytest
import torch

from graphfuse.data import Batch, Modality, Sample, Schema, collate
from graphfuse.errors import InputError
from graphfuse.graph import KNearest

SCHEMA = Schema([Modality("a", (2,)), Modality("b", (3,))])


def test_cosine_looks_at_directions():
    x = torch.tensor([[1.0, 0.0], [9.0, 1.0], [0.0, 1.0]])
    batch = collate([Sample({"a": x})], SCHEMA)
    for metric, nearest in (("euclidean", 2), ("cosine", 1)):
        drawn = KNearest(k=1, metric=metric, pairs="within").edges(batch)["a", "k_nearest", "a"]
        assert drawn[0, :, 0].nonzero().tolist() == [[nearest]]


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        (
            KNearest(pairs=[("a", "b")]),
            r"KNearest needs the same number .* 'b': 3.*choose comparable",
        ),
        (KNearest(on={"a": (2, 5)}), "KNearest uses features 2:5 of 'a', which has only 2"),
    ],
)
def test_features_that_cannot_be_compared(relation, message):
    with pytest.raises(InputError, match=message):
        relation.edge_types(SCHEMA)


def test_of_all_pairs_only_comparable_ones_are_joined():
    types = KNearest(on={"a": (0, 2), "b": (1, 3)}).edge_types(SCHEMA)
    assert [(s, d) for s, _, d in types] == [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")]
    assert [(s, d) for s, _, d in KNearest().edge_types(SCHEMA)] == [("a", "a"), ("b", "b")]


@pytest.mark.parametrize("offset", [0.0, 1e9])
@pytest.mark.parametrize("whole", [False, True])
def test_neighbours_are_those_of_distances_and_their_ties(offset, whole):
    generator = torch.Generator().manual_seed(0)
    x = 3 * torch.randn(6, 20, 3, generator=generator, dtype=torch.double) + offset
    x = x.round() if whole else x
    batch = collate([Sample({"b": nodes}) for nodes in x], SCHEMA)
    drawn = KNearest(k=4, pairs="within").edges(batch)["b", "k_nearest", "b"]
    distance = (x.unsqueeze(2) - x.unsqueeze(1)).square().sum(3)
    distance.diagonal(dim1=1, dim2=2).fill_(torch.inf)
    assert torch.equal(drawn, distance <= distance.sort(dim=1).values[:, 3:4])
    assert bool((drawn.sum(1) > 4).any()) == whole


def test_fewer_nodes_than_neighbours_are_all_joined():
    batch = collate([Sample({"b": torch.rand(3, 3)}), Sample({"b": torch.rand(6, 3)})], SCHEMA)
    drawn = KNearest(k=4, pairs="within").edges(batch)["b", "k_nearest", "b"]
    assert drawn.sum(1).tolist() == [[2, 2, 2, 0, 0, 0], [4] * 6]


@pytest.mark.parametrize("padding", [0.0, float("nan")])
def test_ties_far_from_zero_stay_ties(padding):
    generator = torch.Generator().manual_seed(0)
    for _ in range(50):
        centre = (2**20 * torch.rand(3, generator=generator, dtype=torch.double)).round() + 2.0**28
        away = (2**12 * torch.rand(3, generator=generator, dtype=torch.double)).round()
        turned = [away, away[[1, 2, 0]], -away[[2, 0, 1]], 3 * away]
        nodes = torch.stack([centre, *(centre + v for v in turned), torch.full((3,), padding)])
        mask = torch.tensor([[True] * 5 + [False]])
        batch = Batch({"b": nodes[None]}, {"b": mask}, {})
        drawn = KNearest(k=1, pairs="within").edges(batch)["b", "k_nearest", "b"]
        assert drawn[0, :, 0].tolist() == [False, True, True, True, False, False]
