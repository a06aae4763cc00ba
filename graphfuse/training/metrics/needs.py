"""Conditions under which a metric is defined."""

from __future__ import annotations

import numpy as np

from graphfuse.training.metrics.metric import Predictions


def two_classes(p: Predictions) -> str | None:
    """At least two classes occur."""
    return "only one class occurs" if len(p.present) < 2 else None


def every_class(p: Predictions) -> str | None:
    """Every class of the target occurs."""
    absent = sorted(set(p.classes) - {p.classes[code] for code in p.present})
    return f"classes {absent} do not occur" if absent else None


def a_label(p: Predictions) -> str | None:
    """At least one label occurs; for samples with several labels."""
    return "no label occurs" if p.task == "multilabel" and not len(p.present) else None


def a_varying_label(p: Predictions) -> str | None:
    """At least one label occurs in some samples and not in others."""
    varies = (p.y.min(0) != p.y.max(0)).any()
    return None if varies else "no label occurs in some samples and not in others"


def varying_target(p: Predictions) -> str | None:
    """The target is not constant."""
    return "the target is constant here" if np.ptp(p.y) == 0 else None


def varying_prediction(p: Predictions) -> str | None:
    """The prediction is not constant."""
    return "the prediction is constant" if np.ptp(p.guess) == 0 else None


def a_label_other_than_zero(p: Predictions) -> str | None:
    """At least one label is not zero."""
    return None if p.y.any() else "every label is zero"
