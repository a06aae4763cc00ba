"""planted/unique: each modality holds one half of the answer, additively."""

from __future__ import annotations

from graphfuse.data.catalog.card import dataset
from graphfuse.data.catalog.planted._common import FLIPPED, card, flip, generator
from graphfuse.data.dataset import FusionDataset

FEATURES = 8

DESCRIPTION = (
    "One node per modality with 8 features; the sign of the first is a bit. The four classes are "
    "the pairs of bits, 5 % of the labels replaced. A single modality reaches at most about half "
    "of the Bayes accuracy of .95; every fusion should reach it, averaged predictions included."
)


@dataset(card("planted/unique", "Half the answer in each modality", DESCRIPTION, classes=4))
def load(seed: int = 0, n: int = 2000) -> FusionDataset:
    """Generate ``n`` samples."""
    random = generator("planted/unique", seed, n)
    nodes = random.normal(size=(2, n, FEATURES))
    bits = random.integers(0, 2, size=(2, n))
    nodes[:, :, 0] = (2 * bits - 1) * (0.5 + abs(nodes[:, :, 0]))
    labels = flip(2 * bits[0] + bits[1], 4, random)
    return FusionDataset.from_arrays(
        {"a": nodes[0], "b": nodes[1]},
        labels,
        classes=["00", "01", "10", "11"],
        name="planted/unique",
        bayes_accuracy=1 - FLIPPED,
        graph_should_win=False,
    )
