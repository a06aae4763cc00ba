"""Drop duplicates of samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphfuse._wording import count, verb
from graphfuse.errors import InputError, UnknownNameError, check_integer
from graphfuse.raw.cleaning.cleaner import Cleaner, cleaner
from graphfuse.raw.facts import splits_of
from graphfuse.raw.manifest import Manifest
from graphfuse.raw.near_duplicates import DISTANCE, SIMILARITY, cluster_manifest

ACROSS = ("train", "test", "keep")


@cleaner("drop_duplicates")
@dataclass(frozen=True)
class DropDuplicates(Cleaner):
    """Keep the first of samples whose content is the same in all modalities, files by content.

    With ``near``, also of near-duplicates: pictures whose perceptual hashes differ in up to
    ``distance`` of 64 bits, and texts that share ``similarity`` of their pieces of 5 characters.
    Copies with different labels are reported: at most one of the labels is correct.

    Args:
        near: drop near-duplicates, too.
        distance: bits of 64.
        similarity: share, above 0 and up to 1.
        across: which of the copies in different given parts to drop: "train" drops those in the
            training part (and in validation, if there is one in test), so that the test part stays
            as given; "test" drops the others; "keep" drops none, but reports them.
    """

    near: bool = False
    distance: int = DISTANCE
    similarity: float = SIMILARITY
    across: str = "train"

    def __post_init__(self) -> None:
        if self.across not in ACROSS:
            raise UnknownNameError("across of drop_duplicates", self.across, ACROSS)
        check_integer("distance", self.distance, 0)
        if not isinstance(self.similarity, (int, float)) or not 0 < self.similarity <= 1:
            raise InputError(f"similarity must be above 0 and at most 1, got {self.similarity!r}")

    def apply(self, manifest: Manifest, progress: bool = True) -> Manifest:
        """Return the manifest without duplicates."""
        found = cluster_manifest(manifest, self.near, self.distance, self.similarity, progress)
        what = "copies or near-copies" if self.near else "copies"
        parts = splits_of(manifest)
        parts = np.full(len(manifest), "") if parts is None else parts
        again, straddling = _to_drop(found, parts, self.across)
        manifest = self._note_conflicts(manifest, found)
        for part in sorted(set(parts[straddling])):
            rows = [row for row in straddling if parts[row] == part]
            if self.across == "keep":
                manifest = self.note(
                    manifest, f"kept in {part}, though {what} of other parts", rows
                )
            else:
                why = f"in {part}, {what} of samples of another part, which stay there"
                manifest = self.note(manifest, why, rows)
        gone = sorted({*again, *(straddling if self.across != "keep" else ())})
        return self.drop(manifest, gone, f"{what} of samples that stay")

    def _note_conflicts(self, manifest: Manifest, found: np.ndarray) -> Manifest:
        targets = [c.name for c in manifest.columns if c.kind == "label"]
        if not targets:
            return manifest
        labels = list(map(str, zip(*(manifest.table[name][:] for name in targets), strict=True)))
        own: dict[int, set[str]] = {}
        for number, label in zip(found.tolist(), labels, strict=True):
            own.setdefault(number, set()).add(label)
        rows = [row for row, number in enumerate(found.tolist()) if len(own[number]) > 1]
        if not rows:
            return manifest
        return self.note(
            manifest,
            f"{count(len(rows), 'sample')} {verb(len(rows), 'is a copy', 'are copies')} with "
            f"different labels",
            rows,
        )


def _to_drop(found: np.ndarray, parts: np.ndarray, across: str) -> tuple[list[int], list[int]]:
    """Return the rows of later copies within a part, and of copies of samples in other parts."""
    first: dict[tuple[int, str], int] = {}
    again = [
        row
        for row, key in enumerate(zip(found.tolist(), parts.tolist(), strict=True))
        if first.setdefault(key, row) != row
    ]
    order = ("test", "validation", "train") if across != "test" else ("train", "validation", "test")
    best: dict[int, int] = {}
    for number, part in first:
        rank = order.index(part) if part in order else len(order)
        best[number] = min(rank, best.get(number, rank))
    straddling = [
        row
        for (number, part), row in first.items()
        if part in order and order.index(part) > best[number]
    ]
    return again, straddling
