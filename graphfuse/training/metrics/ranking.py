"""Threshold-free metrics: area under curves and log likelihood."""

from __future__ import annotations

import numpy as np
from sklearn import metrics as sk

from graphfuse.training.metrics.metric import CLASSIFICATION, Predictions, metric
from graphfuse.training.metrics.needs import a_label, a_varying_label, every_class, two_classes


def _one_column_per_class(p: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Return true and predicted columns: the second of two classes, or each versus the rest."""
    if p.task == "binary":
        return p.y, p.scores[:, 1]
    return np.eye(len(p.classes))[p.y], p.scores


@metric(
    "roc_auc",
    tasks=CLASSIFICATION,
    needs=(two_classes, every_class),
)
def roc_auc(p: Predictions) -> float:
    """Area under the ROC curve; for several classes, the mean of one-versus-rest."""
    return float(sk.roc_auc_score(*_one_column_per_class(p), average="macro"))


@metric(
    "roc_auc_macro",
    tasks=("multilabel",),
    needs=(a_varying_label,),
)
def roc_auc_macro(p: Predictions) -> float:
    """Area under the ROC curve, mean over the labels that some samples have and others do not."""
    varying = p.y.min(0) != p.y.max(0)
    return float(sk.roc_auc_score(p.y[:, varying], p.scores[:, varying], average="macro"))


@metric("roc_auc_micro", tasks=("multilabel",), needs=(a_varying_label,))
def roc_auc_micro(p: Predictions) -> float:
    """Area under the ROC curve of all labels together."""
    return float(sk.roc_auc_score(p.y, p.scores, average="micro"))


@metric(
    "average_precision",
    tasks=CLASSIFICATION,
    needs=(two_classes, every_class),
)
def average_precision(p: Predictions) -> float:
    """Area under the precision-recall curve; for several classes, the mean of one-versus-rest."""
    return float(sk.average_precision_score(*_one_column_per_class(p), average="macro"))


@metric(
    "mean_average_precision",
    tasks=("multilabel",),
    needs=(a_label,),
)
def mean_average_precision(p: Predictions) -> float:
    """Area under the precision-recall curve, mean over the labels that occur."""
    some = p.present
    return float(sk.average_precision_score(p.y[:, some], p.scores[:, some], average="macro"))


@metric(
    "log_loss",
    tasks=CLASSIFICATION,
    greater_is_better=False,
    bounds=(0.0, None),
)
def log_loss(p: Predictions) -> float:
    """Mean negative logarithm of the probability of the true class."""
    return float(sk.log_loss(p.y, p.scores, labels=range(len(p.classes))))
