"""Probabilities that a strategy is better, worse, or practically equivalent."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numpy.typing import ArrayLike
from scipy import special

from graphfuse.stats._checks import check_differences, check_ratio, check_rope
from graphfuse.stats._moments import moments, spread_of


@dataclass(frozen=True, kw_only=True)
class Posterior:
    """Posterior probabilities of the mean difference; they sum to 1, or are all NaN.

    ``worse``: below ``-rope``; ``equivalent``: within the rope; ``better``: above ``+rope``.

    Example:
        >>> posterior = bayesian_correlated_t([0.04, 0.06, 0.05], ratio=0.5)
        >>> posterior.better > posterior.equivalent > posterior.worse
        True
    """

    worse: float
    equivalent: float
    better: float


def bayesian_correlated_t(
    differences: ArrayLike, ratio: float, rope: float = 0.01, resolution: float = math.nan
) -> Posterior:
    """Return how probable it is that the mean difference lies below, within or above the rope.

    Under the prior that is flat in the mean and in the logarithm of the variance, the posterior of
    the mean difference is a Student distribution with ``n - 1`` degrees of freedom, centred at the
    mean, of scale ``sqrt((1 / n + ratio) * var)``. The paper writes the ratio through the
    correlation of two folds, ``rho / (1 - rho)``, and takes ``rho = n_test / (n_test + n_train)``;
    then ``ratio`` is ``n_test / n_train`` as in :func:`corrected_t_test`.

    ``differences``: shape [n]; NaN and infinite ones are left out. ``rope`` (region of practical
    equivalence): half its width, in units of the score. Fewer than two differences or a NaN ratio
    give NaN. Differences that are all the same number other than zero: see ``resolution`` of
    :func:`corrected_t_test`; if all are zero the posterior is a point.

    Raises :class:`~graphfuse.errors.InputError` for differences that are not a flat list of
    numbers, a ratio that is not positive, or a negative rope.

    Source: Corani and Benavoli, A Bayesian approach for comparing cross-validated algorithms on
    multiple data sets, Machine Learning 100, 2015, https://doi.org/10.1007/s10994-015-5486-z;
    Benavoli, Corani, Demsar and Zaffalon, Time for a Change, JMLR 18, 2017,
    https://jmlr.org/papers/v18/16-305.html

    Example:
        >>> posterior = bayesian_correlated_t([0.03, 0.01, 0.04, 0.02, 0.05], ratio=0.25)
        >>> print(f"{posterior.worse:.2f} {posterior.equivalent:.2f} {posterior.better:.2f}")
        0.01 0.06 0.93
    """
    check_ratio(ratio)
    check_rope(rope)
    found = moments(check_differences(differences))
    n, scale, mean, _ = found
    std = spread_of(found, resolution)
    if n < 2 or math.isnan(ratio) or math.isnan(std):
        return Posterior(worse=math.nan, equivalent=math.nan, better=math.nan)
    half_width = rope / scale
    error = std * math.sqrt(1 / n + ratio)
    if error == 0:
        worse, better = float(mean < -half_width), float(mean > half_width)
    else:
        worse = float(special.stdtr(n - 1, (-half_width - mean) / error))
        better = float(special.stdtr(n - 1, (mean - half_width) / error))
    return Posterior(worse=worse, equivalent=max(0.0, 1 - worse - better), better=better)
