import pytest
import torch

from graphfuse.data import Modality, Sample, Schema, collate
from graphfuse.graph import Spatial


@pytest.mark.parametrize(
    ("options", "corner", "middle"),
    [
        ({}, 3, 8),
        ({"neighbourhood": "von_neumann"}, 2, 4),
        ({"radius": 2}, 8, 24),
        ({"radius": 2, "neighbourhood": "von_neumann"}, 5, 12),
        ({"radius": 0.5}, 0, 0),
    ],
)
def test_neighbours_on_a_grid(options, corner, middle):
    grid = torch.cartesian_prod(torch.arange(5.0), torch.arange(5.0))
    batch = collate(
        [Sample({"a": torch.ones(25, 1)}, pos={"a": grid})],
        Schema([Modality("a", (1,), pos_dim=2)]),
    )
    neighbours = Spatial(**options).edges(batch)["a", "spatial", "a"][0].sum(0)
    assert (int(neighbours[0]), int(neighbours[12])) == (corner, middle)
