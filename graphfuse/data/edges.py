"""Convert the edges of a batch to one form: dense, or a list with each edge once."""

from __future__ import annotations

import torch
from torch import Tensor

from graphfuse.data.padded import Padded
from graphfuse.data.sample import EdgeType, SparseEdges


def dense_edges(batch: Padded, edge_type: EdgeType) -> Tensor:
    """Edges of one type as a tensor [B, Ns, Nd], False or 0 at padded nodes."""
    source, _, destination = edge_type
    edges = batch.edges[edge_type]
    sources, destinations = batch.mask[source], batch.mask[destination]
    if isinstance(edges, SparseEdges):
        edges = edges.to_dense(len(batch), sources.shape[1], destinations.shape[1])
    return edges * (sources.unsqueeze(2) & destinations.unsqueeze(1))


def list_edges(batch: Padded, edge_type: EdgeType) -> tuple[Tensor, Tensor | None]:
    """Return (sample, source, destination) of every edge, [E, 3], and the weights [E] if any.

    In order, each pair of real nodes once; the weights of parallel edges add up.
    """
    edges = batch.edges[edge_type]
    if isinstance(edges, SparseEdges):
        edges = real_ones(batch, edge_type, edges)
        sources, destinations = _widths(batch, edge_type)
        source, destination = edges.index
        sample = source // sources
        place = torch.stack([sample, source % sources, destination % destinations], dim=1)
        return place, edges.weight
    dense = dense_edges(batch, edge_type)
    place = dense.nonzero()
    return place, None if dense.dtype == torch.bool else dense[tuple(place.T)]


def real_ones(batch: Padded, edge_type: EdgeType, edges: SparseEdges) -> SparseEdges:
    """Leave out edges at padded nodes and of weight 0, merge parallel ones."""
    source, destination = edges.index
    real = batch.mask[edge_type[0]].flatten()[source]
    real &= batch.mask[edge_type[2]].flatten()[destination]
    if edges.weight is not None:
        real &= edges.weight > 0
    weight = None if edges.weight is None else edges.weight[real]
    return SparseEdges(edges.index[:, real], weight).coalesce(*_widths(batch, edge_type))


def _widths(batch: Padded, edge_type: EdgeType) -> tuple[int, int]:
    """Return how many nodes, padded ones included, samples have at both ends of an edge type."""
    return batch.mask[edge_type[0]].shape[1], batch.mask[edge_type[2]].shape[1]
