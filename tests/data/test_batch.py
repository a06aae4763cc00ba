import torch

from graphfuse.data import Modality, Sample, Schema, SparseEdges, Target, collate

LOOP, OTHER = ("a", "weighted", "a"), ("a", "plain", "a")


def batch(nodes=2):
    index = torch.tensor([[0], [1]])
    sample = Sample(
        {"a": torch.ones(nodes, 2), "raw": torch.ones(1, 1, dtype=torch.uint8)},
        {"kind": [1], "size": [0.5]},
        {"a": torch.zeros(nodes, 1)},
        {"who": {"a": torch.zeros(nodes, dtype=torch.long)}},
        {LOOP: SparseEdges(index, torch.tensor([0.5])), OTHER: index},
        {"a": torch.zeros(nodes, dtype=torch.long), "raw": torch.zeros(1, dtype=torch.long)},
        "site",
    )
    schema = Schema(
        [Modality("a", (2,), pos_dim=1), Modality("raw", (1,))],
        {"kind": Target("binary"), "size": Target("regression")},
    )
    return collate([sample], schema)


def test_a_precision_is_that_of_features_positions_and_weights():
    for nodes in (2, 600):  # edges dense and sparse
        before, after = batch(nodes), batch(nodes).to(torch.float64)
        assert after.x["a"].dtype == after.pos["a"].dtype == torch.float64
        weight = after.edges[LOOP] if nodes == 2 else after.edges[LOOP].weight
        assert weight.dtype == torch.float64
        assert after.x["raw"].dtype == torch.uint8
        assert after.attrs["who"]["a"].dtype == after.unit["a"].dtype == torch.long
        assert after.mask["a"].dtype == after.unit_mask.dtype == torch.bool
        assert (after.y["kind"].dtype, after.y["size"].dtype) == (torch.long, torch.float64)
        assert (after.ids, after.domain) == (before.ids, before.domain)
    assert batch().to(torch.float64).edges[OTHER].dtype == torch.bool


def test_everything_moves_to_a_device():
    for nodes in (2, 600):
        moved = batch(nodes).to("meta")
        edges = moved.edges.values()
        tensors = [*moved.x.values(), *moved.mask.values(), *moved.pos.values(), *moved.y.values()]
        tensors += [moved.attrs["who"]["a"], moved.unit_mask, *moved.unit.values()]
        for e in edges:
            tensors += [e.index, e.weight] if isinstance(e, SparseEdges) else [e]
        assert {tensor.device.type for tensor in tensors if tensor is not None} == {"meta"}
        assert moved.device.type == "meta"


def test_a_tensor_that_is_there_already_is_shared():
    given = batch()
    same = given.to("cpu")
    assert same.x["a"] is given.x["a"]
    del same.x["a"]
    assert "a" in given.x


def test_a_sample_without_an_id_gets_none_from_its_place():
    schema = Schema((Modality("a", (1,)),))
    samples = [Sample({"a": torch.ones(1, 1)}), Sample({"a": torch.ones(1, 1)}, id="x")]
    assert collate(samples, schema).ids == ["", "x"]
