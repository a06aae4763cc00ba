"""The definition of a metric: its name, tasks, direction, bounds, needs and function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from graphfuse._registry import Registry

CLASSIFICATION = ("binary", "multiclass")

Bounds = tuple[float | None, float | None]
"""Lowest and highest value of a metric; None if there is no bound."""


@dataclass(frozen=True)
class Predictions:
    """Labels and scores of the same samples.

    Shapes:
        - ``y``: [n] class codes, [n, L] of 0 and 1, or [n] numbers
        - ``scores``: probabilities [n, C] or [n, L], or numbers [n, 1]
    """

    y: np.ndarray
    scores: np.ndarray
    task: str
    classes: tuple[str, ...] = ()

    @cached_property
    def guess(self) -> np.ndarray:
        """Predicted class codes [n], 0 and 1 per label [n, L], or numbers [n]."""
        if self.task == "regression":
            return np.asarray(self.scores[:, 0])
        if self.task == "multilabel":
            return np.asarray(self.scores >= 0.5)
        return np.asarray(self.scores.argmax(1))

    @cached_property
    def present(self) -> np.ndarray:
        """Codes of the classes or labels that occur in ``y``."""
        if self.task == "multilabel":
            return np.flatnonzero(self.y.sum(0) > 0)
        return np.unique(self.y)


Function = TypeVar("Function", bound=Callable[..., float])

Need = Callable[[Predictions], str | None]
"""A condition of a metric: returns why it is undefined on these predictions, or None."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A measure of predictions.

    Example:
        >>> mae = metrics.get("mae")
        >>> mae.tasks, mae.greater_is_better, mae.bounds
        (('regression',), False, (0.0, None))
    """

    name: str
    function: Callable[..., float]
    """Takes predictions and, if ``per_class``, a class code; returns the value."""
    tasks: tuple[str, ...]
    greater_is_better: bool = True
    bounds: Bounds = (0.0, 1.0)
    needs: tuple[Need, ...] = ()
    default_for: tuple[str, ...] = ()
    """Tasks for which this is the default metric for ranking strategies."""
    per_class: bool = False
    """Whether there is one value per class, named ``name/<class>``; cannot rank strategies."""
    suits: Callable[[np.ndarray], bool] | None = None
    """Returns whether the metric is for these labels; None if it is for all labels of its tasks."""
    labels: str = ""
    """Description of the labels that it is for; empty if for all labels of its tasks."""

    @property
    def summary(self) -> str:
        """First line of the function's docstring."""
        return (self.function.__doc__ or "").partition("\n")[0]


metrics: Registry[Metric] = Registry("metric", "graphfuse.training.metrics")


def metric(name: str, **facts: Any) -> Callable[[Function], Function]:
    """Register a function as the metric ``name``, with the facts of :class:`Metric`."""
    return metrics.register(name, lambda function: Metric(name=name, function=function, **facts))
