"""Ranks that are shared where strategies do not differ significantly."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from graphfuse.stats._checks import FloatArray, check_probability
from graphfuse.stats._table import DatasetScores, check_strategy, split_by_dataset
from graphfuse.stats.corrected_t import corrected_t_test
from graphfuse.stats.holm import holm

COLUMNS = ("dataset", "strategy", "n", "mean", "rank", "tied_with_best")
REFERENCE_COLUMNS = ("difference", "p_reference")


def tie_groups(
    scores: pd.DataFrame, reference: str | None = None, alpha: float = 0.05
) -> pd.DataFrame:
    """Rank the strategies of each dataset; those without a significant difference share a rank.

    The strategy with the highest mean leads the first group. Only strategies with the most scores
    can lead, so that a strategy does not win by failing on hard folds. Every strategy that is not
    significantly below the leader joins its group (:func:`corrected_t_test` on the folds both have,
    p-values after Holm's correction over all comparisons with this leader, significant at
    ``p <= alpha``). The best of the remaining strategies leads the next group, and so on. Ranks are
    competition ranks: a group's rank is one more than the number of strategies before it.

    A tie means that two strategies are not significantly different, not that they are equal: a
    strategy with few scores is easily tied. A strategy that shares fewer than two folds with the
    leader is tied with it. A noisy strategy can be tied with the leader while a steadier one with a
    higher mean is not, so that ranks need not follow the means.

    ``scores``: long table as in :func:`summarize`.

    Returns one row per (dataset, strategy), datasets by name, strategies by mean, highest first:
    ``n`` scores, their ``mean``, ``rank`` (1.0, 1.0, 3.0, ...) and ``tied_with_best`` (rank 1). A
    strategy without any score has rank NaN and is not tied. With a ``reference`` strategy, there
    are two more columns: ``difference``, the mean difference from it over common folds, and
    ``p_reference``, its p-value after Holm's correction over the comparisons with the reference.
    Both are NaN for the reference itself and on datasets without it. The reference does not change
    the ranks.

    Raises :class:`~graphfuse.errors.InputError` for a table that is not as in :func:`summarize` or
    alpha outside (0, 1), :class:`~graphfuse.errors.UnknownNameError` for a reference that no
    dataset has.

    Source: Nadeau and Bengio 2003, https://doi.org/10.1023/A:1024068626366; Holm 1979,
    https://www.jstor.org/stable/4615733; the grouping is graphfuse's own.

    Example:
        >>> scores = pd.DataFrame({"dataset": "d", "repeat": 0, "fold": [0, 1, 2] * 3,
        ...                        "strategy": ["graph"] * 3 + ["concat"] * 3 + ["vote"] * 3,
        ...                        "score": [.90, .82, .86, .89, .83, .84, .65, .59, .62]})
        >>> tie_groups(scores).round(3)
          dataset strategy  n   mean  rank  tied_with_best
        0       d    graph  3  0.860   1.0            True
        1       d   concat  3  0.853   1.0            True
        2       d     vote  3  0.620   3.0           False
    """
    check_probability("alpha", alpha, 0.05)
    datasets = split_by_dataset(scores)
    if reference is not None:
        check_strategy(reference, datasets)
    columns = COLUMNS if reference is None else (*COLUMNS, *REFERENCE_COLUMNS)
    rows = []
    for data in datasets:
        counts = np.isfinite(data.scores).sum(axis=1)
        ranks = _ranks(data, counts, alpha)
        against = [()] * len(ranks) if reference is None else _against(data, reference)
        for index, strategy in enumerate(data.strategies):
            values = data.single(index).values
            mean = float(values.mean()) if len(values) else float("nan")
            rank = float(ranks[index])
            rows.append(
                (data.dataset, strategy, len(values), mean, rank, rank == 1, *against[index])
            )
    return pd.DataFrame(rows, columns=list(columns))


def _ranks(data: DatasetScores, counts: Sequence[int], alpha: float) -> FloatArray:
    """Return the rank of each strategy, NaN where it has no score."""
    ranks = np.full(len(counts), np.nan)
    remaining = [index for index, count in enumerate(counts) if count > 0]
    rank = 1
    while remaining:
        most = max(counts[index] for index in remaining)
        leader = next(index for index in remaining if counts[index] == most)
        others = [index for index in remaining if index != leader]
        difference, p = _differences(data, leader, others)
        below = [
            index
            for index, gap, p_holm in zip(others, difference, p, strict=True)
            if gap > 0 and p_holm <= alpha
        ]
        group = [index for index in remaining if index not in below]
        ranks[group] = rank
        rank += len(group)
        remaining = below
    return ranks


def _differences(
    data: DatasetScores, one: int, others: Sequence[int]
) -> tuple[list[float], FloatArray]:
    """Return mean differences of one to the others, and their p-values after Holm's correction."""
    pairs = [data.paired(one, other) for other in others]
    tests = [corrected_t_test(p.values, p.ratio, resolution=p.resolution) for p in pairs]
    return [test.mean for test in tests], holm([test.p_value for test in tests])


def _against(data: DatasetScores, reference: str) -> list[tuple[float, ...]]:
    """Return (difference, p-value) of each strategy compared with the reference."""
    columns = np.full((len(data.strategies), 2), np.nan)
    names = [str(strategy) for strategy in data.strategies]
    if str(reference) in names:
        one = names.index(str(reference))
        others = [index for index in range(len(names)) if index != one]
        difference, p = _differences(data, one, others)
        columns[others] = np.column_stack([np.subtract(0.0, difference), p])
    return [tuple(row) for row in columns.tolist()]
