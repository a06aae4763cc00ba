"""Compute every metric of a task, with reasons for undefined ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from graphfuse.errors import InputError, UnknownNameError
from graphfuse.training.metrics.metric import Metric, Predictions, metrics

if TYPE_CHECKING:
    from graphfuse.data import Target


@dataclass
class Metrics:
    """Values by name, and the reason for each metric that is undefined on these samples."""

    values: dict[str, float] = field(default_factory=dict)
    undefined: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: float | None, problem: str | None) -> None:
        """Store a value, or the reason why it is undefined."""
        if problem is None and value is not None and math.isfinite(value):
            self.values[name] = value
        else:
            self.undefined[name] = problem or "the result is not finite"


def list_metrics(task: str | None = None) -> list[str]:
    """Return the names of the metrics that can rank strategies, for one task or for all.

    Example:
        >>> list_metrics("multilabel")[:3]
        ['f1_macro', 'f1_micro', 'f1_weighted']
    """
    every = map(metrics.get, metrics.names())
    return [m.name for m in every if not m.per_class and (task is None or task in m.tasks)]


def default_metric(task: str) -> str:
    """Return the name of the metric that ranks strategies for a task by default."""
    return next(name for name in metrics.names() if task in metrics.get(name).default_for)


def check_metric(name: str, task: str, y: np.ndarray | None = None) -> str:
    """Return ``name`` if it is a metric for the task and, if given, for the labels ``y``.

    Raises:
        UnknownNameError: the task has no such metric; synonyms lead to the right name.
        InputError: the metric is for other labels.

    Example:
        >>> check_metric("acc", "binary")
        Traceback (most recent call last):
        ...
        graphfuse.errors.UnknownNameError: ...; did you mean 'accuracy'? Known: ...
    """
    known = list_metrics(task)
    if name not in known:
        raise UnknownNameError(f"metric for {task}", name, known)
    chosen = metrics.get(name)
    numbers = None if y is None or chosen.suits is None else y[~np.isnan(y)]
    if numbers is not None and len(numbers) and not (chosen.suits and chosen.suits(numbers)):
        others = ", ".join(k for k in known if metrics.get(k).suits is None)
        raise InputError(
            f"the metric {name!r} is for {chosen.labels}; these labels range from "
            f"{numbers.min():g} to {numbers.max():g}; choose one of {others}"
        )
    return name


def compute_metrics(y: np.ndarray, scores: np.ndarray, target: Target) -> Metrics:
    """Return all metrics of a task.

    Shapes:
        - ``y``: [n] class codes, [n, L] of 0 and 1, or [n] numbers
        - ``scores``: probabilities [n, C] or [n, L], or numbers [n, 1]

    The metrics of each class are ``precision/<class>``, ``recall/<class>`` and ``f1/<class>``.
    Macro averages run over the classes or labels that occur in ``y``. The precision of a class that
    is never predicted is 0, and so is the Matthews correlation of constant predictions. Metrics for
    other labels, such as sentiment from -3 to 3, are left out.

    Example:
        >>> from graphfuse.data import Target
        >>> scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
        >>> result = compute_metrics(np.array([0, 1, 1]), scores, Target("binary"))
        >>> round(result.values["accuracy"], 3), result.values["roc_auc"]
        (0.667, 1.0)
        >>> compute_metrics(np.array([1, 1, 1]), scores, Target("binary")).undefined["roc_auc"]
        'only one class occurs'
    """
    if len(y) != len(scores) or not len(y):
        raise InputError(
            f"metrics need as many scores as labels, got {len(scores)} scores and {len(y)} labels"
        )
    if not np.isfinite(scores).all():
        raise InputError(
            "scores contain NaN or infinite values; the output of a strategy must be finite"
        )
    predictions = Predictions(np.asarray(y), np.asarray(scores), target.task, target.classes)
    result = Metrics()
    for name in metrics.names():
        chosen = metrics.get(name)
        if target.task not in chosen.tasks or not (chosen.suits is None or chosen.suits(y)):
            continue
        if chosen.per_class:
            _add_per_class(result, chosen, predictions)
        else:
            problem = next(filter(None, (need(predictions) for need in chosen.needs)), None)
            result.add(name, None if problem else chosen.function(predictions), problem)
    return result


def _add_per_class(result: Metrics, chosen: Metric, predictions: Predictions) -> None:
    for code, label in enumerate(predictions.classes):
        problem = None if code in predictions.present else "the class does not occur"
        value = None if problem else chosen.function(predictions, code)
        result.add(f"{chosen.name}/{label}", value, problem)
