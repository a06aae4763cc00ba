"""Holm's correction of several p-values."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from graphfuse.errors import InputError
from graphfuse.stats._checks import FloatArray


def holm(p_values: ArrayLike) -> FloatArray:
    """Adjust p-values so that the chance of any false rejection stays at the level.

    ``p_values``: shape [m]; returns shape [m] in the same order. NaN stays NaN and does not count
    as a comparison. Equal p-values get equal adjusted ones.

    Raises :class:`~graphfuse.errors.InputError` for anything but a flat list of numbers in [0, 1].

    Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of
    Statistics 6, 1979, https://www.jstor.org/stable/4615733

    Example:
        >>> holm([0.01, 0.04, float("nan"), 0.03]).round(6).tolist()
        [0.03, 0.06, nan, 0.06]
    """
    p = _checked(p_values)
    adjusted = np.full(len(p), np.nan)
    order = np.argsort(p, kind="stable")[: int(np.isfinite(p).sum())]
    steps = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps * p[order]))
    return adjusted


def _checked(p_values: ArrayLike) -> FloatArray:
    try:
        p = np.asarray(p_values, dtype=np.float64)
    except (TypeError, ValueError):
        p = np.array([-1.0])
    if p.ndim != 1 or (p < 0).any() or (p > 1).any():
        raise InputError(
            f"p_values must be a flat list of numbers between 0 and 1, got {p_values!r}; "
            "pass the p-values of the comparisons that belong together"
        )
    return p
