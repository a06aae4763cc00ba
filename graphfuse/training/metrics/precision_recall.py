"""Precision, recall and F1: averaged over classes or labels, and per class.

Macro and weighted averages run over the classes or labels that occur in the true ones; micro
averages count all predictions together. The precision of a class that is never predicted is 0.
"""

from __future__ import annotations

from collections.abc import Callable

from sklearn import metrics as sk

from graphfuse.training.metrics.metric import CLASSIFICATION, Metric, Predictions, metrics
from graphfuse.training.metrics.needs import a_label

SCORES = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}
AVERAGES = {
    "macro": "mean over the classes or labels that occur",
    "micro": "over all classes or labels together",
    "weighted": "mean over the classes or labels that occur, weighted by frequency",
}


def _averaged(score: Callable[..., float], name: str, average: str) -> Callable[..., float]:
    def function(p: Predictions) -> float:
        labels = None if average == "micro" else p.present
        return float(score(p.y, p.guess, labels=labels, average=average, zero_division=0))

    function.__doc__ = f"{name.capitalize()}, {AVERAGES[average]}."
    return function


def _of_one_class(score: Callable[..., float], name: str) -> Callable[..., float]:
    def function(p: Predictions, code: int) -> float:
        return float(score(p.y, p.guess, labels=[code], average="macro", zero_division=0))

    function.__doc__ = f"{name.capitalize()} of one class."
    return function


for _name, _score in SCORES.items():
    for _average in AVERAGES:
        _full = f"{_name}_{_average}"
        metrics.add(
            _full,
            Metric(
                name=_full,
                function=_averaged(_score, _name, _average),
                tasks=(*CLASSIFICATION, "multilabel"),
                needs=(a_label,),
                default_for=("multilabel",) if _full == "f1_macro" else (),
            ),
        )
    metrics.add(
        _name,
        Metric(
            name=_name,
            function=_of_one_class(_score, _name),
            tasks=CLASSIFICATION,
            per_class=True,
        ),
    )
