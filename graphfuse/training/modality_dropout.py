"""Hide modalities of training samples at random."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from graphfuse.data import FusionDataset


def draw_gaps(train: FusionDataset, rate: float, random: np.random.Generator) -> dict[str, Tensor]:
    r"""Return a mask of the hidden training samples, bool [n], for each modality.

    Each modality of a sample is hidden independently with probability ``rate``. If that would hide
    all of them, one is chosen uniformly and kept. With two present modalities, each is therefore
    hidden with probability :math:`p - p^2 / 2`. All samples are drawn at once, so that the result
    for a sample depends on neither strategy nor batch.

    This follows ModDrop (Neverova et al. 2016, https://arxiv.org/abs/1501.00102), which may hide
    all modalities and replaces hidden ones by zeros; here they are missing.

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
