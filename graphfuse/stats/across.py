"""Strategies compared over several datasets."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import combinations

import numpy as np
import pandas as pd

from graphfuse.stats._checks import FloatArray
from graphfuse.stats._moments import subtract
from graphfuse.stats._table import split_by_dataset
from graphfuse.stats.holm import holm
from graphfuse.stats.wilcoxon import signed_rank_p, smallest_p

# With fewer datasets no p-value can fall below 0.05.
FEWEST_DATASETS = 6


def across_datasets(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the mean rank of each strategy over datasets, and how often it is the best.

    ``scores``: long table as in :func:`summarize`. A dataset counts if some (repeat, fold) has a
    score of every strategy in the table. Its score for a strategy is the mean over those common
    folds, so that a strategy does not gain by failing on a hard fold.

    Returns one row per strategy, lowest mean rank first, then by name: ``mean_rank`` (1 is the
    highest score, equal scores share their mean rank), ``wins`` (datasets in which no strategy
    scores higher; ties count for all of them) and ``n`` datasets. ``.attrs["smallest_p"]`` is the
    smallest p-value that these datasets can give, see :func:`across_pairs`.

    A mean rank depends on which other strategies are in the table, so it is a description, not a
    verdict.

    Raises :class:`~graphfuse.errors.InputError` for a table that is not as in :func:`summarize`.

    Source: Demsar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 7, 2006,
    https://jmlr.org/papers/v7/demsar06a.html; Benavoli, Corani and Mangili, Should We Really Use
    Post-Hoc Tests Based on Mean-Ranks?, JMLR 17, 2016, https://arxiv.org/abs/1505.02288

    Example:
        >>> scores = pd.DataFrame({"dataset": ["x", "x", "y", "y", "z", "z"], "repeat": 0,
        ...                        "fold": 0, "strategy": ["graph", "concat"] * 3,
        ...                        "score": [0.9, 0.8, 0.7, 0.6, 0.5, 0.6]})
        >>> table = across_datasets(scores)
        >>> table.round(2)
          strategy  mean_rank  wins  n
        0    graph       1.33     2  3
        1   concat       1.67     1  3
        >>> table.attrs["smallest_p"]
        0.25
    """
    strategies, means = _complete_means(scores)
    n = means.shape[1]
    rows = []
    for index, strategy in enumerate(strategies):
        gaps = np.stack([subtract(other, means[index]) for other in means])
        above = (gaps > 0).sum(axis=0)
        # A strategy always ties with itself, which does not count.
        ranks = 1 + above + ((gaps == 0).sum(axis=0) - 1) / 2
        mean_rank = float(ranks.mean()) if n else float("nan")
        rows.append((strategy, mean_rank, int((above == 0).sum()), n))
    rows.sort(key=lambda row: (row[1], str(row[0])))
    return _with_floor(pd.DataFrame(rows, columns=["strategy", "mean_rank", "wins", "n"]), n)


def across_pairs(scores: pd.DataFrame) -> pd.DataFrame:
    """Test every two strategies over datasets with the Wilcoxon signed-rank test.

    ``scores``, and the datasets that count: as in :func:`across_datasets`.

    Returns one row per unordered pair, a before b by mean rank: ``difference`` (mean over datasets
    of a - b), ``p_value`` (exact, see :func:`signed_rank_p`), ``p_holm`` (Holm's correction over
    all pairs) and ``n`` datasets. With fewer than 6 datasets the p-values are NaN, as none could
    fall below 0.05; ``.attrs["smallest_p"]`` is the smallest p-value that n datasets can give,
    before the correction.

    Raises :class:`~graphfuse.errors.InputError` for a table that is not as in :func:`summarize`.

    Source: Demsar 2006, https://jmlr.org/papers/v7/demsar06a.html

    Example:
        >>> scores = pd.DataFrame({"dataset": list("uvwxyz") * 2, "repeat": 0, "fold": 0,
        ...                        "strategy": ["graph"] * 6 + ["concat"] * 6,
        ...                        "score": [.91, .82, .73, .64, .55, .86] + [.5] * 6})
        >>> across_pairs(scores)[["a", "b", "p_value", "p_holm", "n"]]
               a       b  p_value   p_holm  n
        0  graph  concat  0.03125  0.03125  6
    """
    strategies, means = _complete_means(scores)
    n = means.shape[1]
    order = [strategies.index(name) for name in across_datasets(scores)["strategy"]]
    rows = []
    for a, b in combinations(order, 2):
        gaps = subtract(means[a], means[b])
        p = signed_rank_p(gaps) if n >= FEWEST_DATASETS else float("nan")
        difference = float(gaps.mean()) if n else float("nan")
        rows.append((strategies[a], strategies[b], difference, p, float("nan"), n))
    table = pd.DataFrame(rows, columns=["a", "b", "difference", "p_value", "p_holm", "n"])
    table["p_holm"] = holm(table["p_value"].to_numpy(dtype=np.float64))
    return _with_floor(table, n)


def _complete_means(scores: pd.DataFrame) -> tuple[list[Hashable], FloatArray]:
    """Return the strategies and their mean scores [strategies, complete datasets]."""
    datasets = split_by_dataset(scores)
    strategies = sorted({name for data in datasets for name in data.strategies}, key=str)
    columns = []
    for data in datasets:
        if len(data.strategies) < len(strategies):
            continue
        block = data.scores[[data.strategies.index(name) for name in strategies]]
        common = np.isfinite(block).all(axis=0)
        if common.any():
            columns.append(block[:, common].mean(axis=1))
    means = np.stack(columns, axis=1) if columns else np.empty((len(strategies), 0))
    return strategies, means


def _with_floor(table: pd.DataFrame, n: int) -> pd.DataFrame:
    table.attrs["smallest_p"] = smallest_p(n)
    return table
