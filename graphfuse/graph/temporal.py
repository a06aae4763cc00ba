"""Edges to earlier, simultaneous and later nodes, with one edge type each."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from graphfuse.data import Batch, EdgeType, Schema
from graphfuse.errors import InputError
from graphfuse.graph.relation import Pairs, Relation, displacement, places, real_pairs, times_of

KINDS = ("past", "same", "future")


class Temporal(Relation):
    """Join nodes that are near in time by typed edges: past, same, future (after Yang et al. 2021).

    An edge of type "past" comes from an earlier node. This relation uses every modality whose
    position is one number, its time. Two modalities are joined if their times have the same unit
    (``Modality.pos_unit``), which the words of a text and the seconds of a sound do not have. See
    "MTAG", https://arxiv.org/abs/2010.11985, which types its edges by modality pair and direction
    in time; windows are added here.

    Args:
        window: largest distance in time, in the units of ``pos``; None for any distance.
        tolerance: up to this distance, two nodes count as simultaneous. Both limits are applied up
            to the rounding of the times.

    Example:
        >>> import torch
        >>> from graphfuse.data import Modality, Sample, collate
        >>> sample = Sample({"a": torch.ones(3, 1)}, pos={"a": torch.tensor([[0.0], [1.0], [2.0]])})
        >>> batch = collate([sample], Schema([Modality("a", (1,), pos_dim=1)]))
        >>> Temporal(window=1).edges(batch)[("a", "past", "a")].nonzero()[:, 1:].tolist()
        [[0, 1], [1, 2]]
    """

    name = "temporal"
    summary = "past, simultaneous and future nodes within a window of time"

    def __init__(
        self, window: float | None = None, tolerance: float = 0.0, pairs: Pairs = "all"
    ) -> None:
        super().__init__(pairs)
        if window is not None and not window >= 0:
            raise InputError(f"window must be a time of at least 0 or None, got {window}")
        if not tolerance >= 0:
            raise InputError(f"tolerance must be a time of at least 0, got {tolerance}")
        self.window, self.tolerance = window, tolerance

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"window": self.window, "tolerance": self.tolerance, "pairs": self.pairs}

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return (source, "past" | "same" | "future", destination) for pairs with a time."""
        pairs = self.timed_pairs(times_of(schema))
        return tuple((s, kind, d) for s, d in pairs for kind in KINDS)

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor]:
        """Draw the edges by the sign of the difference in time."""
        units = times_of(batch)
        timed = {m: places(batch.pos[m]) for m in units}
        drawn: dict[EdgeType, Tensor] = {}
        for s, d in self.timed_pairs(units):
            lead, distance = (part.squeeze(0) for part in displacement(timed[s], timed[d]))
            near = real_pairs(batch, s, d)
            if self.window is not None:
                near &= distance <= self.window
            same = near & (distance <= self.tolerance)
            near ^= same
            drawn[s, "past", d] = near & (lead > 0)
            drawn[s, "same", d] = same
            drawn[s, "future", d] = near & (lead < 0)
        return drawn
