"""The edges that a relation draws, with nothing at padded nodes."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from graphfuse.data import Batch, EdgeType, SparseEdges
from graphfuse.data.edges import dense_edges, real_ones
from graphfuse.graph.relation import Relation


def draw(relation: Relation, batch: Batch) -> dict[EdgeType, Tensor | SparseEdges]:
    """Return the edges that a relation draws between real nodes, index pairs once each."""
    drawn = replace(batch, edges=dict(relation.edges(batch)))
    return {
        t: real_ones(batch, t, edges) if isinstance(edges, SparseEdges) else dense_edges(drawn, t)
        for t, edges in drawn.edges.items()
    }
