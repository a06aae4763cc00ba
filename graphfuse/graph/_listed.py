"""The edges of a batch as a list, whether they come dense or sparse."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from graphfuse.data import Batch, EdgeType, SparseEdges
from graphfuse.data._convert import dense_edges
from graphfuse.graph.relation import Relation


def list_edges(batch: Batch, edge_type: EdgeType) -> tuple[Tensor, Tensor | None]:
    """Return (sample, source, destination) of every edge, [E, 3], and the weights [E] if any.

    In order, each pair of real nodes once; the weights of parallel edges add up.
    """
    edges = batch.edges[edge_type]
    if isinstance(edges, SparseEdges):
        edges = _real_ones(batch, edge_type, edges)
        sources, destinations = _widths(batch, edge_type)
        source, destination = edges.index
        sample = source // sources
        place = torch.stack([sample, source % sources, destination % destinations], dim=1)
        return place, edges.weight
    dense = dense_edges(batch, edge_type)
    place = dense.nonzero()
    return place, None if dense.dtype == torch.bool else dense[tuple(place.T)]


def draw(relation: Relation, batch: Batch) -> dict[EdgeType, Tensor | SparseEdges]:
    """Return the edges that a relation draws between real nodes, index pairs once each."""
    drawn = replace(batch, edges=dict(relation.edges(batch)))
    return {
        t: _real_ones(batch, t, edges) if isinstance(edges, SparseEdges) else dense_edges(drawn, t)
        for t, edges in drawn.edges.items()
    }


def _real_ones(batch: Batch, edge_type: EdgeType, edges: SparseEdges) -> SparseEdges:
    """Leave out edges at padded nodes and of weight 0, merge parallel ones."""
    source, destination = edges.index
    real = batch.mask[edge_type[0]].flatten()[source]
    real &= batch.mask[edge_type[2]].flatten()[destination]
    if edges.weight is not None:
        real &= edges.weight > 0
    weight = None if edges.weight is None else edges.weight[real]
    return SparseEdges(edges.index[:, real], weight).coalesce(*_widths(batch, edge_type))


def _widths(batch: Batch, edge_type: EdgeType) -> tuple[int, int]:
    """Return how many nodes, padded ones included, samples have at both ends of an edge type."""
    return batch.mask[edge_type[0]].shape[1], batch.mask[edge_type[2]].shape[1]
