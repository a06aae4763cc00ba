"""Minimum detectable difference of a comparison."""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, special, stats

from graphfuse.errors import InputError
from graphfuse.stats._checks import check_probability, check_ratio


def minimum_detectable_difference(
    differences_std: float, n: int, ratio: float, alpha: float = 0.05, power: float = 0.8
) -> float:
    """Return the smallest true difference that the corrected t-test finds with the given power.

    ``differences_std``: sample standard deviation of the paired differences; the result has its
    units. ``n``: number of differences; ``ratio``: ``n_test / n_train`` of one fold. The answer is
    exact under the model of the test (normal differences, equally correlated, of correlation
    ``ratio / (1 + ratio)``): the statistic is then noncentral t with ``n - 1`` degrees of freedom.
    Fewer than two differences, a NaN deviation or a NaN ratio give NaN.

    Raises :class:`~graphfuse.errors.InputError` for a negative deviation, a ratio that is not
    positive, alpha or power outside (0, 1), or a power that is not above alpha.

    Source: Nadeau and Bengio 2003, https://doi.org/10.1023/A:1024068626366, for the variance;
    Cohen 1988, https://doi.org/10.4324/9780203771587, for power through the noncentral t.

    Example:
        >>> print(f"{minimum_detectable_difference(0.02, n=25, ratio=0.25):.4f}")
        0.0315
    """
    check_ratio(ratio)
    check_probability("alpha", alpha, 0.05)
    check_probability("power", power, 0.8)
    if power <= alpha:
        raise InputError(
            f"power must be above alpha, got power={power} and alpha={alpha}; "
            "a test rejects with probability alpha where there is nothing to find"
        )
    if differences_std < 0 or math.isinf(differences_std):
        raise InputError(
            f"differences_std must be zero or more and finite, got {differences_std}; "
            "pass the sample standard deviation of the paired differences"
        )
    if n < 2 or math.isnan(differences_std) or math.isnan(ratio):
        return math.nan
    return differences_std * math.sqrt(1 / n + ratio) * _noncentrality(n - 1, alpha, power)


def _noncentrality(df: int, alpha: float, power: float) -> float:
    """Return the shift, in standard errors, at which a two-sided t-test reaches the power."""
    critical = float(special.stdtrit(df, 1 - alpha / 2))

    def shortfall(shift: float) -> float:
        # scipy gives NaN far out in the lower tail, where the probability is zero to all digits.
        lower = float(np.nan_to_num(stats.nct.cdf(-critical, df, shift)))
        return float(stats.nct.sf(critical, df, shift)) + lower - power

    top = 1.0
    while shortfall(top) < 0:
        top *= 2
    return float(optimize.brentq(shortfall, 0.0, top, xtol=1e-10))
