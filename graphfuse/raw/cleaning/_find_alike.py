"""Tell which samples of a manifest are the same, or nearly so, in all that they hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphfuse._progress import progress_bar
from graphfuse.errors import InputError
from graphfuse.raw.cleaning.alike import classes_of, look, samples_alike
from graphfuse.raw.manifest import Manifest


def find_alike(
    manifest: Manifest, near: bool, distance: int, similarity: float, progress: bool
) -> np.ndarray:
    """Return the number [n] of the class of each sample: the same for those that are alike.

    Samples are alike if the items of all their modalities are, and they lack the same ones. What
    cannot be read is like nothing else, and so is a sample that holds nothing.
    """
    held: list[tuple[list[int], list[int]]] = []
    total = len(manifest) * len(manifest.modalities)
    with progress_bar(
        desc="comparing", unit="cell", total=total, leave=False, progress=progress
    ) as bar:
        for modality in manifest.modalities:
            kind = manifest.kind(modality)
            owners: list[int] = []
            digests: list[str] = []
            looks: dict[str, Any] = {}
            for row, cells in enumerate(manifest.each(modality)):
                for cell in cells:
                    try:
                        digest = cell.digest()
                        if near and digest not in looks and kind in ("image", "text"):
                            looks[digest] = look(kind, cell.read())
                    except InputError:
                        digest = f"unread {row} {len(digests)}"
                    owners.append(row)
                    digests.append(digest)
                bar.update()
            held.append((owners, classes_of(digests, looks, distance, similarity).tolist()))
    return samples_alike(len(manifest), held)
