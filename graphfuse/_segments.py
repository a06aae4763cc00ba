"""Order within groups of values that are given as a list."""

from __future__ import annotations

from torch import Tensor


def kth_largest(values: Tensor, at: Tensor, k: Tensor | int) -> Tensor:
    """Return for each of values [E] the k-th largest of those with its ``at`` [E], [E].

    ``k`` is at least 1, [E] or one number; where fewer values are there, the least is returned.
    """
    order = values.argsort(descending=True)
    order = order[at[order].argsort(stable=True)]
    count = at.bincount()
    first = count.cumsum(0) - count
    return values[order[first[at] + count[at].clamp(max=k) - 1]]
