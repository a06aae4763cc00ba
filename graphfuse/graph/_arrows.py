"""Statistical tests of which modality helps to predict which, used by :class:`Causal`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest

import numpy as np
from scipy import stats

from graphfuse.data import FusionDataset
from graphfuse.errors import InputError, MissingDependencyError

Pair = tuple[str, str]
SPARE = 5
"""A test needs this many more samples than there are products of components to test."""


def granger(
    train: FusionDataset,
    pairs: Sequence[Pair],
    alpha: float,
    max_lag: int,
    components: int,
    step: float,
    tolerance: float,
) -> Iterator[tuple[Pair, int]]:
    """Yield (source, destination) and lag of every arrow, at a false discovery rate of alpha."""
    series = {m: _series(train, m, components) for m in sorted({m for pair in pairs for m in pair})}
    test = partial(_test_lags, step=step, tolerance=tolerance)
    alone = {(s, d): test(series[s], series[d], [], max_lag) for s, d in pairs}
    if not any(found for found, _ in alone.values()):
        most = max(samples for _, samples in alone.values())
        raise _too_few(f"with nodes {step} apart in time in both modalities", most)
    least = {pair: min(found, default=1.0) for pair, (found, _) in alone.items()}
    tests, values = [], list[float]()
    for (s, d), (found, samples) in alone.items():
        if least[s, d] <= alpha:
            leads = [o for o, end in pairs if end == d and o != s and least[o, d] <= alpha]
            others = [series[o] for o in sorted(leads, key=lambda o: least[o, d])]
            given = _test_given(partial(test, series[s], series[d]), others, len(found), samples)
            # As with PC, an arrow has the largest p-value of its tests.
            found = [max(both) for both in zip_longest(found, given, fillvalue=0.0)]
        tests += [((s, d), lag) for lag in range(1, len(found) + 1)]
        values += found
    adjusted = stats.false_discovery_control(values)
    return (arrow for arrow, p in zip(tests, adjusted, strict=True) if p <= alpha)


def pc(
    train: FusionDataset, pairs: Sequence[Pair], alpha: float, components: int
) -> Iterator[tuple[Pair, int]]:
    """Yield the arrows of the PC algorithm on the mean nodes of each sample, with lag 0."""
    try:
        from causallearn.utils.PCUtils.Meek import meek
        from causallearn.utils.PCUtils.SkeletonDiscovery import skeleton_discovery
        from causallearn.utils.PCUtils.UCSepset import uc_sepset
    except ImportError:
        raise MissingDependencyError("causal-learn", "causal", "Causal(method='pc')") from None
    test = _Independence(train, components)
    skeleton = skeleton_discovery(test.present, alpha, test, show_progress=False)
    # If colliders contradict each other, the edge points both ways, whichever was found first.
    graph = meek(uc_sepset(skeleton, 1)).G.graph
    # An edge has the largest p-value of its tests, which is corrected (Strobl et al. 2019).
    tested = sorted(test.worst)
    if not tested:
        raise _too_few("with both modalities", test.most)
    adjusted = stats.false_discovery_control([test.worst[pair] for pair in tested])
    sure = {pair for pair, p in zip(tested, adjusted, strict=True) if p <= alpha}
    place = {m: i for i, m in enumerate(train.schema.names)}
    for s, d in pairs:
        i, j = place[s], place[d]
        points_back = graph[i, j] == 1 and graph[j, i] == -1  # head at i, tail at j
        if (min(i, j), max(i, j)) in sure and graph[i, j] != 0 and not points_back:
            yield (s, d), 0


def p_value(x: np.ndarray, y: np.ndarray, given: np.ndarray, sample: np.ndarray) -> float:
    """Test whether x [n, p] and y [n, q] are uncorrelated after regressing both on ``given``.

    The products of the residuals are summed over each sample. An F-test (Hotelling's) then tests
    whether the mean of these sums is zero. Rows of one sample may depend on each other, and
    samples may differ in variance, as those of different classes do.
    """
    given = np.column_stack([np.ones(len(x)), given])
    both = np.column_stack([x, y])
    both = both - given @ np.linalg.lstsq(given, both, rcond=None)[0]
    both *= (
        both.var(0) > 1e-8
    )  # residuals of a variable that is fully explained are rounding errors
    products = both[:, : x.shape[1], None] * both[:, None, x.shape[1] :]
    different, owner = np.unique(sample, return_inverse=True)
    sums = np.zeros((len(different), products[0].size))
    np.add.at(sums, owner, products.reshape(len(x), -1))
    spread, direction = np.linalg.eigh(np.atleast_2d(np.cov(sums.T)))
    kept = spread > 1e-9 * spread[-1]
    n, q = len(sums), int(kept.sum())
    if q == 0:
        return 1.0
    squared = n * ((sums.mean(0) @ direction[:, kept]) ** 2 / spread[kept]).sum()
    squared *= 1 - given.shape[1] / len(x)  # residuals are smaller than the errors
    return float(stats.f.sf(squared * (n - q) / (q * (n - 1)), q, n - q))


@dataclass(frozen=True)
class _Series:
    """Scores [n, k] at keys sorted by sample, then time: complex numbers compare in that order."""

    key: np.ndarray
    score: np.ndarray

    @property
    def sample(self) -> np.ndarray:
        return self.key.real.astype(np.int64)

    def at(self, key: np.ndarray, tolerance: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the scores at the given keys, and a mask of the keys that exist."""
        place = np.searchsorted(self.key, key - 1j * tolerance)
        nearest = self.key[np.minimum(place, len(self.key) - 1)]
        found = (place < len(self.key)) & (nearest.real == key.real)
        found &= nearest.imag <= key.imag + tolerance
        return self.score[np.minimum(place, len(self.key) - 1)], found


def _series(train: FusionDataset, m: str, components: int) -> _Series:
    column = train.x[m]
    scores = _principal_scores(column.values.flatten(1).double().numpy(), components)
    owner = np.repeat(np.arange(len(train)), column.counts.numpy())
    key, place, count = np.unique(
        owner + 1j * train.pos[m][:, 0].double().numpy(), return_inverse=True, return_counts=True
    )
    total = np.zeros((len(key), scores.shape[1]))
    np.add.at(total, place, scores)
    return _Series(key, total / count[:, None])


def _test_given(
    test: Callable[[Sequence[_Series], int], tuple[list[float], int]],
    others: Sequence[_Series],
    max_lag: int,
    samples: int,
) -> list[float]:
    """Return one p-value per lag, given the past of all others that half of the samples have."""
    kept, found = list[_Series](), list[float]()
    for other in others:
        more, left = test([*kept, other], max_lag)
        if more and left >= samples / 2:
            kept, found = [*kept, other], more
    return found


def _test_lags(
    source: _Series,
    target: _Series,
    others: Sequence[_Series],
    max_lag: int,
    step: float,
    tolerance: float,
) -> tuple[list[float], int]:
    """Return one p-value per lag, given the past of target and others; and the samples of lag 1."""
    sides = (source, target, *others)
    width = sum(side.score.shape[1] for side in sides)
    products = source.score.shape[1] * target.score.shape[1]
    if not products:
        return [], 0
    keys = [target.key - 1j * lag * step for lag in range(1, max_lag + 1)]
    looked_up = [[side.at(key, tolerance * step) for key in keys] for side in sides]
    seen = np.logical_and.accumulate(
        [np.all([there for _, there in lag], axis=0) for lag in zip(*looked_up, strict=True)]
    )
    samples = np.array([len(np.unique(target.sample[rows])) for rows in seen])
    enough = (samples >= max(products + SPARE, samples[0] / 2)) & (
        seen.sum(1) > 2 * width * np.arange(1, max_lag + 1)
    )
    if not enough.any():
        return [], int(samples[0])
    lags = int(enough.nonzero()[0].max()) + 1
    rows = seen[lags - 1]
    past = [score[rows] for side in looked_up for score, _ in side[:lags]]
    return [
        p_value(
            past[lag],
            target.score[rows],
            np.column_stack(past[:lag] + past[lag + 1 :]),
            target.sample[rows],
        )
        for lag in range(lags)
    ], int(samples[0])


class _Independence:
    """Conditional independence of modalities, on the samples that have all of them."""

    method = "mean nodes"

    def __init__(self, train: FusionDataset, components: int) -> None:
        self.present = np.column_stack([train.x[m].counts.numpy() > 0 for m in train.schema.names])
        self.scores = [self._means(train, m, components) for m in train.schema.names]
        self.worst: dict[tuple[int, int], float] = {}
        self.most = 0

    def __call__(self, i: int, j: int, given: Sequence[int]) -> float:
        rows = self.present[:, [i, j, *given]].all(1)
        x, y, *others = (self.scores[k][rows] for k in (i, j, *given))
        z = np.column_stack([np.zeros((len(x), 0)), *others])
        self.most = max(self.most, len(x))
        products = x.shape[1] * y.shape[1]
        if not products or len(x) < max(products + SPARE, 2 * (z.shape[1] + 1)):
            return 0.0 if others else 1.0  # cannot be tested: no edge is added or removed
        p = p_value(x, y, z, np.flatnonzero(rows))
        pair = (min(i, j), max(i, j))
        self.worst[pair] = max(p, self.worst.get(pair, 0.0))
        return p

    @staticmethod
    def _means(train: FusionDataset, m: str, components: int) -> np.ndarray:
        column = train.x[m]
        counts = column.counts.numpy()
        nodes = column.values.flatten(1).double().numpy()
        total = np.zeros((len(train), nodes.shape[1]))
        np.add.at(total, np.repeat(np.arange(len(train)), counts), nodes)
        present = counts > 0
        scores = _principal_scores(total[present] / counts[present, None], components)
        filled = np.full((len(train), scores.shape[1]), np.nan)
        filled[present] = scores
        return filled


def _too_few(what: str, found: int) -> InputError:
    return InputError(
        f"too few samples to find causal arrows: a test of two modalities needs {SPARE} more "
        f"samples {what} than products of their components, but there are at most {found}. Use "
        f"more samples or fewer components, and set step to the time between nodes"
    )


def _principal_scores(rows: np.ndarray, components: int) -> np.ndarray:
    """Return the leading principal components of standardised features, each of variance 1."""
    if not len(rows):
        return np.zeros((0, 0))
    # Sorted, so that not even rounding depends on the order of samples.
    as_bytes = np.ascontiguousarray(rows).view(f"V{rows.itemsize * rows.shape[1]}").ravel()
    ordered = rows[as_bytes.argsort()]
    centre, spread = ordered.mean(0), ordered.std(0)
    varies = spread > 1e-6 * np.abs(ordered).max(0)
    ordered = (ordered[:, varies] - centre[varies]) / spread[varies]
    value, vector = np.linalg.eigh(ordered.T @ ordered / len(ordered))
    leading = np.arange(len(value))[::-1][:components]
    leading = leading[value[leading] > 1e-6 * value.sum()]
    scores = (rows[:, varies] - centre[varies]) / spread[varies] @ vector[:, leading]
    return np.asarray(scores / np.sqrt(value[leading]))
