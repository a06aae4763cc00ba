import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset
from graphfuse.errors import InputError
from graphfuse.graph import Attention

within = ("a", "attention", "a")


def test_the_most_similar_direction_wins():
    # The second node points as the first does; the third is longer, so its dot product is larger.
    x = np.array([[1.0, 0], [0.5, 0], [9, 5]])
    train = FusionDataset.from_arrays({"a": [np.concatenate([x, -x])]})
    drawn = Attention(top_k=1, pairs="within").fit(train).edges(train.batch([0]))[within]
    assert drawn[0, :, 0].nonzero().tolist() == [[1]]


def test_features_are_standardised():
    # As they are, the second node is the most similar to the first; by spreads, the third is.
    x = np.array([[1.0, 0.01], [1, -0.01], [0.5, 0.02]])
    x = np.concatenate([x, -x]) + 100
    train = FusionDataset.from_arrays({"a": [x]})
    drawn = Attention(top_k=1, pairs="within").fit(train).edges(train.batch([0]))[within]
    assert drawn[0, :, 0].nonzero()[:, 0].tolist() == [2]


def pairs_of(n=200):
    random = np.random.default_rng(0)
    shared = random.normal(size=(n, 2))
    noise = random.normal(size=(n, 2))
    return np.concatenate([shared, noise], 1), np.concatenate([noise[::-1, :1], -shared], 1)


def test_only_the_pairs_asked_for_are_drawn():
    a, b = pairs_of()
    train = FusionDataset.from_arrays({"a": a, "b": b})
    both = Attention(pairs="across").fit(train)
    for pair in (("a", "b"), ("b", "a")):
        one = Attention(pairs=[pair]).fit(train)
        edge_type = (pair[0], "attention", pair[1])
        assert one.edge_types(train.schema) == (edge_type,)
        drawn = one.edges(train.batch(range(9)))
        assert list(drawn) == [edge_type]
        assert torch.equal(drawn[edge_type], both.edges(train.batch(range(9)))[edge_type])


def test_pairs_that_cannot_be_compared_are_an_error():
    a, b = pairs_of()
    train = FusionDataset.from_arrays({"a": a, "b": b})
    relation = Attention(space="standardised", pairs=[("a", "b")])
    for call in (
        lambda: relation.fit(train),
        lambda: relation.edges(train.batch([0])),
        lambda: relation.edge_types(train.schema),
    ):
        with pytest.raises(
            InputError, match=r"Attention needs the same number of features .*space=.cca"
        ):
            call()
    assert Attention(space="standardised", pairs="across").fit(train).edges(train.batch([0])) == {}


def test_directions_come_from_samples_with_both_modalities():
    a, b = pairs_of()
    whole = FusionDataset.from_arrays({"a": a, "b": b})
    rows = [*b, *[None] * len(a)]
    halved = FusionDataset.from_arrays(
        {"a": np.concatenate([a, a[::-1]]), "b": [r if r is None else r[None] for r in rows]}
    )
    expected, got = (Attention(components=2).fit(data) for data in (whole, halved))
    for pair in (("a", "b"), ("b", "a")):
        directions = [fitted.recall("direction", *pair).abs() for fitted in (expected, got)]
        assert torch.allclose(*directions, atol=1e-4)


def test_the_unit_of_a_feature_does_not_matter():
    x = np.random.default_rng(0).normal(size=(6, 5, 3))
    drawn = []
    for unit in ([1, 1, 1], [1e-13, 1, 1e6]):
        train = FusionDataset.from_arrays({"a": x * np.array(unit)})
        drawn.append(Attention(top_k=2, pairs="within").fit(train).edges(train.batch(range(6))))
    assert torch.equal(drawn[0][within], drawn[1][within])
