import pytest
import torch
from torch_geometric.data import Batch as PyGBatch
from torch_geometric.data import HeteroData

from graphfuse.data import (
    Batch,
    FusionDataset,
    Modality,
    Sample,
    Schema,
    SparseEdges,
    Target,
    collate,
    load_dataset,
)
from graphfuse.errors import InputError

T = ("a", "to", "b")
SCHEMA = Schema([Modality("a", (2,), pos_dim=1), Modality("b", (3,))])


def samples():
    return [
        Sample({"b": torch.ones(2, 3)}, id="0"),
        Sample(
            {"a": torch.ones(2, 2), "b": 2 * torch.ones(1, 3)},
            pos={"a": torch.tensor([[0.0], [1.0]])},
            edges={T: SparseEdges(torch.tensor([[1], [0]]), torch.tensor([0.5]))},
            id="1",
        ),
        Sample({"a": 3 * torch.ones(1, 2)}, pos={"a": torch.zeros(1, 1)}, id="2"),
    ]


def test_pyg_batches_keep_samples_apart_when_modalities_lack():
    batch = collate(samples(), SCHEMA)
    for order in ([0, 1, 2], [2, 1, 0], [1, 0, 2]):
        graphs = [batch.to_pyg()[i] for i in order]
        together = PyGBatch.from_data_list(graphs)
        for m in ("a", "b"):
            counts = torch.bincount(together[m].batch, minlength=3)
            assert counts.tolist() == [int(batch.mask[m][i].sum()) for i in order]
        source, destination = together[T].edge_index
        assert together["a"].batch[source].tolist() == together["b"].batch[destination].tolist()
        assert together["a"].batch[source].tolist() == [order.index(1)]
        assert together[T].edge_weight.tolist() == [0.5]


def test_round_trip_through_pyg():
    batch = collate(samples(), SCHEMA)
    again = FusionDataset.from_pyg(batch.to_pyg(), SCHEMA).batch([0, 1, 2])
    for m in ("a", "b"):
        assert torch.equal(again.x[m], batch.x[m])
        assert torch.equal(again.mask[m], batch.mask[m])
    assert torch.equal(again.edges[T], batch.edges[T])
    assert torch.equal(again.pos["a"], batch.pos["a"])
    assert again.ids == ["0", "1", "2"]


def test_hetero_data_without_a_schema():
    graphs = []
    for label in (0, 1, 0):
        data = HeteroData()
        data["x"].x = torch.ones(2, 4)
        data["z"].x = torch.ones(1, 2)
        data["x", "r", "z"].edge_index = torch.tensor([[0], [0]])
        data.y = torch.tensor([label])
        graphs.append(data)
    dataset = FusionDataset.from_pyg(graphs)
    assert dataset.schema.task == "binary"
    assert dataset.edge_types == (("x", "r", "z"),)
    assert dataset.labels().tolist() == [0, 1, 0]


def test_networkx():
    graph = collate(samples(), SCHEMA).to_networkx(1)
    assert sorted(graph.nodes) == [("a", 0), ("a", 1), ("b", 0)]
    assert graph.nodes["a", 1]["pos"] == [1.0]
    (edge,) = graph.edges(data=True)
    assert edge[:2] == (("a", 1), ("b", 0))
    assert edge[2] == {"relation": "to", "weight": 0.5}
    assert graph.nodes["b", 0]["modality"] == "b"
    assert graph.nodes["b", 0]["x"].tolist() == [2.0, 2.0, 2.0]


def conversation(number, y, present=("audio", "text")):
    """Edges within and across modalities, weighted and plain; positions of 0 to 2 dimensions."""
    x = {"audio": torch.randn(3, 2), "image": torch.randn(2, 1, 2), "text": torch.randn(2, 4)}
    kept = [m for m in x if m in present]
    edges = {
        ("audio", "before", "text"): torch.tensor([[0, 2], [1, 0]]),
        ("audio", "near", "audio"): SparseEdges(torch.tensor([[0, 2], [1, 1]]), torch.rand(2)),
        ("text", "near", "audio"): SparseEdges(torch.tensor([[1], [2]]), torch.tensor([3.5])),
    }
    return Sample(
        {m: x[m] for m in kept},
        y,
        {
            m: torch.rand(len(x[m]), size)
            for m, size in (("audio", 1), ("image", 2))
            if m in present
        },
        {
            "speaker": {m: torch.arange(len(x[m])) % 2 + number for m in kept if m != "image"},
            "word": {"text": torch.tensor([7, -1])} if "text" in kept else {},
        },
        {t: e for t, e in edges.items() if {t[0], t[2]} <= set(kept)},
        domain=f"site {number % 2}",
        id=f"talk {number}",
    )


WIDE = [
    Modality("audio", (2,), pos_dim=1),
    Modality("image", (1, 2), pos_dim=2),
    Modality("text", (4,)),
]
TARGETS = {
    "binary": (Target("binary"), [0, 1, -1, 1]),
    "regression": (Target("regression"), [0.5, -1.0, float("nan"), 2.0]),
    "multilabel": (Target("multilabel", 1), [torch.tensor([v]) for v in (0.0, 1.0, 1.0, 0.0)]),
    "several": (
        {"mood": Target("multiclass", 3), "age": Target("regression")},
        [{"mood": mood, "age": mood / 2} for mood in (0, 1, 2, 1)],
    ),
}
PRESENT = [("audio", "image", "text"), ("audio", "text"), ("image",), ("audio",)]


@pytest.mark.parametrize("task", TARGETS)
def test_nothing_is_lost_on_the_way_to_pyg_and_back(task):
    targets, labels = TARGETS[task]
    schema = Schema(WIDE, targets)
    samples = [conversation(i, y, PRESENT[i]) for i, y in enumerate(labels)]
    dataset = FusionDataset.from_samples(samples, schema)
    again = FusionDataset.from_pyg(dataset.batch(range(4)).to_pyg(), schema)
    assert again.fingerprint == dataset.fingerprint  # every value, label, id, edge and weight
    back = again[0]
    assert back.attrs["speaker"]["text"].tolist() == [0, 1]
    assert back.attrs["word"]["text"].tolist() == [7, -1]
    assert isinstance(back.edges["audio", "before", "text"], torch.Tensor)
    assert back.edges["text", "near", "audio"].weight.tolist() == [3.5]
    assert (back.id, back.domain) == ("talk 0", "site 0")


def test_units_and_their_labels_survive():
    def talk(number, units, labels):
        nodes = torch.tensor(units)
        return Sample(
            {"text": torch.randn(len(units), 4)},
            torch.tensor(labels),
            unit={"text": nodes},
            id=str(number),
        )

    schema = Schema([Modality("text", (4,)), Modality("audio", (2,))], Target("multiclass", 3))
    dataset = FusionDataset.from_samples(
        [talk(0, [0, 0, 1], [2, 1]), talk(1, [0], [1]), talk(2, [2, 1, 0], [0, -1, 2])], schema
    )
    graphs = dataset.batch([0, 1, 2]).to_pyg()
    assert [graph.y.tolist() for graph in graphs] == [[2, 1], [1], [0, -1, 2]]
    assert FusionDataset.from_pyg(graphs, schema).fingerprint == dataset.fingerprint


def test_positions_survive_for_a_planted_dataset():
    dataset = load_dataset("planted/lagged", n=6)
    again = FusionDataset.from_pyg(dataset.batch(range(6)).to_pyg(), dataset.schema)
    assert again.fingerprint == dataset.fingerprint


def test_an_attribute_named_like_a_part_of_the_graph_is_refused():
    sample = Sample({"a": torch.ones(1, 2)}, attrs={"x": {"a": torch.zeros(1)}})
    with pytest.raises(InputError, match=r"attribute 'x' .* rename"):
        collate([sample], Schema([Modality("a", (2,))])).to_pyg()


def test_networkx_keeps_kinds_apart():
    batch = collate([conversation(3, 1)], Schema(WIDE, Target("binary")))
    graph = batch.to_networkx(0)
    kinds = {(s[0], key, d[0]) for s, d, key in graph.edges(keys=True)}
    assert kinds == set(batch.edges)
    edge = graph.edges[("text", 1), ("audio", 2), "near"]
    assert edge == {"relation": "near", "weight": 3.5}
    assert graph.edges[("audio", 0), ("text", 1), "before"]["weight"] == 1.0
    assert graph.nodes["audio", 2]["pos"] == batch.pos["audio"][0, 2].tolist()
    assert graph.nodes["audio", 1]["speaker"] == 4
    assert "pos" not in graph.nodes["text", 0]


def test_sparse_edges_of_samples_too_large_for_dense_ones_become_graphs():
    nodes, edges = 200_000, 50_000
    x = {m: torch.ones(2, nodes, 1) for m in "ab"}
    mask = {m: torch.ones(2, nodes).bool() for m in "ab"}
    index = torch.randint(nodes, (2, edges)).unique(dim=1)
    both = torch.cat([index, index.flip(1) + nodes], dim=1)
    batch = Batch(x, mask, edges={T: SparseEdges(both, torch.ones(both.shape[1]))})
    for graph in batch.to_pyg():
        assert torch.equal(graph[T].edge_index, index)
        assert graph[T].edge_weight.sum() == index.shape[1]
