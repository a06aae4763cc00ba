"""Tell which samples of a dataset are nearly the same in all that they hold."""

from __future__ import annotations

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from graphfuse.data.dataset import FusionDataset
from graphfuse.data.ragged import Ragged

PLACES = 64
"""Numbers that describe what a sample holds of one modality."""
SEARCHED = 24
"""Numbers, of all modalities together, by which candidates are found."""
AWAY = np.float32(30)
"""Where a sample without a modality lies, in deviations: far from those that have it."""
BLOCK = 1024
"""Samples that are held against all others together."""
AT_ONCE = 2**16
"""Nodes, or candidates, that are worked on together."""
LOOKED_AT = 1000
"""Nodes that tell how often two agree in a feature by chance."""
SURE = 10
"""Bits by which agreement is less likely than in one pair of all: by chance in 1 of 1000."""
CROWD = 20
"""Neighbours of a sample on average from which on samples are alike by nature, not as copies."""


def near_duplicates(dataset: FusionDataset, tolerance: float = 0.1) -> np.ndarray:
    r"""Return the number [n] of the class of each sample: the same for those that nearly agree.

    Two samples nearly agree if they have the same modalities, and in none of these do their nodes
    differ by more than ``tolerance``: the root of the mean squared difference of 64 numbers in
    units of their deviations over the dataset. The numbers are means over the nodes of
    :math:`\cos(w^\top x + b)` with standardised features and positions x, random w and b, so that
    this is a distance of kernel mean embeddings (Muandet et al. 2017,
    https://arxiv.org/abs/1605.09522) by random features (Rahimi and Recht 2007,
    https://papers.nips.cc/paper/3182-random-features-for-large-scale-kernel-machines), and the
    order of nodes means nothing.

    Samples of few numbers, or of numbers with few values, may agree by chance and are no copies.
    What a sample says is counted in bits: the mean over features of :math:`-\log_2` of the share of
    pairs of nodes that agree in it, times the number of features that would be as independent as
    these are (one over the mean squared correlation), times the root of the number of nodes. A pair
    counts that says 10 bits more than it takes to tell all pairs of the dataset apart: two rows of
    a table of a few columns never do. Where samples have more than 20 others as near on average,
    they are alike by nature, and none counts.

    The same dataset always gives the same classes, in time that grows with the square of its
    samples. As ``groups`` of a dataset, they keep copies together in every split.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(100, 64))
        >>> x[99] = x[3] + 0.001
        >>> found = near_duplicates(FusionDataset.from_arrays({"a": x}))
        >>> np.flatnonzero(found == found[3])
        array([ 3, 99])
    """
    n = len(dataset)
    names = [m for m in dataset.schema.names if len(dataset.x[m].values)]
    if not names:
        return np.arange(n)
    present = {m: (dataset.x[m].counts > 0).numpy() for m in names}
    numbers = {m: _describe(dataset, m, present[m]) for m in names}
    pairs = _candidates([numbers[m] for m in names], [present[m] for m in names], tolerance)
    for m in names:
        first, second = pairs.T
        near = np.concatenate(
            [
                np.square(numbers[m][i] - numbers[m][j]).mean(1) <= tolerance**2
                for i, j in zip(_parts(first), _parts(second), strict=True)
            ]
        )
        pairs = pairs[near & (present[m][first] == present[m][second])]
    said = np.sum([_bits(dataset.x[m], tolerance) for m in names], axis=0)
    pairs = pairs[said[pairs].min(1) >= 2 * np.log2(n) + SURE]
    joined = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    found: np.ndarray = connected_components(joined, directed=False)[1]
    return found


def _describe(dataset: FusionDataset, m: str, present: np.ndarray) -> np.ndarray:
    """Return the numbers [n, PLACES] that describe a modality, standardised; 0 where it lacks."""
    column = dataset.x[m]
    parts = [column.values.flatten(1), *([dataset.pos[m]] if m in dataset.pos else [])]
    random = torch.Generator().manual_seed(0)
    ways = [torch.randn(p.shape[1], PLACES, generator=random) / p.shape[1] ** 0.5 for p in parts]
    phase = 2 * torch.pi * torch.rand(PLACES, generator=random)
    scales = [_mean_and_deviation(part) for part in parts]
    owner = torch.repeat_interleave(torch.arange(len(column)), column.counts)
    total = torch.zeros(len(column), PLACES, dtype=torch.float64)
    for rows in torch.split(torch.arange(len(owner)), AT_ONCE):
        angle = phase.expand(len(rows), -1)
        for part, way, (mean, deviation) in zip(parts, ways, scales, strict=True):
            angle = angle + (part[rows].float() - mean) / deviation @ way
        total.index_add_(0, owner[rows], angle.cos().double())
    means = (total / column.counts.clamp(min=1).unsqueeze(1)).numpy()
    known = means[present]
    deviation = known.std(0)
    varies = deviation > 1e-5  # less is rounding
    scaled = np.where(varies, (means - known.mean(0)) / np.where(varies, deviation, 1), 0)
    return np.where(present[:, None], scaled, 0).astype(np.float32)


def _mean_and_deviation(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and deviation [F] of some of values [nodes, F]; 1 where these are the same."""
    some = values[:: max(len(values) // AT_ONCE, 1)].double()
    mean, deviation = some.mean(0), some.std(0, correction=0)
    return mean.float(), torch.where(deviation > 1e-6 * mean.abs(), deviation, 1).float()


def _candidates(
    numbers: list[np.ndarray], present: list[np.ndarray], tolerance: float
) -> np.ndarray:
    """Return pairs [P, 2] that may be near; none where nearly everything is."""
    own = max(SEARCHED // len(numbers), 1)
    points = np.concatenate(
        [
            np.where(there[:, None], part[:, :own], AWAY)
            for part, there in zip(numbers, present, strict=True)
        ],
        axis=1,
    )
    # A few of all numbers differ by at most twice as much as all do, but for 1 pair in 10,000.
    most = points.shape[1] * (2 * tolerance) ** 2
    squares, one = np.square(points).sum(1), np.ones(len(points), np.float32)
    left = np.column_stack([points, squares, one])
    right = np.column_stack([-2 * points, one, squares])
    found, count = [np.zeros((0, 2), np.int64)], 0
    for start in range(0, len(points), BLOCK):
        apart = left[start : start + BLOCK] @ right[start:].T  # squared distances
        pairs = np.argwhere(apart <= most) + start
        found.append(pairs[pairs[:, 0] < pairs[:, 1]])
        count += len(found[-1])
        if 2 * count > CROWD * len(points):
            return found[0]
    return np.concatenate(found)


def _parts(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[start : start + AT_ONCE] for start in range(0, max(len(rows), 1), AT_ONCE)]


def _bits(column: Ragged, tolerance: float) -> np.ndarray:
    """Return how much each sample [n] says in a modality, in bits."""
    values = column.values.flatten(1)
    values = values[:: max(len(values) // LOOKED_AT, 1)].double()
    varied = values[:, values.std(0, correction=0) > 1e-6 * values.mean(0).abs()]
    nodes, features = varied.shape
    if nodes < 3 or not features:
        return np.zeros(len(column))
    z = (varied - varied.mean(0)) / varied.std(0, correction=0)
    ordered = z.T.contiguous().sort(1).values  # [F, nodes]
    # Of each node, those at or above it by up to twice the tolerance, less itself and those below.
    upto = torch.searchsorted(ordered, ordered + 2 * tolerance, right=True).double()
    agreeing = (upto - torch.arange(1, nodes + 1)).sum(1).clamp(min=1) / (nodes * (nodes - 1) / 2)
    # The mean squared correlation, less what that of independent features is by chance.
    squared = float((z @ z.T).square().mean()) / features**2
    independent = 1 / max((squared - 1 / nodes) / (1 - 1 / nodes), 1 / features)
    by_node = float(-agreeing.log2().mean()) * independent
    return by_node * column.counts.double().sqrt().numpy()
