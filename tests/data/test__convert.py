import torch
from torch_geometric.data import Batch as PyGBatch
from torch_geometric.data import HeteroData

from graphfuse.data import FusionDataset, Modality, Sample, Schema, SparseEdges, collate

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
