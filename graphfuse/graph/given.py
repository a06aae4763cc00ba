"""The edges that are given with the samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from graphfuse.data import Batch, EdgeType, Schema, SparseEdges
from graphfuse.data.batch_edges import DENSE_EDGES_UP_TO
from graphfuse.errors import InputError
from graphfuse.graph.relation import Relation, real_pairs


class Given(Relation):
    """Use the edges that are given with the samples.

    Args:
        types: the edge types to keep, ``(source, relation, destination)`` each.

    Example:
        >>> from graphfuse.data import Modality, Sample, collate
        >>> sample = Sample(
        ...     {"a": torch.ones(2, 1)}, edges={("a", "reply", "a"): torch.tensor([[0], [1]])}
        ... )
        >>> batch = collate([sample], Schema([Modality("a", (1,))]))
        >>> Given([("a", "reply", "a")]).edges(batch)[("a", "reply", "a")].tolist()
        [[[False, True], [False, False]]]
    """

    name = "given"
    summary = "nodes along the edges that are given with the samples"

    def __init__(self, types: Sequence[EdgeType]) -> None:
        super().__init__()
        for given in types:
            if isinstance(given, str) or len(given) != 3:
                raise InputError(
                    f"each of types must be (source, relation, destination), got {given!r} among "
                    f"{types!r}"
                )
        self.types = sorted({(s, relation, d) for s, relation, d in types})

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {"types": self.types}

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return the types as given; their modalities have to be the schema's."""
        for s, _, d in self.types:
            schema.check_names((s, d))
        return tuple(self.types)

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor | SparseEdges]:
        """Return the edges of these types in the batch; a missing type has no edges."""
        return {
            (s, relation, d): batch.edges[s, relation, d]
            if (s, relation, d) in batch.edges
            else _none(batch, s, d)
            for s, relation, d in self.types
        }


def _none(batch: Batch, source: str, destination: str) -> Tensor | SparseEdges:
    """Return no edges, in the form in which a dataset would give some."""
    sources, destinations = batch.mask[source], batch.mask[destination]
    if sources.shape[1] * destinations.shape[1] > DENSE_EDGES_UP_TO:
        return SparseEdges(torch.zeros(2, 0, dtype=torch.long, device=sources.device))
    return torch.zeros_like(real_pairs(batch, source, destination))
