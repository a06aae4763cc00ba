"""Seeds, label noise and cards of the planted datasets."""

from __future__ import annotations

import zlib

import numpy as np

from graphfuse.data.catalog.card import DatasetCard
from graphfuse.errors import InputError

FLIPPED = 0.05
"""Share of labels that are replaced by another class, so that the Bayes accuracy is at most .95."""


def card(name: str, title: str, description: str, classes: int = 2) -> DatasetCard:
    """Return the card of a planted dataset with modalities a and b."""
    return DatasetCard(
        name=name,
        title=title,
        modalities=("a", "b"),
        samples=2000,
        task="binary" if classes == 2 else "multiclass",
        classes=classes,
        license="generated",
        source="generated",
        description=description,
    )


def generator(name: str, seed: int, n: int) -> np.random.Generator:
    """Return the random generator of a planted dataset of ``n`` samples."""
    if n < 2:
        raise InputError(f"{name} needs at least 2 samples, got n={n}")
    return np.random.default_rng([zlib.crc32(name.encode()), seed])


def flip(labels: np.ndarray, classes: int, random: np.random.Generator) -> np.ndarray:
    """Replace a share :data:`FLIPPED` of the labels by another class each."""
    change = random.random(len(labels)) < FLIPPED
    shift = random.integers(1, classes, len(labels))
    return np.where(change, (labels + shift) % classes, labels)
