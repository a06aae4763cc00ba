"""Message passing along edges given as index pairs: gather at the sources, sum at destinations.

Memory and time are proportional to the number of edges; on the dense path, they are proportional
to the number of node pairs.
"""

from __future__ import annotations

import torch
from torch import Tensor

from graphfuse.data import SparseEdges


def flatten_edges(
    edges: Tensor | SparseEdges,
    sources: int,
    destinations: int,
    source_mask: Tensor | None,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return source rows [E], destination rows [E] and log weights [E] (None if all weigh 1).

    Rows number the padded nodes of all samples. Edges of weight 0 and edges from padded nodes are
    left out. Duplicate edges are returned once.
    """
    if isinstance(edges, SparseEdges):
        edges = edges.coalesce(sources, destinations)
        (source, destination), weight = edges.index, edges.weight
    else:
        sample, i, j = (edges > 0).nonzero().T
        source, destination = sample * sources + i, sample * destinations + j
        weight = edges[sample, i, j] if edges.is_floating_point() else None
    kept = torch.ones_like(source, dtype=torch.bool) if weight is None else weight > 0
    if source_mask is not None:
        kept = kept & source_mask.flatten()[source]
    source, destination = source[kept], destination[kept]
    if weight is None:
        return source, destination, None
    lowest = torch.finfo(dtype).min / 4
    return source, destination, weight[kept].log().to(dtype).clamp(min=lowest)


def segment_softmax(logits: Tensor, at: Tensor, total: int) -> Tensor:
    """Return the softmax of logits [E, H] among the edges with the same ``at`` [E]."""
    place = at.unsqueeze(1).expand_as(logits)
    highest = logits.new_zeros(total, logits.shape[1])
    highest = highest.scatter_reduce(0, place, logits.detach(), "amax", include_self=False)
    share = (logits - highest[at]).exp()
    return share / sum_at(share, at, total)[at]


def sum_at(values: Tensor, at: Tensor, total: int) -> Tensor:
    """Sum rows of values [E, ...] that have the same ``at`` [E]; return [total, ...]."""
    return values.new_zeros(total, *values.shape[1:]).index_add(0, at, values)
