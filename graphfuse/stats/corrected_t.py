"""The paired t-test for cross-validated scores, whose folds are not independent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy import special

from graphfuse.stats._checks import check_differences, check_probability, check_ratio
from graphfuse.stats._moments import moments, spread_of


@dataclass(frozen=True, kw_only=True)
class PairedTest:
    """Outcome of a paired test: mean difference, its interval and the p-value.

    ``mean``, ``low`` and ``high`` are in units of the score. ``n`` counts the differences used.
    ``low``, ``high``, ``statistic`` and ``p_value`` are NaN where no test is possible.

    Example:
        >>> test = corrected_t_test([0.02, 0.01, 0.03], ratio=0.5)
        >>> test.n, test.df
        (3, 2)
    """

    mean: float
    low: float
    high: float
    statistic: float
    df: int
    p_value: float
    n: int


def corrected_t_test(
    differences: ArrayLike, ratio: float, level: float = 0.95, resolution: float = math.nan
) -> PairedTest:
    """Test whether the mean of paired, cross-validated differences is zero (two-sided).

    Training sets of different folds overlap, so the differences are correlated and the ordinary
    variance of their mean, ``var / n``, is too small. The corrected one is
    ``(1 / n + ratio) * var``, where ``ratio`` is ``n_test / n_train`` of one fold.

    ``differences``: shape [n], one per (repeat, fold); NaN and infinite ones are left out. Fewer
    than two of them, or a NaN ratio (unknown, for instance for one fixed split that is run with
    many seeds), give NaN for everything but the mean. If all are zero, p is 1.

    If all differences are the same other number (up to rounding, 1e-12 of the largest), their
    spread is hidden by the steps in which a score moves. ``resolution`` is that step, such as
    ``1 / n_test`` for an accuracy; the standard deviation of rounding to it,
    ``resolution / sqrt(12)``, then replaces the spread. If it is unknown (NaN), there is no valid
    test.

    Raises :class:`~graphfuse.errors.InputError` for differences that are not a flat list of
    numbers, a ratio that is not positive, or a level outside (0, 1).

    Source: Nadeau and Bengio, Inference for the Generalization Error, Machine Learning 52, 2003,
    https://doi.org/10.1023/A:1024068626366

    Example:
        >>> test = corrected_t_test([0.03, 0.01, 0.04, 0.02, 0.05], ratio=0.25)
        >>> print(f"{test.mean:.2f} [{test.low:.3f}, {test.high:.3f}], p = {test.p_value:.3f}")
        0.03 [0.001, 0.059], p = 0.047
    """
    check_ratio(ratio)
    check_probability("level", level, 0.95)
    found = moments(check_differences(differences))
    n, scale, mean, _ = found
    df = max(n - 1, 0)
    std = spread_of(found, resolution)
    if n < 2 or math.isnan(ratio) or math.isnan(std):
        nan = math.nan
        return PairedTest(
            mean=scale * mean, low=nan, high=nan, statistic=nan, df=df, p_value=nan, n=n
        )
    error = std * math.sqrt(1 / n + ratio)
    statistic = mean / error if error > 0 else 0.0
    margin = error * float(special.stdtrit(df, (1 + level) / 2))
    return PairedTest(
        mean=scale * mean,
        low=scale * (mean - margin),
        high=scale * (mean + margin),
        statistic=statistic,
        df=df,
        p_value=min(1.0, 2 * float(special.stdtr(df, -abs(statistic)))),
        n=n,
    )
