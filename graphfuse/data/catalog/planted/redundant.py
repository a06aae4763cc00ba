"""planted/redundant: both modalities show the same evidence, so fusion does not help."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from graphfuse.data.catalog.card import dataset
from graphfuse.data.catalog.planted._common import card, generator
from graphfuse.data.dataset import FusionDataset

FEATURES, SHIFT = 8, 1.25

DESCRIPTION = (
    "One number, the label's sign times 1.25 plus standard normal noise, is seen by both "
    "modalities through a fixed direction of 8 features, the others are noise. Either modality "
    "alone reaches the Bayes accuracy of .894; no fusion should beat the best single one."
)


@dataset(card("planted/redundant", "The same evidence twice", DESCRIPTION))
def load(seed: int = 0, n: int = 2000) -> FusionDataset:
    """Generate ``n`` samples."""
    random = generator("planted/redundant", seed, n)
    labels = random.integers(0, 2, n)
    evidence = (2 * labels - 1) * SHIFT + random.normal(size=n)
    nodes = random.normal(size=(2, n, FEATURES))
    nodes[:, :, 0] = evidence
    mixing = np.linalg.qr(np.random.default_rng(0).normal(size=(2, FEATURES, FEATURES)))[0]
    nodes = nodes @ mixing
    return FusionDataset.from_arrays(
        {"a": nodes[0], "b": nodes[1]},
        labels,
        name="planted/redundant",
        bayes_accuracy=float(norm.cdf(SHIFT)),
        graph_should_win=False,
    )
