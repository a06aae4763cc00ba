"""Helpers of the formats of features: non-finite values, and names that occur twice."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from graphfuse.data.ids import unique_ids
from graphfuse.data.values import to_tensor

logger = logging.getLogger(__name__)

LARGEST = float(np.finfo(np.float32).max)
"""Size of the largest number in single precision."""


def finite(given: Any, what: str) -> tuple[np.ndarray, int]:
    """Return values with 0 in place of those that are not finite, and how many these are.

    What single precision cannot hold counts as infinite. Other values keep their precision.

    Raises:
        InputError: the values are not an array of numbers.
    """
    values = to_tensor(given, what).numpy()
    values = values.astype(np.float32 if values.dtype == np.float32 else np.float64)  # a copy
    strange = ~(np.abs(values) <= LARGEST)
    values[strange] = 0
    return values, int(strange.sum())


def warn_of_replaced(counts: Counter[str]) -> None:
    """Warn of values that were not finite, by modality."""
    for m, count in sorted(counts.items()):
        if count:
            logger.warning("%s: %d NaN or infinite values were replaced by 0", m, count)


def unique(ids: Sequence[str]) -> list[str]:
    """Return the ids, those that occur again with a number after them, and warn of these."""
    if repeated := len(ids) - len(set(ids)):
        logger.warning("%d repeated ids were made unique by a number, such as '(2)'", repeated)
    return unique_ids(ids)
