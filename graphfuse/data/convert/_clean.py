"""What files of features share: numbers that are none, and names that occur twice."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphfuse.errors import InputError

logger = logging.getLogger(__name__)

PARTS = {
    "train": "train", "training": "train", "test": "test", "testing": "test", "dev": "validation",
    "val": "validation", "valid": "validation", "validation": "validation",
}  # fmt: skip
"""What the parts of a split are called, and their names here."""


def finite(given: Any, what: str) -> tuple[np.ndarray, int]:
    """Return values as float32 with 0 in place of NaN and infinite ones, and how many these are."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            values = np.array(given, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise InputError(f"{what} is not an array of numbers: {error}") from None
    strange = ~np.isfinite(values)
    values[strange] = 0
    return values, int(strange.sum())


def warn_of_replaced(counts: Counter[str]) -> None:
    """Warn of values that were not finite, by modality."""
    for m, count in sorted(counts.items()):
        if count:
            logger.warning("%s: %d NaN or infinite values became 0", m, count)


def unique(ids: Sequence[str]) -> list[str]:
    """Return the ids, those that occur again with a number after them."""
    named: dict[str, None] = {}
    for name in ids:
        new, number = name, 1
        while new in named:
            number += 1
            new = f"{name}#{number}"
        named[new] = None
    if repeated := len(ids) - len(set(ids)):
        logger.warning("%d ids occur again and got a number, such as '#2'", repeated)
    return list(named)
