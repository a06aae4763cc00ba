"""Edges from every node to every other node."""

from __future__ import annotations

from torch import Tensor

from graphfuse.data import Batch, EdgeType, Schema
from graphfuse.graph.relation import Relation, real_pairs


class Complete(Relation):
    """Join every node to every other node of the sample.

    With this relation, a graph core is a transformer whose attention depends on the modalities.

    Example:
        >>> from graphfuse.data import Sample, collate, Modality
        >>> import torch
        >>> batch = collate([Sample({"a": torch.ones(2, 1)})], Schema([Modality("a", (1,))]))
        >>> Complete().edges(batch)[("a", "complete", "a")]
        tensor([[[False,  True],
                 [ True, False]]])
    """

    name = "complete"
    summary = "every node to every other node"

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return (source, "complete", destination) for the chosen pairs."""
        return tuple((s, self.name, d) for s, d in self.select_pairs(schema.names))

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor]:
        """Draw all edges."""
        return {(s, self.name, d): real_pairs(batch, s, d) for s, d in self.select_pairs(batch.x)}
