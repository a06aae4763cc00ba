"""graphfuse: which fusion strategy should I use, and is a graph worth it?

The names below are loaded when they are first used, so that ``import graphfuse`` and
``graphfuse --help`` stay quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from graphfuse._moved import install
from graphfuse._version import __version__

if TYPE_CHECKING:
    from graphfuse.comparison import Comparison, compare
    from graphfuse.estimators import FusionClassifier, FusionRegressor
    from graphfuse.fusion import create_strategy, list_strategies
    from graphfuse.loading import load_dataset

install()

_HOME = {
    "Comparison": "graphfuse.comparison",
    "compare": "graphfuse.comparison",
    "FusionClassifier": "graphfuse.estimators",
    "FusionRegressor": "graphfuse.estimators",
    "create_strategy": "graphfuse.fusion",
    "list_strategies": "graphfuse.fusion",
    "load_dataset": "graphfuse.loading",
}
_ROOMS = (
    "bench",
    "data",
    "encoders",
    "errors",
    "fusion",
    "graph",
    "nn",
    "raw",
    "report",
    "stats",
    "testing",
    "training",
)

__all__ = [
    "Comparison",
    "FusionClassifier",
    "FusionRegressor",
    "__version__",
    "compare",
    "create_strategy",
    "list_strategies",
    "load_dataset",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    if name in _ROOMS:
        return importlib.import_module(f"graphfuse.{name}")
    raise AttributeError(f"module 'graphfuse' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
