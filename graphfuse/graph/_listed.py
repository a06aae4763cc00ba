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
        return _list_sparse(batch, edge_type, edges)
    dense = dense_edges(batch, edge_type)
    place = dense.nonzero()
    return place, None if dense.dtype == torch.bool else dense[tuple(place.T)]


def draw_dense(relation: Relation, batch: Batch) -> dict[EdgeType, Tensor]:
    """Return the edges that a relation draws, dense even where it draws index pairs."""
    drawn = replace(batch, edges=dict(relation.edges(batch)))
    return {edge_type: dense_edges(drawn, edge_type) for edge_type in drawn.edges}


def _list_sparse(
    batch: Batch, edge_type: EdgeType, edges: SparseEdges
) -> tuple[Tensor, Tensor | None]:
    source_mask, destination_mask = batch.mask[edge_type[0]], batch.mask[edge_type[2]]
    sources, destinations = source_mask.shape[1], destination_mask.shape[1]
    source, destination = edges.index
    real = source_mask.flatten()[source] & destination_mask.flatten()[destination]
    if edges.weight is not None:
        real &= edges.weight > 0
    pair = source[real] * destinations + destination[real] % destinations
    pair, parallel = pair.unique(return_inverse=True)
    row = pair // destinations
    place = torch.stack([row // sources, row % sources, pair % destinations], dim=1)
    if edges.weight is None:
        return place, None
    return place, edges.weight.new_zeros(len(pair)).index_add_(0, parallel, edges.weight[real])
