"""Metrics for sentiment from -3 to 3, by the protocol of CMU-MOSI and CMU-MOSEI.

There are two binary variants, whose values differ by some points and must not be mixed. ``has0``
includes neutral samples: non-negative against negative. ``non0`` leaves out the samples that are
labelled 0: positive against negative. F1 is weighted by class frequency.

The definitions are those of ``MetricsTop`` in MMSA (Mao et al., 2022,
https://arxiv.org/abs/2203.12441). The code of MulT (Tsai et al., 2019,
https://arxiv.org/abs/1906.00295) has the same Acc-7 and the same Acc-2 without zero. With zero, it
counts neutral samples as negative. It also weights F1 by the frequency of the predicted classes.
CH-SIMS, whose labels are in [-1, 1], has another protocol.
"""

from __future__ import annotations

import numpy as np
from sklearn import metrics as sk

from graphfuse.training.metrics.metric import Predictions, metric
from graphfuse.training.metrics.needs import a_label_other_than_zero

LARGEST = 3
LABELS = "labels from -3 to 3, some negative and some positive"


def is_sentiment(y: np.ndarray) -> bool:
    """Whether labels are in [-3, 3] and have both signs."""
    return bool(-LARGEST <= y.min() < 0 < y.max() <= LARGEST)


def _non_negative(p: Predictions) -> tuple[np.ndarray, np.ndarray]:
    return p.y >= 0, p.guess >= 0


def _positive_or_negative(p: Predictions) -> tuple[np.ndarray, np.ndarray]:
    some = p.y != 0
    return p.y[some] > 0, p.guess[some] > 0


@metric(
    "acc2_has0",
    tasks=("regression",),
    suits=is_sentiment,
    labels=LABELS,
)
def acc2_has0(p: Predictions) -> float:
    """Acc-2 with zero: non-negative against negative sentiment, neutral samples included."""
    return float(sk.accuracy_score(*_non_negative(p)))


@metric(
    "acc2_non0",
    tasks=("regression",),
    suits=is_sentiment,
    labels=LABELS,
    needs=(a_label_other_than_zero,),
)
def acc2_non0(p: Predictions) -> float:
    """Acc-2 without zero: positive against negative sentiment, samples labelled 0 left out."""
    return float(sk.accuracy_score(*_positive_or_negative(p)))


@metric(
    "acc7",
    tasks=("regression",),
    suits=is_sentiment,
    labels=LABELS,
)
def acc7(p: Predictions) -> float:
    """Acc-7: share of samples whose sentiment, rounded to an integer in [-3, 3], is correct."""
    rounded = [np.round(np.clip(values, -LARGEST, LARGEST)) for values in (p.y, p.guess)]
    return float((rounded[0] == rounded[1]).mean())


@metric(
    "f1_has0",
    tasks=("regression",),
    suits=is_sentiment,
    labels=LABELS,
)
def f1_has0(p: Predictions) -> float:
    """Weighted F1 with zero: non-negative against negative sentiment."""
    return float(sk.f1_score(*_non_negative(p), average="weighted", zero_division=0))


@metric(
    "f1_non0",
    tasks=("regression",),
    suits=is_sentiment,
    labels=LABELS,
    needs=(a_label_other_than_zero,),
)
def f1_non0(p: Predictions) -> float:
    """Weighted F1 without zero: positive against negative sentiment."""
    return float(sk.f1_score(*_positive_or_negative(p), average="weighted", zero_division=0))
