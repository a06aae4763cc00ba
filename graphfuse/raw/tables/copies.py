"""Columns that hold the label a second time, in other words or another unit."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphfuse.data.numbers import number
from graphfuse.raw.columns import COPY

SURE = 0.001
"""Probability below which no accident made a copy, in any column of the table."""
TOLD = {"label", "labels", "class", "classes", "target", "targets"}
"""Words in the name of a column that is a copy, however few the samples are."""
LEAST = 10
"""Different numbers that a copy of a label of numbers has at least."""
EXACT = 0.01
"""Largest distance from a straight line, in median deviations of the label."""


def copies(
    found: Mapping[str, tuple[str, str]],
    values: Mapping[str, list[Any] | None],
    overrides: Mapping[str, Any],
) -> dict[str, tuple[str, str]]:
    """Return the columns, by name, that are to be skipped as copies of a label, and why.

    A copy has one value for each class and no other, so often that an accident is less likely than
    :data:`SURE`, or a name that tells; or its numbers and the label's are on a straight line.
    """
    labels = [name for name, (kind, _) in found.items() if kind == "label"]
    changed = {}
    for name, (kind, _) in found.items():
        own = values[name]
        if own is None or name in overrides or kind not in ("number", "category", "text"):
            continue
        told = bool(TOLD & set(re.split(r"[^a-z]+", name.lower())))
        for label in labels:
            given = values[label] or []
            chance = accident(own, given)
            if (told and chance < 1) or chance * len(found) <= SURE:
                how = "one to one"
            elif kind == "number" and on_a_line(own, given):
                how = "on a straight line"
            else:
                continue
            changed[name] = ("skip", f"{COPY} {label!r}, {how}; --column {name}={kind} keeps it")
            break
    return changed


def accident(values: Sequence[Any], labels: Sequence[Any]) -> float:
    """Return how likely shuffled values are one to one with the labels, if they are; 1 if not.

    Of all orders of the values, those count that tell the same samples apart, whatever the names.

    Example:
        >>> round(accident(["cat", "cat", "dog", "dog"], [1, 1, 0, 0]), 3)  # 2 orders of 6
        0.333
        >>> accident(["cat", "dog", "dog", "dog"], [1, 1, 0, 0])
        1.0
    """
    label_of: dict[str, str] = {}
    value_of: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for value, label in zip(values, labels, strict=True):
        if _is_empty(value) or _is_empty(label):
            continue
        value, label = str(value).strip(), str(label).strip()
        if label_of.setdefault(value, label) != label or value_of.setdefault(label, value) != value:
            return 1.0
        counts[value] += 1
    same = Counter(counts.values())  # groups of one size may change places
    orders = math.lgamma(counts.total() + 1) - sum(math.lgamma(n + 1) for n in counts.values())
    return min(1.0, math.exp(sum(math.lgamma(n + 1) for n in same.values()) - orders))


def on_a_line(values: Sequence[Any], labels: Sequence[Any]) -> bool:
    """Tell whether numbers are the label's in another unit, up to rounding.

    Example:
        >>> celsius = [0.0, 3.5, 9.1, 14.2, 17.7, 21.0, 22.5, 24.0, 29.3, 31.8]
        >>> on_a_line([round(1.8 * c + 32, 1) for c in celsius], celsius)
        True
        >>> on_a_line([c + (c > 20) for c in celsius], celsius)
        False
    """
    if len(set(map(str, labels))) < LEAST:
        return False
    pairs = [(number(v), number(y)) for v, y in zip(values, labels, strict=True)]
    if any(v is None or y is None for v, y in pairs):
        return False
    known = np.array([pair for pair in pairs if pair[0] == pair[0] and pair[1] == pair[1]], float)
    if len(known) < LEAST or len(np.unique(known[:, 1])) < LEAST:
        return False
    x, y = (known - known.mean(0)).T
    spread = float(np.median(np.abs(y - np.median(y))))
    if not x.any() or not spread:
        return False
    return float(np.abs(y - (x @ y) / (x @ x) * x).max()) <= EXACT * spread


def _is_empty(value: Any) -> bool:
    return value is None or value != value or not str(value).strip()
