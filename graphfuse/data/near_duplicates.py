"""Find samples of a dataset that agree, or nearly agree, in all their nodes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from graphfuse.data.clusters import find_clusters
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.ragged import Ragged

PLACES = 64
"""Random features that describe the nodes of a sample in one modality."""
SEARCHED = 24
"""Random features, of all modalities together, by which candidates are found."""
AWAY = np.float32(30)
"""Coordinate of a sample that lacks a modality, in deviations: far from those that have it."""
BLOCK = 1024
"""Samples that are compared with all others at a time."""
AT_ONCE = 2**16
"""Nodes, or candidates, that are processed at a time."""
LOOKED_AT = 1000
"""Nodes from which the probability of agreement by chance is estimated."""
SURE = 10
"""Bits beyond 2 log2(n): at most 2**-11 pairs of a dataset are expected to agree by chance."""
CROWD = 20
"""Neighbours per sample, on average, above which nothing counts as a copy."""


def near_duplicates(dataset: FusionDataset, tolerance: float = 0.1) -> np.ndarray:
    r"""Return the cluster [n] of each sample; samples of one cluster nearly agree.

    Two samples nearly agree if they have the same modalities, and in each of these their nodes
    differ by at most ``tolerance``, in standard deviations. Nodes are compared as sets: by 64
    random features, means over the nodes of :math:`\cos(w^\top x + b)` with standardised features
    and positions x and random w and b. The root of the mean squared difference of these numbers,
    in units of their deviations over the dataset, is a distance of kernel mean embeddings (Muandet
    et al. 2017, https://arxiv.org/abs/1605.09522) by random features (Rahimi and Recht 2007,
    https://papers.nips.cc/paper/3182-random-features-for-large-scale-kernel-machines).

    Two samples that agree by chance are not reported. If nodes of different samples agree in
    feature f with probability :math:`q_f`, measured in the data, and the features are as
    informative as d independent ones, a pair of samples with one node each agrees by chance with
    probability :math:`2^{-b}`, :math:`b = -\frac{d}{F} \sum_f \log_2 q_f`. Of all :math:`n^2 / 2`
    pairs, :math:`n^2 2^{-b} / 2` are expected to. Pairs are reported where this is at most
    1/2048: where :math:`b \ge 2 \log_2 n + 10`. d is one over the mean squared correlation of the
    features, and b is multiplied by the root of the number of nodes, as nodes of one sample depend
    on one another. Rows of a table with few columns are never reported. Nothing is reported
    where samples have more than 20 neighbours on average: classes that are so tight are no copies.

    Measured by ``python -m benchmarks.near_duplicates`` on 1,000 samples of planted and built-in
    data with 20 planted copies: all copies with noise of up to 0.03 standard deviations are found
    where samples have at least 10 independent features, none with noise of 0.3, and no other pair
    is reported.

    The same dataset always gives the same clusters. The time grows with the square of the number
    of samples. As ``groups`` of a dataset, clusters keep copies together in every split.

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
    return find_clusters(pairs, n)


def _describe(dataset: FusionDataset, m: str, present: np.ndarray) -> np.ndarray:
    """Return standardised random features [n, PLACES] of a modality; 0 where it is missing."""
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
            # In double: values near the end of single precision are further apart than it reaches.
            angle = angle + ((part[rows].double() - mean) / deviation).float() @ way
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
    return mean, torch.where(deviation > _rounding(values) * mean.abs(), deviation, 1)


def _rounding(values: Tensor) -> float:
    """Return how far values may be off by rounding, relative to their size."""
    return 8 * torch.finfo(values.dtype if values.is_floating_point() else torch.float32).eps


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
    """Return b of each sample [n] in a modality: minus log2 of the chance of agreement."""
    values = column.values.flatten(1)
    rounding = _rounding(values)
    values = values[:: max(len(values) // LOOKED_AT, 1)].double()
    varied = values[:, values.std(0, correction=0) > rounding * values.mean(0).abs()]
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
