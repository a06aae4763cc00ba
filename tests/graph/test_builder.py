import itertools

import pytest
import torch

from graphfuse.data import (
    FusionDataset,
    Modality,
    Sample,
    Schema,
    SparseEdges,
    Target,
    load_dataset,
)
from graphfuse.errors import InputError
from graphfuse.fusion import create_strategy
from graphfuse.graph import Complete, CoOccurrence, GraphBuilder, KNearest, shuffle_edges
from graphfuse.testing import check_relation

RING = ("text", "complete", "text")


class Ring(Complete):
    """Weights to the next node in time, as index pairs, some of them twice."""

    def edge_types(self, schema):
        return (RING,)

    def edges(self, batch):
        mask, time = batch.mask["text"], batch.pos["text"][:, :, 0]
        lead = time.unsqueeze(1) - time.unsqueeze(2)
        sample, s, d = ((lead == 1) & mask.unsqueeze(1) & mask.unsqueeze(2)).nonzero().T
        size = mask.shape[1]
        index = torch.stack([sample * size + s, sample * size + d])
        weight = 1 + time[sample, s]
        return {RING: SparseEdges(index.repeat(1, 2), torch.cat([weight, weight / 2]))}


class DenseRing(Ring):
    def edges(self, batch):
        size = batch.mask["text"].shape[1]
        drawn = super().edges(batch)
        return {t: edges.to_dense(len(batch), size, size) for t, edges in drawn.items()}


class PlainRing(Ring):
    def edges(self, batch):
        return {t: SparseEdges(edges.index) for t, edges in super().edges(batch).items()}


def lines(n=40):
    random = torch.Generator().manual_seed(0)
    samples = []
    for number in range(n):
        count = int(torch.randint(0, 6, (), generator=random))
        time = torch.randint(0, 4, (count, 1), generator=random).float()
        x = {"image": torch.ones(1, 2), "text": torch.randn(count, 3, generator=random)}
        given = {m: nodes for m, nodes in x.items() if len(nodes)}
        samples.append(Sample(given, number % 2, {"text": time} if count else {}, id=str(number)))
    modalities = (Modality("image", (2,)), Modality("text", (3,), pos_dim=1))
    return FusionDataset.from_samples(samples, Schema(modalities, Target("binary")))


@pytest.mark.parametrize("relation", [Ring, PlainRing])
def test_sparse_edges_are_sound(relation):
    check_relation(relation())


def test_sparse_edges_are_attached_like_dense_ones(monkeypatch):
    monkeypatch.setattr("graphfuse.graph.builder.CHUNK", 7)
    data = lines()
    sparse, dense = (GraphBuilder([r]).fit(data).attach(data) for r in (Ring(), DenseRing()))
    for (index, weight), (other, other_weight) in zip(
        sparse.edges.values(), dense.edges.values(), strict=True
    ):
        assert torch.equal(index.values, other.values)
        assert torch.equal(index.offsets, other.offsets)
        assert torch.equal(weight, other_weight)
    rows = range(39, -1, -3)
    drawn = GraphBuilder([DenseRing()]).fit(data).transform(data.batch(rows)).edges[RING]
    assert torch.equal(sparse.batch(rows).edges[RING], drawn)
    assert drawn.any()
    plain = GraphBuilder([PlainRing()]).fit(data).attach(data).batch(rows).edges[RING]
    assert torch.equal(plain, drawn > 0)


def test_a_strategy_takes_sparse_edges():
    data = lines()
    batch = data.batch(range(20)).to(torch.float64)

    def predict(relation, ablation):
        torch.manual_seed(0)
        options = {"relations": [relation], "ablation": ablation}
        strategy = create_strategy("graph:hgt", data.schema, **options)
        return strategy.double().prepare(data).eval()(batch).logits

    outputs = []
    for ablation in (None, "no_edges", "shuffled_edges"):
        outputs.append(predict(Ring(), ablation))
        assert torch.allclose(outputs[-1], predict(DenseRing(), ablation), atol=1e-12)
    for first, second in itertools.combinations(outputs, 2):
        assert not torch.allclose(first, second)


def test_sparse_edges_are_shuffled_like_dense_ones():
    data = lines()
    batches = [
        GraphBuilder([r]).fit(data).transform(data.batch(range(40))) for r in (Ring(), DenseRing())
    ]
    sparse, dense = (shuffle_edges(batch)[RING] for batch in batches)
    assert torch.equal(sparse.to_dense(*dense.shape), dense)
    assert not torch.equal(dense, batches[1].edges[RING])


def test_the_order_of_relations_carries_no_meaning():
    data = load_dataset("planted/null", n=60)
    relations = ["temporal", {"k_nearest": {"k": 2}}, {"co_occurrence": {"codes": 3}}]
    first, second = GraphBuilder(relations), GraphBuilder(relations[::-1])
    assert first.specs() == second.specs()
    second.load_state_dict(first.fit(data).state_dict())
    drawn = second.edges(data.batch(range(9)))
    for edge_type, edges in first.edges(data.batch(range(9))).items():
        assert torch.equal(drawn[edge_type], edges)


def test_two_relations_of_one_type_cannot_be_fitted():
    data = load_dataset("planted/null", n=60)
    with pytest.raises(InputError, match="two relations draw edges of type"):
        GraphBuilder([KNearest(k=1), KNearest(k=2)]).fit(data)


def test_half_precision_reaches_the_prediction():
    data = load_dataset("planted/binding", n=40)
    relations = [CoOccurrence(codes=3), KNearest(k=2)]
    strategy = create_strategy("graph:hgt", data.schema, relations=relations).prepare(data)
    output = strategy.to(torch.bfloat16)(data.batch(range(8)).to(torch.bfloat16))
    assert output.logits.dtype == torch.bfloat16
    assert output.logits.isfinite().all()
