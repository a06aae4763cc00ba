"""Accuracy and related measures of predicted classes."""

from __future__ import annotations

from sklearn import metrics as sk

from graphfuse.training.metrics.metric import CLASSIFICATION, Predictions, metric
from graphfuse.training.metrics.needs import two_classes


@metric(
    "accuracy",
    tasks=CLASSIFICATION,
    default_for=CLASSIFICATION,
)
def accuracy(p: Predictions) -> float:
    """Share of samples whose class is predicted correctly."""
    return float(sk.accuracy_score(p.y, p.guess))


@metric(
    "balanced_accuracy",
    tasks=CLASSIFICATION,
    needs=(two_classes,),
)
def balanced_accuracy(p: Predictions) -> float:
    """Mean recall over the classes that occur."""
    return float(sk.balanced_accuracy_score(p.y, p.guess))


@metric(
    "matthews_correlation",
    tasks=CLASSIFICATION,
    needs=(two_classes,),
    bounds=(-1.0, 1.0),
)
def matthews_correlation(p: Predictions) -> float:
    """Matthews correlation of predicted and true classes; 0 if only one class is predicted."""
    return float(sk.matthews_corrcoef(p.y, p.guess))


@metric("subset_accuracy", tasks=("multilabel",))
def subset_accuracy(p: Predictions) -> float:
    """Share of samples whose labels are all predicted correctly."""
    return float(sk.accuracy_score(p.y, p.guess))


@metric("hamming_loss", tasks=("multilabel",), greater_is_better=False)
def hamming_loss(p: Predictions) -> float:
    """Share of labels that are predicted incorrectly."""
    return float(sk.hamming_loss(p.y, p.guess))
