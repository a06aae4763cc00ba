"""planted/xor: a joint effect of two modalities that pooled features show just as well."""

from __future__ import annotations

import numpy as np

from graphfuse.data.catalog.card import dataset
from graphfuse.data.catalog.planted._common import FLIPPED, card, flip, generator
from graphfuse.data.dataset import FusionDataset

FEATURES = 8

DESCRIPTION = (
    "One node per modality with 8 features; the sign of the first is a bit, the others are noise. "
    "The label is the exclusive or of the two bits, 5 % flipped. Neither modality alone says "
    "anything; both together, concatenated, say all: a graph should tie with concatenation."
)


@dataset(card("planted/xor", "Exclusive or of two modalities", DESCRIPTION))
def load(seed: int = 0, n: int = 2000) -> FusionDataset:
    """Generate ``n`` samples."""
    random = generator("planted/xor", seed, n)
    nodes = random.normal(size=(2, n, FEATURES))
    bits = random.integers(0, 2, size=(2, n))
    nodes[:, :, 0] = (2 * bits - 1) * (0.5 + np.abs(nodes[:, :, 0]))
    labels = flip(bits[0] ^ bits[1], 2, random)
    return FusionDataset.from_arrays(
        {"a": nodes[0], "b": nodes[1]},
        labels,
        name="planted/xor",
        bayes_accuracy=1 - FLIPPED,
        graph_should_win=False,
    )
