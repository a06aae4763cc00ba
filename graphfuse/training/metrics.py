"""Scores of stored predictions, by scikit-learn; what is undefined says so."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from sklearn import metrics as sk

from graphfuse.data import Target
from graphfuse.errors import InputError, UnknownNameError

LOWER_IS_BETTER = ("log_loss", "hamming_loss", "mae", "rmse")
NAMES = {
    "classification": (
        "accuracy",
        "balanced_accuracy",
        *(
            f"{s}_{a}"
            for s in ("precision", "recall", "f1")
            for a in ("macro", "micro", "weighted")
        ),
        "roc_auc",
        "average_precision",
        "log_loss",
        "matthews_correlation",
    ),
    "multilabel": (
        "f1_macro",
        "f1_micro",
        "subset_accuracy",
        "hamming_loss",
        "mean_average_precision",
    ),
    "regression": ("mae", "rmse", "r2", "pearson"),
}
DEFAULT = {"classification": "accuracy", "multilabel": "f1_macro", "regression": "r2"}


@dataclass
class Metrics:
    """Scores by name, and for each that is undefined on these samples the reason."""

    values: dict[str, float] = field(default_factory=dict)
    undefined: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, compute: Callable[[], float], problem: str | None = None) -> None:
        """Compute a score, or note the problem that makes it undefined."""
        if problem is not None:
            self.undefined[name] = problem
            return
        value = float(compute())
        if math.isfinite(value):
            self.values[name] = value
        else:
            self.undefined[name] = "the result is not finite"


def bounds(name: str) -> tuple[float | None, float | None]:
    """Return the lowest and highest value that a metric can take, None for no bound."""
    if name in ("log_loss", "mae", "rmse"):
        return 0.0, None
    if name == "r2":
        return None, 1.0
    return (-1.0, 1.0) if name in ("pearson", "matthews_correlation") else (0.0, 1.0)


def default_metric(task: str) -> str:
    """Return the name of the metric that a task is ranked by unless another is asked for."""
    return DEFAULT[_kind(task)]


def check_metric(name: str, task: str) -> str:
    """Return ``name`` if a task has a metric of that name."""
    known = NAMES[_kind(task)]
    if name not in known:
        raise UnknownNameError(f"metric for {task}", name, known)
    return name


def compute_metrics(y: np.ndarray, scores: np.ndarray, target: Target) -> Metrics:
    """Return all metrics of a task.

    Shapes:
        - ``y``: [n] class codes, [n, L] of 0 and 1, or [n] numbers
        - ``scores``: probabilities [n, C] or [n, L], or numbers [n, 1]

    Per class there are ``precision/<class>``, ``recall/<class>`` and ``f1/<class>``. Macro
    averages run over the classes or labels that occur in ``y``. The precision of a class that is
    never predicted counts as 0, as does the correlation of a prediction that is always the same.

    Example:
        >>> scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
        >>> result = compute_metrics(np.array([0, 1, 1]), scores, Target("binary"))
        >>> round(result.values["accuracy"], 3), result.values["roc_auc"]
        (0.667, 1.0)
        >>> compute_metrics(np.array([1, 1, 1]), scores, Target("binary")).undefined["roc_auc"]
        'only one class occurs'
    """
    if len(y) != len(scores) or not len(y):
        raise InputError(f"metrics need as many scores as labels, got {len(scores)} and {len(y)}")
    if not np.isfinite(scores).all():
        raise InputError("scores hold NaN or infinite values; a strategy's output is always finite")
    if target.task == "regression":
        return _regression(y, scores[:, 0])
    if target.task == "multilabel":
        return _multilabel(y, scores)
    return _classification(y, scores, target)


def _kind(task: str) -> str:
    return task if task in NAMES else "classification"


def _classification(y: np.ndarray, scores: np.ndarray, target: Target) -> Metrics:
    result = Metrics()
    guess = scores.argmax(1)
    present = np.unique(y)
    single = "only one class occurs" if len(present) < 2 else None
    absent = sorted(
        {target.classes[c] for c in range(target.outputs)} - {target.classes[c] for c in present}
    )
    lacking = single or (f"classes {absent} do not occur" if absent else None)
    result.add("accuracy", lambda: sk.accuracy_score(y, guess))
    result.add("balanced_accuracy", lambda: sk.balanced_accuracy_score(y, guess), single)
    scorers = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}
    for name, score in scorers.items():
        of = partial(score, y, guess, zero_division=0)
        result.add(f"{name}_macro", partial(of, labels=present, average="macro"))
        result.add(f"{name}_weighted", partial(of, labels=present, average="weighted"))
        result.add(f"{name}_micro", partial(of, average="micro"))
        for code, label in enumerate(target.classes):
            missing = None if code in present else "the class does not occur"
            one = partial(of, labels=[code], average="macro")
            result.add(f"{name}/{label}", one, missing)
    if target.task == "binary":
        result.add("roc_auc", lambda: sk.roc_auc_score(y, scores[:, 1]), lacking)
        result.add(
            "average_precision", lambda: sk.average_precision_score(y, scores[:, 1]), lacking
        )
    else:
        hot = np.eye(target.outputs)[y]
        result.add("roc_auc", lambda: sk.roc_auc_score(hot, scores, average="macro"), lacking)
        result.add(
            "average_precision",
            lambda: sk.average_precision_score(hot, scores, average="macro"),
            lacking,
        )
    result.add("log_loss", lambda: sk.log_loss(y, scores, labels=range(target.outputs)))
    result.add("matthews_correlation", lambda: sk.matthews_corrcoef(y, guess), single)
    return result


def _multilabel(y: np.ndarray, scores: np.ndarray) -> Metrics:
    result = Metrics()
    guess = scores >= 0.5
    positives = y.sum(0)
    some = np.flatnonzero(positives > 0)
    problem = None if len(some) else "no label occurs"
    of = partial(sk.f1_score, y, guess, zero_division=0)
    result.add("f1_macro", partial(of, labels=some, average="macro"), problem)
    result.add("f1_micro", partial(of, average="micro"), problem)
    result.add("subset_accuracy", lambda: sk.accuracy_score(y, guess))
    result.add("hamming_loss", lambda: sk.hamming_loss(y, guess))
    result.add(
        "mean_average_precision",
        lambda: sk.average_precision_score(y[:, some], scores[:, some], average="macro"),
        problem,
    )
    return result


def _regression(y: np.ndarray, guess: np.ndarray) -> Metrics:
    result = Metrics()
    constant = "the target is constant here" if np.ptp(y) == 0 else None
    flat = constant or ("the prediction is constant" if np.ptp(guess) == 0 else None)
    result.add("mae", lambda: sk.mean_absolute_error(y, guess))
    result.add("rmse", lambda: sk.root_mean_squared_error(y, guess))
    result.add("r2", lambda: sk.r2_score(y, guess), constant)
    result.add("pearson", lambda: float(np.corrcoef(y, guess)[0, 1]), flat)
    return result
