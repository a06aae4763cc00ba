"""Regularised linear models whose penalty is chosen by cross-validation."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from graphfuse.data import FusionDataset, Target, inner_folds

FOLDS = 5
PENALTIES = np.logspace(4, -2, 13)
"""Penalties to choose from, strongest first: 1 / C of logistic regression, alpha of ridge."""
ABSENT = -10.0
"""Bias of a class without training samples."""

Fold = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class LinearModel:
    """Weights [outputs, F] and biases [outputs] of a linear model."""

    weight: np.ndarray
    bias: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return the scores [n, outputs] of features [n, F]."""
        scores: np.ndarray = features @ self.weight.T + self.bias
        return scores


Fit = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int], list[LinearModel]]


def inner_folds_of(train: FusionDataset) -> list[Fold]:
    """Return the rows to fit on and the rows to score of each inner fold; none for few samples."""
    rows = train.originals if train.groups is None else train.groups[train.originals]
    return list(inner_folds(train, FOLDS, seed=0)) if len(np.unique(rows)) >= 2 * FOLDS else []


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
    fit: Fit,
    loss: Callable[[np.ndarray, np.ndarray], np.ndarray],
    features: np.ndarray,
    labels: np.ndarray,
    outputs: int,
    weights: np.ndarray,
    folds: Sequence[Fold],
) -> LinearModel:
    """Fit with the penalty of the lowest loss on the inner folds."""
    known = np.isfinite(labels)
    if not known.any():
        return LinearModel(np.zeros((outputs, features.shape[1])), np.zeros(outputs))
    total, scored = np.zeros(len(PENALTIES)), False
    for rest, held_out in folds:
        rest, held_out = rest[known[rest]], held_out[known[held_out]]
        if len(rest) and len(held_out):
            models = fit(features[rest], labels[rest], weights[rest], PENALTIES, outputs)
            losses = [loss(model(features[held_out]), labels[held_out]) for model in models]
            total += np.stack(losses) @ weights[held_out]
            scored = True
    penalty = PENALTIES[[int(total.argmin())]] if scored else np.ones(1)
    (model,) = fit(features[known], labels[known], weights[known], penalty, outputs)
    return model


def _ridge(
    features: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    penalties: np.ndarray,
    outputs: int,
) -> list[LinearModel]:
    models = []
    for penalty in penalties:
        fitted = Ridge(alpha=penalty).fit(features, labels, weights)
        models.append(LinearModel(fitted.coef_[None], np.array([fitted.intercept_])))
    return models


def _logistic(
    features: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
    penalties: np.ndarray,
    outputs: int,
) -> list[LinearModel]:
    """Fit one model per penalty, each from the weights of the one before."""
    classes = np.unique(labels).astype(int)
    weight, bias = np.zeros((outputs, features.shape[1])), np.full(outputs, ABSENT)
    if len(classes) < 2:
        bias[classes] = 0.0
        return [LinearModel(weight, bias)] * len(penalties)
    models = []
    # The default tolerance leaves differences between equal data in another order.
    regression = LogisticRegression(tol=1e-6, max_iter=2000, warm_start=True)
    for penalty in penalties:
        weight, bias = weight.copy(), bias.copy()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            fitted = regression.set_params(C=1 / penalty).fit(features, labels, weights)
        if len(classes) == 2:
            weight[classes[1]], bias[classes] = fitted.coef_[0], (0.0, fitted.intercept_[0])
        else:
            weight[classes], bias[classes] = fitted.coef_, fitted.intercept_
        models.append(LinearModel(weight, bias))
    return models


def _squared_error(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    error: np.ndarray = (scores[:, 0] - labels) ** 2
    return error


def _cross_entropy(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    loss: np.ndarray = -log_softmax(scores, axis=1)[np.arange(len(labels)), labels.astype(int)]
    return loss
