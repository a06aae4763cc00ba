"""Mean and interval of every strategy on every dataset."""

from __future__ import annotations

import pandas as pd

from graphfuse.stats._checks import check_probability
from graphfuse.stats._moments import moments
from graphfuse.stats._table import split_by_dataset
from graphfuse.stats.corrected_t import corrected_t_test

COLUMNS = ("dataset", "strategy", "n", "mean", "std", "low", "high", "failed")


def summarize(scores: pd.DataFrame, level: float = 0.95) -> pd.DataFrame:
    """Return mean, spread and interval of the scores of each strategy on each dataset.

    ``scores``: long table with the columns dataset, strategy, repeat, fold, score and optionally
    n_train and n_test, the sample counts of the fold; a score that is NaN or infinite is a failed
    run.

    Returns one row per (dataset, strategy), datasets by name, strategies by mean, highest first:
    ``n`` scores used, their ``mean``, sample ``std``, the interval ``low`` to ``high`` of the mean
    with the corrected variance of :func:`corrected_t_test`, and ``failed`` runs. Values are NaN
    where there are too few scores or the ratio n_test / n_train is unknown.

    The ratio comes from n_train and n_test; without them it is ``1 / (folds - 1)`` for the distinct
    folds of the dataset. For a single fold without sample counts it is unknown. Leave the counts
    out for one fixed split that is run with many seeds: no correction is valid there, as nothing
    shows how the scores would change with the split. With sample counts, repeats of a single fold
    count as random splits.

    These intervals are about one strategy. To see whether two strategies differ, compare them on
    the same folds: see :func:`compare_pairs`.

    Raises :class:`~graphfuse.errors.InputError` for a table that is not as above, or a level
    outside (0, 1).

    Source: Nadeau and Bengio 2003, https://doi.org/10.1023/A:1024068626366

    Example:
        >>> scores = pd.DataFrame({"dataset": "d", "strategy": ["concat"] * 3, "repeat": 0,
        ...                        "fold": [0, 1, 2], "score": [0.70, 0.80, 0.75]})
        >>> summarize(scores).round(3)
          dataset strategy  n  mean   std    low   high  failed
        0       d   concat  3  0.75  0.05  0.554  0.946       0
    """
    check_probability("level", level, 0.95)
    rows = []
    for data in split_by_dataset(scores):
        for index, strategy in enumerate(data.strategies):
            values, ratio, step = data.single(index)
            test = corrected_t_test(values, ratio, level, step)
            spread = moments(values)
            rows.append(
                (
                    data.dataset,
                    strategy,
                    test.n,
                    test.mean,
                    spread.scale * spread.std,
                    test.low,
                    test.high,
                    data.failed[index],
                )
            )
    return pd.DataFrame(rows, columns=list(COLUMNS))
