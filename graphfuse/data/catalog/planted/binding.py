"""planted/binding: the label lies in which nodes belong together, so a graph should win."""

from __future__ import annotations

import numpy as np

from graphfuse.data.catalog.card import dataset
from graphfuse.data.catalog.planted._common import FLIPPED, card, flip, generator
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.spec import RelationSpec

NODES, KEY, NOISE = 6, 8, 0.1

DESCRIPTION = (
    "Each modality is a set of 6 nodes, each a key (8 features) and a value (+1 or -1). Keys are "
    "fresh random unit vectors in every sample; one key is shared by the two modalities up to "
    "noise 0.1. The label is the product of the two values at the shared key, 5 % of the labels "
    "flipped. Each modality alone, and pooled features of both, say next to nothing: one has to "
    "find the pair of nodes that belong together. The right relation is k-nearest, across the "
    "modalities, on the key features alone."
)


@dataset(card("planted/binding", "Which nodes belong together", DESCRIPTION))
def load(seed: int = 0, n: int = 2000) -> FusionDataset:
    """Generate ``n`` samples."""
    random = generator("planted/binding", seed, n)
    keys = random.normal(size=(2, n, NODES, KEY))
    keys /= np.linalg.norm(keys, axis=-1, keepdims=True)
    values = random.choice([-1.0, 1.0], size=(2, n, NODES))
    shared = random.integers(0, NODES, size=(2, n))
    rows = np.arange(n)
    keys[1, rows, shared[1]] = keys[0, rows, shared[0]] + NOISE * random.normal(size=(n, KEY))
    product = values[0, rows, shared[0]] * values[1, rows, shared[1]]
    labels = flip((product > 0).astype(np.int64), 2, random)
    nodes = np.concatenate([keys, values[..., None]], axis=-1)
    return FusionDataset.from_arrays(
        {"a": nodes[0], "b": nodes[1]},
        labels,
        classes=["different", "same"],
        name="planted/binding",
        relations=[
            RelationSpec(
                "k_nearest", {"k": 1, "on": {"a": [0, KEY], "b": [0, KEY]}, "pairs": "across"}
            )
        ],
        bayes_accuracy=1 - FLIPPED,
        graph_should_win=True,
    )
