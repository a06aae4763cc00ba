"""Errors and correlation of predicted numbers."""

from __future__ import annotations

import numpy as np
from sklearn import metrics as sk

from graphfuse.training.metrics.metric import Predictions, metric
from graphfuse.training.metrics.needs import varying_prediction, varying_target


@metric(
    "mae",
    tasks=("regression",),
    greater_is_better=False,
    bounds=(0.0, None),
)
def mae(p: Predictions) -> float:
    """Mean absolute error, in units of the target."""
    return float(sk.mean_absolute_error(p.y, p.guess))


@metric(
    "rmse",
    tasks=("regression",),
    greater_is_better=False,
    bounds=(0.0, None),
)
def rmse(p: Predictions) -> float:
    """Root of the mean squared error, in units of the target."""
    return float(sk.root_mean_squared_error(p.y, p.guess))


@metric(
    "r2",
    tasks=("regression",),
    default_for=("regression",),
    needs=(varying_target,),
    bounds=(None, 1.0),
)
def r2(p: Predictions) -> float:
    """Coefficient of determination: 1 is perfect, 0 is as good as predicting the mean."""
    return float(sk.r2_score(p.y, p.guess))


@metric(
    "pearson",
    tasks=("regression",),
    needs=(varying_target, varying_prediction),
    bounds=(-1.0, 1.0),
)
def pearson(p: Predictions) -> float:
    """Correlation of predicted and true numbers."""
    return float(np.corrcoef(p.y, p.guess)[0, 1])
