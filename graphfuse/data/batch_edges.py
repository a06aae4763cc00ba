"""Edges of the samples of a batch, built from pairs of rows."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor

from graphfuse.data.ragged import Padding, Ragged
from graphfuse.data.sample import SparseEdges

DENSE_EDGES_UP_TO = 512 * 512
"""A batch's edges of one type are dense up to this many node pairs per sample."""
CACHE_UP_TO = 2**28
"""Bytes that the dense edges of one type in a dataset may take to be kept."""
FILLED_AT_ONCE = 1024
"""Samples whose edges are made dense at a time."""


def batch_edges(
    index: Ragged, weight: Tensor | None, rows: Tensor, source: Padding, destination: Padding
) -> Tensor | SparseEdges:
    """Return the edges of the given samples as [B, Ns, Nd], or sparse where there are very many."""
    sources, destinations = source.mask.shape[1], destination.mask.shape[1]
    position, owner = index.positions(rows)
    start, end = index.values.index_select(0, position).unbind(1)
    weight = None if weight is None else weight.index_select(0, position)
    if sources * destinations > DENSE_EDGES_UP_TO:
        return SparseEdges(
            torch.stack([owner * sources + start, owner * destinations + end]), weight
        )
    return _dense(owner, start, end, weight, (len(rows), sources, destinations))


def in_one_block(
    index: Ragged, weight: Tensor | None, source: Ragged, destination: Ragged
) -> Tensor | None:
    """Return edges of all samples as [n, Ns, Nd] where nodes are equally many in all of them.

    None where that takes more memory than pairs of rows, or too much.
    """
    shape = (len(index), source.width, destination.width)
    listed = index.values.nbytes + (0 if weight is None else weight.nbytes)
    size = prod(shape) * (1 if weight is None else weight.element_size())
    if size > min(listed, CACHE_UP_TO) or not 0 < prod(shape[1:]) <= DENSE_EDGES_UP_TO:
        return None
    dense = torch.empty(shape, dtype=torch.bool if weight is None else weight.dtype)
    for rows in torch.split(torch.arange(len(index)), FILLED_AT_ONCE):
        position, owner = index.positions(rows)
        start, end = index.values[position].unbind(1)
        own = None if weight is None else weight[position]
        dense[rows] = _dense(owner, start, end, own, (len(rows), *shape[1:]))
    return dense


def _dense(
    owner: Tensor,
    source: Tensor,
    destination: Tensor,
    weight: Tensor | None,
    shape: tuple[int, int, int],
) -> Tensor:
    """Return edges of samples ``owner`` as bool or float [B, Ns, Nd]; weights of one add up."""
    flat = (owner * shape[1]).add_(source).mul_(shape[2]).add_(destination)
    if weight is None:
        return torch.zeros(shape, dtype=torch.bool).view(-1).index_fill_(0, flat, True).view(shape)
    return torch.zeros(shape, dtype=weight.dtype).view(-1).index_add_(0, flat, weight).view(shape)
