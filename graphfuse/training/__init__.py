"""Train a strategy, predict with it and score its predictions.

The names below are imported when they are first used, so that the report can look up metrics
without importing torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from graphfuse.training.metrics import (
    Metric,
    Metrics,
    check_metric,
    compute_metrics,
    default_metric,
    list_metrics,
)

if TYPE_CHECKING:
    from graphfuse.training.evaluate import predict
    from graphfuse.training.loop import DivergedError, History, fit
    from graphfuse.training.recipe import Recipe

_HOME = {
    "DivergedError": "graphfuse.training.loop",
    "History": "graphfuse.training.loop",
    "Recipe": "graphfuse.training.recipe",
    "fit": "graphfuse.training.loop",
    "predict": "graphfuse.training.evaluate",
}

__all__ = [
    "DivergedError",
    "History",
    "Metric",
    "Metrics",
    "Recipe",
    "check_metric",
    "compute_metrics",
    "default_metric",
    "fit",
    "list_metrics",
    "predict",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'graphfuse.training' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
