"""Metrics in one registry; scikit-learn computes them from stored predictions.

Nothing here imports torch, so that the report can look up the name, direction and bounds of a
metric.
"""

from graphfuse.training.metrics.compute import (
    Metrics,
    check_metric,
    compute_metrics,
    default_metric,
    list_metrics,
)
from graphfuse.training.metrics.metric import (
    Metric,
    Predictions,
    metric,
    metrics,
)

__all__ = [
    "Metric",
    "Metrics",
    "Predictions",
    "check_metric",
    "compute_metrics",
    "default_metric",
    "list_metrics",
    "metric",
    "metrics",
]
