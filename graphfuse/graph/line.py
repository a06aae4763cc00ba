"""A chain through the nodes of a modality, and links between chains."""

from __future__ import annotations

import torch
from torch import Tensor

from graphfuse.data import Batch, EdgeType, Schema
from graphfuse.graph.relation import Relation, displacement, places, real_pairs, times_of

KINDS = ("before", "after")


class Line(Relation):
    """Join each node to the previous and the next one, and to the nearest of other modalities.

    Within a modality whose nodes have positions, an edge of type "before" comes from the previous
    node, and one of type "after" from the next node, at any distance. Nodes with several
    coordinates are sorted by the first coordinate, then by the next, as on a page of text. Across
    modalities whose positions are times in the same unit (``Modality.pos_unit``), an edge of type
    "nearest" comes from the source that is nearest in time. Several nodes at one position are all
    previous or next; equally near nodes are all nearest. Positions are compared up to rounding.

    Example:
        >>> from graphfuse.data import Modality, Sample, collate
        >>> time = torch.tensor([[0.0], [9.0], [1.0]])
        >>> sample = Sample({"a": torch.ones(3, 1)}, pos={"a": time})
        >>> batch = collate([sample], Schema([Modality("a", (1,), pos_dim=1)]))
        >>> Line().edges(batch)["a", "before", "a"].nonzero()[:, 1:].tolist()
        [[0, 2], [2, 1]]
    """

    name = "line"
    summary = "each node to the previous and next one, and to the nearest in time across modalities"

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return (m, "before" | "after", m), and (source, "nearest", destination) between times."""
        coordinates = {m.name: m.pos_dim for m in schema.modalities if m.pos_dim}
        return self._types(coordinates, times_of(schema))

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor]:
        """Draw the edges."""
        coordinates = {m: pos.shape[2] for m, pos in batch.pos.items()}
        drawn: dict[EdgeType, Tensor] = {}
        for s, kind, d in self._types(coordinates, times_of(batch)):
            drawn[s, kind, d] = (
                _nearest(batch, s, d) if kind == "nearest" else _neighbours(batch, s, kind)
            )
        return drawn

    def _types(self, coordinates: dict[str, int], units: dict[str, str]) -> tuple[EdgeType, ...]:
        types: list[EdgeType] = []
        for s, d in self.select_pairs(coordinates):
            if s == d:
                types += [(s, kind, d) for kind in KINDS]
            elif s in units and d in units and units[s] == units[d]:
                types.append((s, "nearest", d))
        return tuple(types)


def _neighbours(batch: Batch, m: str, kind: str) -> Tensor:
    """Return which nodes are previous or next to each node, bool [B, N, N]."""
    place = places(batch.pos[m])
    way, distance = displacement(place, place)
    step = way.sign() * (distance > 0)
    # The first coordinate that differs outweighs all others.
    outweighs = 2.0 ** torch.arange(len(way), device=way.device).flip(0)
    order = torch.tensordot(outweighs, step.float(), dims=1)
    earlier: Tensor = (order > 0) & real_pairs(batch, m, m)
    between = earlier.float() @ earlier.float() > 0
    before = earlier & ~between
    return before if kind == "before" else before.transpose(1, 2)


def _nearest(batch: Batch, source: str, destination: str) -> Tensor:
    """Return the sources nearest in time to each destination, bool [B, Ns, Nd]."""
    ends = places(batch.pos[source]), places(batch.pos[destination])
    way, least = (part.squeeze(0) for part in displacement(*ends))
    real = real_pairs(batch, source, destination)
    most = (2 * way.abs() - least).masked_fill(~real, torch.inf)
    return (least <= most.amin(1, keepdim=True)) & real
