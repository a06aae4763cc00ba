"""Test whether facts that should carry no information predict the label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from graphfuse.data.schema import Target

LEAST = 5
"""Samples of a class, at least, for it to take part: one per fold."""
SHUFFLES = 999
SURE = 0.001
"""Probability of a chance finding below which it is reported; many facts are tested."""
MOST = 20
"""Number of words of a fact that are distinguished, the most frequent ones."""


@dataclass(frozen=True)
class LeakTest:
    """Balanced accuracy of classes predicted from facts, that of guessing, and the p-value."""

    accuracy: float
    guessing: float
    p: float

    @property
    def sure(self) -> bool:
        """Whether the accuracy is significant, and large enough to matter."""
        return self.p <= SURE and self.accuracy >= self.guessing + 0.05

    def __str__(self) -> str:
        return (
            f"a balanced accuracy of {100 * self.accuracy:.0f} %, where the majority class alone "
            f"gives {100 * self.guessing:.0f} %"
        )


def predict_label_from(
    facts: Mapping[str, Sequence[float | str | None]], codes: np.ndarray
) -> LeakTest | None:
    """Predict classes [n] from facts [n] by a small tree in 5 folds; None if that is impossible.

    All classes have the same weight. The p-value is that of a permutation test on the predictions
    (Ojala and Garriga 2010, https://jmlr.org/papers/v11/ojala10a.html, test 1,
    with the tree kept).

    Example:
        >>> codes = np.tile([0, 1], 50)
        >>> leak = predict_label_from({"missing": codes.tolist()}, codes)
        >>> leak.accuracy, leak.guessing, leak.sure
        (1.0, 0.5, True)
        >>> predict_label_from({"missing": [0] * 100}, codes) is None
        True
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    counts = np.bincount(codes[codes >= 0]) if (codes >= 0).any() else np.zeros(0)
    usable = np.flatnonzero(counts >= LEAST)
    rows = np.flatnonzero(np.isin(codes, usable))
    columns = [column for values in facts.values() for column in _numbers(values)]
    columns = [c[rows] for c in columns if len(np.unique(c[rows][~np.isnan(c[rows])])) > 1]
    if len(usable) < 2 or not columns:
        return None
    x = np.stack([_ranks(column) for column in columns], axis=1)
    y = np.searchsorted(usable, codes[rows])
    tree = DecisionTreeClassifier(
        max_depth=8, min_samples_leaf=3, class_weight="balanced", random_state=0
    )
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    predicted = cross_val_predict(tree, x, y, cv=folds)
    weight = 1 / np.bincount(y)[y] / len(usable)
    score = float(weight[predicted == y].sum())
    generator = np.random.default_rng(0)
    shuffled = [float(weight[generator.permutation(predicted) == y].sum()) for _ in range(SHUFFLES)]
    p = (1 + sum(one >= score for one in shuffled)) / (1 + SHUFFLES)
    return LeakTest(round(min(score, 1.0), 6), 1 / len(usable), p)


def _ranks(column: np.ndarray) -> np.ndarray:
    """Return numbers by their order, -1 where one is missing.

    A tree uses only the order. It computes in single precision, where large numbers become equal.
    """
    known = ~np.isnan(column)
    ranks = np.full(len(column), -1)
    ranks[known] = np.unique(column[known], return_inverse=True)[1]
    return ranks


def codes_of(target: Target, y: np.ndarray) -> np.ndarray | None:
    """Return the numbers of classes [n], -1 where unknown; None for several labels per sample.

    A regression has two classes: up to its median, and above it.
    """
    if target.task == "multilabel":
        return None
    if target.task != "regression":
        return np.asarray(y)
    codes = (y > np.nanmedian(y)).astype(np.int64)
    codes[np.isnan(y)] = -1
    return np.asarray(codes)


def _numbers(values: Sequence[float | str | None]) -> list[np.ndarray]:
    """Return a fact as columns of numbers, with one column per word."""
    if any(isinstance(v, str) for v in values):
        words, counts = np.unique([str(v) for v in values], return_counts=True)
        kept = words[np.argsort(-counts, kind="stable")][:MOST]
        return [np.array([float(str(v) == word) for v in values]) for word in kept]
    return [np.array([np.nan if v is None else float(v) for v in values])]
