"""Hide modalities of training samples at random."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from graphfuse.data import FusionDataset


def draw_gaps(train: FusionDataset, rate: float, random: np.random.Generator) -> dict[str, Tensor]:
    r"""Return which modalities of which training samples are hidden, bool [n] each.

    Each modality that a sample has is hidden with probability ``rate``, whatever the others; where
    that would hide all, one of them, drawn evenly, stays. Of two present modalities each is
    therefore hidden with probability :math:`p - p^2 / 2`. Drawn for all samples at once, so that a
    sample's gaps depend on neither strategy nor batch.

    After ModDrop (Neverova et al. 2016, https://arxiv.org/abs/1501.00102), which may hide all and
    puts zeros in the place of what is hidden; here it is missing.

    Example:
        >>> data = FusionDataset.from_arrays({"a": np.ones((4, 2)), "b": np.ones((4, 3))})
        >>> gaps = draw_gaps(data, 0.9, np.random.default_rng(0))
        >>> bool((gaps["a"] & gaps["b"]).any()), bool((gaps["a"] | gaps["b"]).any())
        (False, True)
    """
    names = train.schema.names
    present = np.stack([train.x[m].counts.numpy() > 0 for m in names], axis=1)
    hidden = present & (random.random(present.shape) < rate)
    lots = np.where(present, random.random(present.shape), -1.0)
    kept = np.eye(len(names), dtype=bool)[lots.argmax(1)]
    hidden &= ~(kept & (hidden == present).all(1, keepdims=True))
    return {m: torch.from_numpy(hidden[:, i]) for i, m in enumerate(names)}
