"""Checks of the arguments of the tests."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from graphfuse.errors import InputError

FloatArray = NDArray[np.float64]


def check_differences(differences: ArrayLike) -> FloatArray:
    """Return the finite differences as a flat array; NaN and infinite ones count as missing."""
    try:
        values = np.asarray(differences, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"differences must be numbers, got {differences!r}; "
            "pass one number for each pair of runs"
        ) from error
    if values.ndim != 1:
        raise InputError(
            f"differences must be one-dimensional, got shape {values.shape}; "
            "pass one number for each pair of runs"
        )
    return values[np.isfinite(values)]


def check_ratio(ratio: float) -> None:
    """Refuse a ratio that no split can have; NaN is an unknown ratio."""
    if ratio <= 0 or math.isinf(ratio):
        raise InputError(
            f"ratio must be positive and finite, got {ratio}; pass n_test / n_train of one fold, "
            "for k-fold cross-validation 1 / (k - 1)"
        )


def check_rope(rope: float) -> None:
    """Refuse a negative region of practical equivalence."""
    if not rope >= 0:
        raise InputError(
            f"rope must be zero or more, got {rope}; pass the largest difference in score that "
            "makes no practical difference, for example 0.01"
        )


def check_probability(name: str, value: float, example: float) -> None:
    """Refuse a level, alpha or power outside the open interval (0, 1)."""
    if not 0 < value < 1:
        raise InputError(
            f"{name} must lie strictly between 0 and 1, got {value}; pass for example {example}"
        )
