"""planted/lagged: one series follows the other two steps later, or does not."""

from __future__ import annotations

import numpy as np

from graphfuse.data.catalog.card import dataset
from graphfuse.data.catalog.planted._common import FLIPPED, card, flip, generator
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.spec import RelationSpec

STEPS, LAG, NOISE = 12, 2, 0.3

DESCRIPTION = (
    "Two series of 12 steps, one node per step with the position in time, one feature each. In the "
    "class 'follows', b repeats a two steps later with noise 0.3; in the other class b is "
    "independent with the same variance. 5 % of the labels are flipped. Each series alone is the "
    "same in both classes; they differ in which step of a belongs to which step of b."
)


@dataset(card("planted/lagged", "A cause two steps earlier", DESCRIPTION))
def load(seed: int = 0, n: int = 2000) -> FusionDataset:
    """Generate ``n`` samples."""
    random = generator("planted/lagged", seed, n)
    follows = random.integers(0, 2, n).astype(bool)
    long = random.normal(size=(n, STEPS + LAG))
    source = np.where(follows[:, None], long[:, :STEPS], random.normal(size=(n, STEPS)))
    b = source + NOISE * random.normal(size=(n, STEPS))
    times = np.broadcast_to(np.arange(STEPS, dtype=float)[None, :, None], (n, STEPS, 1))
    return FusionDataset.from_arrays(
        {"a": long[:, LAG:, None], "b": b[:, :, None]},
        flip(follows.astype(np.int64), 2, random),
        classes=["independent", "follows"],
        pos={"a": times, "b": times},
        name="planted/lagged",
        relations=[RelationSpec("temporal", {"window": LAG, "pairs": "across"})],
        # Unflipped, the likelihood ratio errs in 0.2 % of samples (tests measure it).
        bayes_accuracy=0.998 * (1 - FLIPPED) + 0.002 * FLIPPED,
        graph_should_win=True,
    )
