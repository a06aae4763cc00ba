"""Edges of one type as a weighted incidence matrix, to send values in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from graphfuse.data import EdgeType, SparseEdges
from graphfuse.nn._sparse import flatten_edges, sum_at


class Dense(NamedTuple):
    """Weights of all pairs."""

    weight: Tensor  # [B, Ns, Nd]

    def to_destinations(self, values: Tensor) -> Tensor:
        """Return weighted sums [B, Nd, F] of values [B, Ns, F]."""
        return self.weight.transpose(1, 2) @ values

    def to_sources(self, values: Tensor) -> Tensor:
        """Return weighted sums [B, Ns, F] of values [B, Nd, F]."""
        return self.weight @ values

    def gate(self, source: Tensor, destination: Tensor) -> Dense:
        """Multiply each weight by the tanh of the sum of its ends [B, Ns, 1], [B, Nd, 1]."""
        return Dense(self.weight * (source + destination.transpose(1, 2)).tanh())


class Sparse(NamedTuple):
    """Rows of the ends of each edge, among the padded nodes of all samples, and its weight."""

    source: Tensor  # [E]
    destination: Tensor  # [E]
    weight: Tensor  # [E]
    shape: tuple[int, int, int]  # B, Ns, Nd

    def to_destinations(self, values: Tensor) -> Tensor:
        """Return weighted sums [B, Nd, F] of values [B, Ns, F]."""
        return self._send(values, self.source, self.destination, self.shape[2])

    def to_sources(self, values: Tensor) -> Tensor:
        """Return weighted sums [B, Ns, F] of values [B, Nd, F]."""
        return self._send(values, self.destination, self.source, self.shape[1])

    def gate(self, source: Tensor, destination: Tensor) -> Sparse:
        """Multiply each weight by the tanh of the sum of its ends [B, Ns, 1], [B, Nd, 1]."""
        both = source.flatten()[self.source] + destination.flatten()[self.destination]
        return self._replace(weight=self.weight * both.tanh())

    def _send(self, values: Tensor, start: Tensor, end: Tensor, count: int) -> Tensor:
        sent = values.flatten(0, 1)[start] * self.weight.unsqueeze(1)
        rows = sum_at(sent, end, self.shape[0] * count)
        return rows.view(self.shape[0], count, values.shape[2])


Incidence = Dense | Sparse


def incidences(
    given: Mapping[EdgeType, Tensor | SparseEdges],
    x: Mapping[str, Tensor],
    mask: Mapping[str, Tensor] | None,
) -> dict[EdgeType, Incidence]:
    """Return the edges between real nodes, in the highest precision of all nodes and weights.

    Sums and ratios of weights are then precise enough for all weights.
    """
    dtype = next(iter(x.values())).dtype
    for edges in given.values():
        weight = edges.weight if isinstance(edges, SparseEdges) else edges
        if weight is not None:
            dtype = torch.promote_types(dtype, weight.dtype)
    found: dict[EdgeType, Incidence] = {}
    for s, r, d in sorted(given):
        edges = given[s, r, d]
        if isinstance(edges, SparseEdges):
            sizes = (x[s].shape[0], x[s].shape[1], x[d].shape[1])
            real = None if mask is None else mask[s]
            source, at, log_weight = flatten_edges(edges, *sizes[1:], real, dtype)
            weight = torch.ones_like(at, dtype=dtype) if log_weight is None else log_weight.exp()
            if mask is not None:
                weight = weight * mask[d].flatten()[at]
            found[s, r, d] = Sparse(source, at, weight, sizes)
        else:
            weight = edges.to(dtype)
            if mask is not None:
                weight = weight * (mask[s].unsqueeze(2) & mask[d].unsqueeze(1))
            found[s, r, d] = Dense(weight)
    return found
