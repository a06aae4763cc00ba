"""What stored predictions show beyond scores: ROC curves and confusion matrices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import confusion_matrix, roc_curve

from graphfuse.report.questions import contenders
from graphfuse.report.summary import DatasetSummary
from graphfuse.training.metrics.metric import CLASSIFICATION

GRID = np.linspace(0, 1, 51)
"""False positive rates at which curves are averaged."""


def roc_curves(d: DatasetSummary) -> dict[str, np.ndarray]:
    """Return true positive rates [51] at :data:`GRID` of the best strategy of each family.

    Ablations do not count as strategies. The rates are means over folds and, for several classes,
    over classes, each against the rest. Empty for a task without classes.
    """
    if d.facts.task not in CLASSIFICATION:
        return {}
    curves = {}
    for name in d.leaderboard[contenders(d.leaderboard)].drop_duplicates("family")["strategy"]:
        found = []
        for arrays in d.predictions(name):
            y, scores = arrays["y"], arrays["scores"]
            classes: Sequence[int] = range(scores.shape[1]) if scores.shape[1] > 2 else [1]
            for c in classes:
                if 0 < (y == c).sum() < len(y):
                    x_rate, y_rate, _ = roc_curve(y == c, scores[:, c])
                    found.append(np.interp(GRID, x_rate, y_rate))
        if found:
            curves[name] = np.concatenate([[0.0], np.mean(found, axis=0)[1:]])
    return curves


def confusion(d: DatasetSummary, strategy: str) -> np.ndarray | None:
    """Return counts [true, predicted] summed over folds; None for a task without classes."""
    if d.facts.task not in CLASSIFICATION:
        return None
    classes = range(len(d.facts.classes))
    total = np.zeros((len(classes), len(classes)), dtype=int)
    for arrays in d.predictions(strategy):
        total += confusion_matrix(arrays["y"], arrays["scores"].argmax(1), labels=classes)
    return total
