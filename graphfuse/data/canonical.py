"""Directions in which several modalities agree most: canonical correlation analysis."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from graphfuse.data.ragged import Ragged

RIDGE = 1e-2
"""Added to a view's covariance at least, in units of its mean variance."""


def mean_nodes(column: Ragged) -> Tensor:
    """Return the mean of each sample's nodes in double, [n, F]; zero for a sample without any."""
    nodes = column.values.flatten(1).double()
    owner = torch.repeat_interleave(torch.arange(len(column)), column.counts)
    total = nodes.new_zeros(len(column), nodes.shape[1]).index_add_(0, owner, nodes)
    return total / column.counts.clamp(min=1).unsqueeze(1)


def canonical_directions(views: Sequence[Tensor], present: Tensor, components: int) -> list[Tensor]:
    r"""Return the canonical directions [F, components] of each view, best first.

    Views [n, F] are whitened, :math:`z = W (x - \bar x)` with
    :math:`W = (\mathrm{Cov}(x) + \text{ridge})^{-1/2}` over the n samples that have the view. The
    ridge (Vinod 1976, https://doi.org/10.1016/0304-4076(76)90010-5) is F / n of the mean variance,
    at least 1 %: where samples are few for the features, directions of little variance correlate
    by chance alone. The directions are :math:`W_i u_i`, where :math:`u` side by side is an
    eigenvector of

    .. math:: R_{ij} = \mathrm{E}[z_i z_j^\top] \quad (i \ne j), \qquad R_{ii} = I

    with each block over the samples that have both views, bool ``present`` [n, views]. With two
    views that is CCA (Hotelling 1936, https://doi.org/10.1093/biomet/28.3-4.321) and the
    eigenvalue is 1 plus the correlation; with more it is MAXVAR (Kettenring 1971,
    https://doi.org/10.1093/biomet/58.3.433). A direction without any correlation is zero, as it
    would be arbitrary, and the sign is fixed by the direction itself: no order of samples matters.

    Example:
        >>> x = torch.randn(100, 3, generator=torch.Generator().manual_seed(0)).double()
        >>> a, b = canonical_directions([x, x[:, :2]], torch.ones(100, 2).bool(), 2)
        >>> list(a.shape), bool(torch.allclose(a[:2], b, atol=0.02)), bool(a[2].abs().max() < 0.02)
        ([3, 2], True, True)
    """
    whitened = [_whiten(view, present[:, i]) for i, view in enumerate(views)]
    blocks = [
        [
            torch.eye(z.shape[1], dtype=z.dtype)
            if i == j
            else z.T @ other / (present[:, i] & present[:, j]).sum().clamp(min=1)
            for j, (_, other) in enumerate(whitened)
        ]
        for i, (_, z) in enumerate(whitened)
    ]
    value, vector = torch.linalg.eigh(torch.cat([torch.cat(row, dim=1) for row in blocks]))
    value, vector = value.flip(0)[:components], vector.flip(1)[:, :components]
    vector = vector * (value > 1 + 1e-6) * len(views) ** 0.5
    parts = torch.split(vector, [z.shape[1] for _, z in whitened])
    stacked = torch.cat([w @ part for (w, _), part in zip(whitened, parts, strict=True)])
    # An uneven sum of the entries, so that no symmetry makes it vanish, says which way is up.
    uneven = torch.arange(1, len(stacked) + 1, dtype=stacked.dtype).cos()
    stacked = stacked * torch.where(uneven @ stacked < 0, -1, 1)
    stacked = F.pad(stacked, (0, components - stacked.shape[1]))
    return list(torch.split(stacked, [view.shape[1] for view in views]))


def _whiten(view: Tensor, present: Tensor) -> tuple[Tensor, Tensor]:
    """Return a whitening [F, r] and the whitened rows [n, r], zero where the view is missing."""
    rows = view[present].double()
    centred = rows - rows.mean(0) if len(rows) else rows
    _, deviation, axes = torch.linalg.svd(centred / max(len(rows), 1) ** 0.5, full_matrices=False)
    variance = deviation.square()
    share = max(RIDGE, view.shape[1] / max(len(rows), 1))
    ridge = share * variance.sum() / view.shape[1] + torch.finfo(variance.dtype).eps
    whitening = axes.T * (variance + ridge).rsqrt()
    scores = whitening.new_zeros(len(view), len(deviation))
    scores[present] = centred @ whitening
    return whitening, scores
