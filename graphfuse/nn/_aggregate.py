"""Means of neighbours along typed edges, dense or sparse."""

from __future__ import annotations

import torch
from torch import Tensor

from graphfuse.data import SparseEdges
from graphfuse.nn._sparse import flatten_edges, sum_at


def neighbour_mean(
    edges: Tensor | SparseEdges, source: Tensor, source_mask: Tensor | None, destinations: int
) -> Tensor:
    """Return the weighted mean of the source nodes [B, Ns, F] of each destination [B, Nd, F].

    A destination without edges gets zeros. Weights are normalised in the higher precision of nodes
    and edges, so that a weight that underflows in the nodes' precision still counts.
    """
    if isinstance(edges, SparseEdges):
        return _sparse_mean(edges, source, source_mask, destinations)
    if source_mask is not None:
        edges = edges * source_mask.unsqueeze(2)
    weight = edges.to(torch.promote_types(edges.dtype, source.dtype))
    total = weight.sum(1, keepdim=True)
    share = weight / torch.where(total > 0, total, 1)
    return share.to(source.dtype).transpose(1, 2) @ source


def _sparse_mean(
    edges: SparseEdges, nodes: Tensor, mask: Tensor | None, destinations: int
) -> Tensor:
    samples, sources = nodes.shape[:2]
    weight = edges.weight
    precision = nodes.dtype if weight is None else torch.promote_types(weight.dtype, nodes.dtype)
    source, at, log_weight = flatten_edges(edges, sources, destinations, mask, precision)
    weights = torch.ones_like(source, dtype=precision) if log_weight is None else log_weight.exp()
    rows = samples * destinations
    share = (weights / sum_at(weights, at, rows)[at]).to(nodes.dtype)
    sent = nodes.flatten(0, 1)[source] * share.unsqueeze(1)
    return sum_at(sent, at, rows).view(samples, destinations, nodes.shape[2])
