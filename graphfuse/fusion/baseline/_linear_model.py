"""Regularised linear models whose penalty is chosen by cross-validation."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from graphfuse.data import FusionDataset, Target, inner_folds

FOLDS = 5
PENALTIES = np.logspace(4, -2, 13)
"""Penalties to choose from, strongest first: 1 / C of logistic regression, alpha of ridge."""
WORSE = 1.02
"""Weaker penalties are not tried once the loss is this many times the lowest one."""
ROUGH, EXACT = 1e-3, 1e-7
"""Tolerances of the fits that choose the penalty and of the last one."""
ABSENT = -10.0
"""Bias of a class without training samples."""

Fold = tuple[np.ndarray, np.ndarray]


Loss = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class LinearModel:
    """Weights [outputs, F] and biases [outputs] of a linear model."""

    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return the scores [n, outputs] of features [n, F]."""
        scores: np.ndarray = features @ self.weight.T + self.bias
        return scores


def inner_folds_of(train: FusionDataset) -> list[Fold]:
    """Return the rows to fit on and the rows to score of each inner fold; none for few samples."""
    rows = train.originals if train.groups is None else train.groups[train.originals]
    return list(inner_folds(train, FOLDS, seed=0)) if len(np.unique(rows)) >= 2 * FOLDS else []


class Fit(Protocol):
    """Fit a linear model with one penalty."""

    def __call__(
        self, features: np.ndarray, labels: np.ndarray, weights: np.ndarray, penalty: float,
        outputs: int, tolerance: float, start: LinearModel | None,
    ) -> LinearModel:  # fmt: skip
        """Fit; iterative fits stop at ``tolerance`` and begin with the weights of ``start``."""
        ...


def fit_linear(
    features: np.ndarray,
    labels: np.ndarray,
    target: Target,
    outputs: int,
    weights: np.ndarray,
    folds: Sequence[Fold],
) -> LinearModel:
    """Fit a logistic regression, one per label if there are several labels, or a ridge regression.

    The penalty has the lowest loss over the inner folds: cross-entropy or squared error.

    Args:
        features: [n, F], standardised.
        labels: [n], or [n, outputs] for several labels; samples without a label are left out.
        target: the target of the labels.
        outputs: number of classes or labels; 1 for regression.
        weights: weight of each sample, [n].
        folds: rows to fit on and rows to score; without any, the penalty is 1.
    """
    basis = _basis(features)
    reduced = features if basis is None else features @ basis.T
    if target.task == "regression":
        model = _choose(_ridge, _squared_error, reduced, labels, 1, weights, folds)
    elif target.task == "multilabel":
        each = [
            _choose(_logistic, _cross_entropy, reduced, column, 2, weights, folds)
            for column in labels.T
        ]
        model = LinearModel(
            np.stack([m.weight[1] - m.weight[0] for m in each]),
            np.array([m.bias[1] - m.bias[0] for m in each]),
        )
    else:
        wanted = np.where(labels < 0, np.nan, labels)
        model = _choose(_logistic, _cross_entropy, reduced, wanted, outputs, weights, folds)
    return model if basis is None else LinearModel(model.weight @ basis, model.bias)


def _basis(features: np.ndarray) -> np.ndarray | None:
    """Return an orthonormal basis of the rows if there are fewer rows than features.

    Squared penalties do not change under rotations, so that the model in this basis is the same
    and much smaller.
    """
    if len(features) >= features.shape[1]:
        return None
    basis: np.ndarray = np.linalg.svd(features, full_matrices=False)[2]
    return basis


def _choose(
    fit: Fit, loss: Loss, features: np.ndarray, labels: np.ndarray, outputs: int,
    weights: np.ndarray, folds: Sequence[Fold],
) -> LinearModel:  # fmt: skip
    """Fit with the penalty of the lowest loss on the inner folds."""
    known = np.isfinite(labels)
    if not known.any():
        return LinearModel(np.zeros((outputs, features.shape[1])), np.zeros(outputs))
    parts = [(rest[known[rest]], held_out[known[held_out]]) for rest, held_out in folds]
    parts = [(rest, held_out) for rest, held_out in parts if len(rest) and len(held_out)]
    penalty, lowest = 1.0, np.inf
    starts: list[LinearModel | None] = [None] * len(parts)
    for candidate in PENALTIES if parts else ():
        models = [
            fit(features[rest], labels[rest], weights[rest], candidate, outputs, ROUGH, start)
            for (rest, _), start in zip(parts, starts, strict=True)
        ]
        starts = list(models)
        losses = [
            float(loss(model(features[rows]), labels[rows]) @ weights[rows])
            for (_, rows), model in zip(parts, models, strict=True)
        ]
        total = sum(losses)
        if total < lowest:
            penalty, lowest = candidate, total
        elif total > WORSE * lowest:  # weaker penalties overfit more, and take longest
            break
    return fit(features[known], labels[known], weights[known], penalty, outputs, EXACT, None)


def _ridge(
    features: np.ndarray, labels: np.ndarray, weights: np.ndarray, penalty: float, outputs: int,
    tolerance: float, start: LinearModel | None,
) -> LinearModel:  # fmt: skip
    fitted = Ridge(alpha=penalty).fit(features, labels, weights)
    return LinearModel(fitted.coef_[None], np.array([fitted.intercept_]))


def _logistic(
    features: np.ndarray, labels: np.ndarray, weights: np.ndarray, penalty: float, outputs: int,
    tolerance: float, start: LinearModel | None,
) -> LinearModel:  # fmt: skip
    """Fit a logistic regression, from the weights of ``start`` if given."""
    classes = np.unique(labels).astype(int)
    weight, bias = np.zeros((outputs, features.shape[1])), np.full(outputs, ABSENT)
    if len(classes) < 2:
        bias[classes] = 0.0
        return LinearModel(weight, bias)
    regression = LogisticRegression(C=1 / penalty, tol=tolerance, max_iter=2000, warm_start=True)
    shown = classes[1:] if len(classes) == 2 else classes
    if start is not None:
        regression.coef_, regression.intercept_ = start.weight[shown], start.bias[shown]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = regression.fit(features, labels, weights)
    bias[classes] = 0.0
    weight[shown], bias[shown] = fitted.coef_, fitted.intercept_
    return LinearModel(weight, bias)


def _squared_error(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    error: np.ndarray = (scores[:, 0] - labels) ** 2
    return error


def _cross_entropy(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    loss: np.ndarray = -log_softmax(scores, axis=1)[np.arange(len(labels)), labels.astype(int)]
    return loss
