"""The strongest incoming edges of each node, ties included."""

from __future__ import annotations

import torch
from torch import Tensor

ROUNDING = 16
"""Strengths that differ by at most this many units of rounding count as equal."""


def kth_largest(values: Tensor, at: Tensor, k: Tensor | int) -> Tensor:
    """Return for each of values [E] the k-th largest of those with its ``at`` [E], [E].

    ``k`` is at least 1, [E] or one number; where fewer values are there, the least is returned.
    """
    order = values.argsort(descending=True)
    order = order[at[order].argsort(stable=True)]
    count = at.bincount()
    first = count.cumsum(0) - count
    return values[order[first[at] + count[at].clamp(max=k) - 1]]


def strongest(strength: Tensor, allowed: Tensor, keep: Tensor) -> Tensor:
    """Return bool [B, Nd, S]: the ``keep`` [B, Nd, 1] strongest allowed edges, with all ties.

    Strengths [B, Nd, S] are at most about 1.
    """
    if not strength.shape[2]:
        return allowed
    ranked = strength.masked_fill(~allowed, -torch.inf).sort(dim=2, descending=True).values
    last = ranked.gather(2, (keep - 1).clamp(min=0))
    return allowed & (strength >= last - ROUNDING * torch.finfo(strength.dtype).eps)


def strongest_listed(strength: Tensor, at: Tensor, keep: Tensor) -> Tensor:
    """Return bool [E]: of listed edges the ``keep`` [E] strongest with the same ``at`` [E]."""
    last = kth_largest(strength, at, keep)
    return strength >= last - ROUNDING * torch.finfo(strength.dtype).eps
