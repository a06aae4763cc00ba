"""Find columns that are copies of the label, under other names or in another unit."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from graphfuse.data.numbers import read_numbers
from graphfuse.raw.columns import TABULAR, Skipped
from graphfuse.raw.tables.kinds.values import Inferred, is_empty

SURE = 0.001
"""Probability below which no accident made a copy, in any column of the table."""
NAMED = {"label", "labels", "class", "classes", "target", "targets"}
"""Words in the name of a column that is a copy, however few the samples are."""
LEAST = 10
"""Different numbers that a copy of a label of numbers has at least."""
EXACT = 0.01
"""Largest distance from a straight line, in median deviations of the label."""


def copies(
    found: Mapping[str, Inferred],
    values: Mapping[str, Sequence[Any]],
    overrides: Mapping[str, Any],
) -> dict[str, Inferred]:
    """Return the columns to skip as copies of a label, by name, with the reason.

    A copy has exactly one value per class, with a probability by chance below :data:`SURE` or with
    a name of a copy; or its numbers are a linear function of the label.
    """
    labels = [name for name, own in found.items() if own.kind == "label" and name in values]
    changed = {}
    for name, own in found.items():
        kind = own.kind
        if name not in values or name in overrides or kind not in (*TABULAR, "text"):
            continue
        named = bool(NAMED & set(re.split(r"[^a-z]+", name.lower())))
        for label in labels:
            chance = accident(values[name], values[label])
            if (named and chance < 1) or chance * len(found) <= SURE:
                how = "one to one"
            elif kind == "number" and on_a_line(values[name], values[label]):
                how = "on a straight line"
            else:
                continue
            copy = Skipped.LABEL_COPY
            why = f"{copy.value} {label!r}, {how}; --column {name}={kind} keeps it"
            changed[name] = Inferred("skip", why, copy)
            break
    return changed


def accident(values: Sequence[Any], labels: Sequence[Any]) -> float:
    """Return the probability that shuffled values match the labels one to one; 1 if these do not.

    It is the share of all orders of the values that separate the same samples.

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
        if is_empty(value) or is_empty(label):
            continue
        value, label = str(value).strip(), str(label).strip()
        if label_of.setdefault(value, label) != label or value_of.setdefault(label, value) != value:
            return 1.0
        counts[value] += 1
    same = Counter(counts.values())  # groups of one size may change places
    orders = math.lgamma(counts.total() + 1) - sum(math.lgamma(n + 1) for n in counts.values())
    return min(1.0, math.exp(sum(math.lgamma(n + 1) for n in same.values()) - orders))


def on_a_line(values: Sequence[Any], labels: Sequence[Any]) -> bool:
    """Return whether numbers are a linear function of the label, up to rounding.

    Example:
        >>> celsius = [0.0, 3.5, 9.1, 14.2, 17.7, 21.0, 22.5, 24.0, 29.3, 31.8]
        >>> on_a_line([round(1.8 * c + 32, 1) for c in celsius], celsius)
        True
        >>> on_a_line([c + (c > 20) for c in celsius], celsius)
        False
    """
    if len(set(map(str, labels))) < LEAST:
        return False
    numbers, given = read_numbers(values), read_numbers(labels)
    if given.strange:
        return False
    pairs = np.array([numbers.values, given.values]).T
    known = pairs[~np.isnan(pairs).any(1)]
    if len(known) < LEAST or len(np.unique(known[:, 1])) < LEAST:
        return False
    x, y = (known - known.mean(0)).T
    spread = float(np.median(np.abs(y - np.median(y))))
    if not x.any() or not spread:
        return False
    return float(np.abs(y - (x @ y) / (x @ x) * x).max()) <= EXACT * spread
