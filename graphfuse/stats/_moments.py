"""Mean and standard deviation, where rounding does not count as spread."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from graphfuse.stats._checks import FloatArray

# Differences of scores carry rounding of some 1e-16 of the score. A spread this small beside the
# values is that rounding, and must not be divided by as if it were variation between folds.
ROUNDING = 1e-12


class Moments(NamedTuple):
    """Mean and sample standard deviation, both in units of ``scale``.

    The unit keeps squares of very small and very large scores from under- and overflowing. It is
    the power of two just below the largest magnitude, so that dividing by it rounds nothing.
    ``std`` is exactly zero where all values agree up to rounding, and NaN for fewer than two.
    """

    n: int
    scale: float
    mean: float
    std: float


def moments(values: FloatArray) -> Moments:
    """Return the moments of finite values."""
    n = len(values)
    if n == 0:
        return Moments(0, 1.0, float("nan"), float("nan"))
    largest = float(np.abs(values).max())
    if largest == 0:
        return Moments(n, 1.0, 0.0, 0.0 if n > 1 else float("nan"))
    scale = math.ldexp(1.0, math.frexp(largest)[1] - 1)
    scaled = values / scale
    if n == 1:
        return Moments(1, scale, float(scaled[0]), float("nan"))
    std = float(scaled.std(ddof=1))
    if std <= ROUNDING:
        return Moments(n, scale, float(scaled[0]), 0.0)
    return Moments(n, scale, float(scaled.mean()), std)


def spread_of(m: Moments, resolution: float) -> float:
    """Return the standard deviation, or what stands in for one of zero, in units of ``scale``.

    Equal differences do not show that there is no variation: a share of ``n`` test samples moves in
    steps of ``1 / n``. Rounding to steps of the given resolution has the deviation of a uniform
    variable, ``resolution / sqrt(12)``. NaN where the resolution is not known.
    """
    return m.std if m.std != 0 or m.mean == 0 else resolution / m.scale / math.sqrt(12)


def subtract(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return a - b, exactly zero where the two agree up to rounding."""
    difference = a - b
    difference[np.abs(difference) <= ROUNDING * np.maximum(np.abs(a), np.abs(b))] = 0.0
    return difference
