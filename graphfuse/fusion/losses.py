"""Loss terms besides the task's loss, and helpers that they share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import torch
from torch import Tensor
from torch.nn import functional as F

from graphfuse.data import Batch


def any_labelled(batch: Batch) -> Tensor:
    """Return whether any sample of the batch has a label.

    Terms that need no label are multiplied by this value: the loss of a batch without labels is
    zero, and a batch with some labels is used as a whole.
    """
    y: Tensor = batch.y
    known = ~y.isnan() if y.is_floating_point() else y >= 0
    return known.any()


def mean_over_pairs(
    measure: Callable[[Tensor, Tensor], Tensor],
    vectors: Tensor,
    present: Tensor,
    pairs: Sequence[tuple[int, int]] | None = None,
    least: int = 2,
) -> Tensor:
    """Return the mean of ``measure(left, right)`` over pairs of vectors of the same sample.

    ``vectors`` are [B, V, C] and ``present`` is bool [B, V]. Each pair of the V vectors (by default
    all pairs) is measured on the b samples that have both, [b, C] each. A pair that fewer than
    ``least`` samples have is left out.
    """
    found = []
    for i, j in combinations(range(vectors.shape[1]), 2) if pairs is None else pairs:
        both = present[:, i] & present[:, j]
        if int(both.sum()) >= least:
            found.append(measure(vectors[both, i], vectors[both, j]))
    return torch.stack(found).mean() if found else vectors.sum() * 0


def info_nce(left: Tensor, right: Tensor, temperature: float) -> Tensor:
    r"""Return how badly rows [b, C] of one side find their own row among those of the other.

    .. math:: -\frac{1}{2b} \sum_i \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ij}}}
        + \log \frac{e^{s_{ii}}}{\sum_j e^{s_{ji}}}, \qquad
        s_{ij} = \frac{\cos(l_i, r_j)}{\text{temperature}}

    (van den Oord et al. 2018, https://arxiv.org/abs/1807.03748, in both directions as in CLIP,
    Radford et al. 2021, https://arxiv.org/abs/2103.00020).

    Example:
        >>> rows = torch.eye(3)
        >>> float(info_nce(rows, rows, 0.1)) < 1e-3 < float(info_nce(rows, rows.roll(1, 0), 0.1))
        True
    """
    similarity = F.normalize(left, dim=1) @ F.normalize(right, dim=1).T / temperature
    pairs = torch.arange(len(left), device=left.device)
    return (F.cross_entropy(similarity, pairs) + F.cross_entropy(similarity.T, pairs)) / 2
