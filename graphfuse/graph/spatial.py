"""Edges between neighbours on a grid."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from graphfuse.data import Batch, EdgeType, Schema
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.graph.relation import Relation, displacement, places, real_pairs

NEIGHBOURHOODS = ("moore", "von_neumann")


class Spatial(Relation):
    """Join nodes of a modality that are neighbours on its grid.

    This relation uses every modality whose position has two or more coordinates, such as the row
    and column of an image patch.

    Args:
        radius: largest distance, in the units of ``pos``, up to the rounding of ``pos``.
        neighbourhood: "moore" counts diagonal steps as one (8 neighbours on a grid of pixels),
            "von_neumann" as two (4 neighbours).

    Example:
        >>> import torch
        >>> from graphfuse.data import Modality, Sample, collate
        >>> grid = torch.cartesian_prod(torch.arange(2.0), torch.arange(2.0))
        >>> batch = collate(
        ...     [Sample({"image": torch.ones(4, 1)}, pos={"image": grid})],
        ...     Schema([Modality("image", (1,), pos_dim=2)]),
        ... )
        >>> drawn = Spatial(neighbourhood="von_neumann").edges(batch)
        >>> drawn[("image", "spatial", "image")].sum(1)
        tensor([[2, 2, 2, 2]])
    """

    name = "spatial"
    summary = "nodes that are neighbours on a grid"

    def __init__(self, radius: float = 1.0, neighbourhood: str = "moore") -> None:
        super().__init__("within")
        if not radius > 0:
            raise InputError(f"radius must be positive, got {radius}")
        if neighbourhood not in NEIGHBOURHOODS:
            raise UnknownNameError("neighbourhood", neighbourhood, NEIGHBOURHOODS)
        self.radius, self.neighbourhood = radius, neighbourhood

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"radius": self.radius, "neighbourhood": self.neighbourhood}

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return (modality, "spatial", modality) where positions have two coordinates or more."""
        return tuple((m.name, self.name, m.name) for m in schema.modalities if m.pos_dim > 1)

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor]:
        """Draw the edges between neighbours."""
        drawn: dict[EdgeType, Tensor] = {}
        for m, pos in sorted(batch.pos.items()):
            if pos.shape[2] < 2:
                continue
            place = places(pos)
            _, step = displacement(place, place)
            distance = step.amax(0) if self.neighbourhood == "moore" else step.sum(0)
            drawn[m, self.name, m] = real_pairs(batch, m, m) & (distance <= self.radius)
        return drawn
