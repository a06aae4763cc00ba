"""Size of a difference relative to its spread."""

from __future__ import annotations

import math

from numpy.typing import ArrayLike

from graphfuse.stats._checks import check_differences
from graphfuse.stats._moments import moments


def effect_size(differences: ArrayLike) -> float:
    """Return the paired Cohen's d, the mean difference over its sample standard deviation.

    ``differences``: shape [n]; NaN and infinite ones are left out; fewer than two give NaN. Without
    any spread d is 0 if all differences are zero, and infinite, with their sign, if they are all
    the same other number. Scores of folds share training samples: d is then larger than for
    independent samples.

    Raises :class:`~graphfuse.errors.InputError` for anything but a flat list of numbers.

    Source: Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988 (there d_z),
    https://doi.org/10.4324/9780203771587

    Example:
        >>> effect_size([1, 3, 5])
        1.5
    """
    n, _, mean, std = moments(check_differences(differences))
    if n < 2:
        return math.nan
    if std == 0:
        return math.copysign(math.inf, mean) if mean else 0.0
    return mean / std
