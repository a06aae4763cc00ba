"""Fit a strategy, predict with it, score what it predicts."""

from graphfuse.training.evaluate import predict
from graphfuse.training.loop import DivergedError, History, fit
from graphfuse.training.metrics import (
    Metrics,
    check_metric,
    compute_metrics,
    default_metric,
)
from graphfuse.training.recipe import Recipe

__all__ = [
    "DivergedError",
    "History",
    "Metrics",
    "Recipe",
    "check_metric",
    "compute_metrics",
    "default_metric",
    "fit",
    "predict",
]
