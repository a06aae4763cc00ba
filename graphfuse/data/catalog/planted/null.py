"""planted/null: no signal; a strategy that beats chance here leaks."""

from __future__ import annotations

import numpy as np

from graphfuse.data.catalog.card import dataset
from graphfuse.data.catalog.planted._common import card, generator
from graphfuse.data.dataset import FusionDataset

FEATURES, NODES, MISSING = 8, 4, 0.1

DESCRIPTION = (
    "Two modalities of 1 to 4 nodes with 8 normal features and a position, each missing in 10 % of "
    "the samples; the label is a coin toss. Every strategy must come out at chance, always."
)


@dataset(card("planted/null", "Nothing to find", DESCRIPTION))
def load(seed: int = 0, n: int = 2000) -> FusionDataset:
    """Generate ``n`` samples."""
    random = generator("planted/null", seed, n)
    x, pos = {}, {}
    for name in ("a", "b"):
        counts = random.integers(1, NODES + 1, n) * (random.random(n) >= MISSING)
        values = np.split(random.normal(size=(counts.sum(), FEATURES)), counts.cumsum()[:-1])
        x[name] = [nodes if len(nodes) else None for nodes in values]
        pos[name] = [np.arange(count, dtype=float)[:, None] for count in counts]
    return FusionDataset.from_arrays(
        x,
        random.integers(0, 2, n),
        pos=pos,
        name="planted/null",
        bayes_accuracy=0.5,
        graph_should_win=False,
    )
