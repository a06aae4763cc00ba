import torch

from graphfuse.data import Modality, Sample, Schema, collate
from graphfuse.graph import Temporal


def test_tolerance_and_window():
    time = torch.tensor([[0.0], [1.0], [4.0], [9.0]])
    batch = collate(
        [Sample({"a": torch.ones(4, 1)}, pos={"a": time})],
        Schema([Modality("a", (1,), pos_dim=1)]),
    )
    drawn = Temporal(window=5, tolerance=2).edges(batch)
    assert drawn["a", "same", "a"][0].nonzero().tolist() == [[0, 1], [1, 0]]
    assert drawn["a", "past", "a"][0].nonzero().tolist() == [[0, 2], [1, 2], [2, 3]]
    assert torch.equal(drawn["a", "future", "a"], drawn["a", "past", "a"].transpose(1, 2))
