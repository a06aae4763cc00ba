"""Group near-duplicates, so that no sample is tested whose copy is trained on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from graphfuse._progress import without_datasets_bars
from graphfuse._wording import count
from graphfuse.raw.cleaning.cleaner import Cleaner, cleaner
from graphfuse.raw.cleaning.drop_duplicates import DropDuplicates
from graphfuse.raw.columns import Column
from graphfuse.raw.manifest import Manifest
from graphfuse.raw.near_duplicates import DISTANCE, SIMILARITY, cluster_manifest


@cleaner("group_duplicates")
@dataclass(frozen=True)
class GroupDuplicates(Cleaner):
    """Make groups of near-duplicates, which every split keeps together; no sample is lost.

    Groups that the data has stay together as well. Options as of :class:`DropDuplicates`. Where
    parts are given, by name or by time, near-copies across them are an error of the split.
    """

    distance: int = DISTANCE
    similarity: float = SIMILARITY

    def __post_init__(self) -> None:
        DropDuplicates(distance=self.distance, similarity=self.similarity)  # says what is wrong

    def apply(self, manifest: Manifest, progress: bool = True) -> Manifest:
        """Return the manifest with a column of groups."""
        found = cluster_manifest(manifest, True, self.distance, self.similarity, progress)
        counts = np.bincount(found, minlength=1)[found]
        rows = np.flatnonzero(counts > 1)
        if not len(rows):
            return manifest
        name = "near-duplicates"
        while name in manifest.table.column_names:
            name += "_"
        groups = [f"like {manifest.ids[row]}" for row in _first(found)]
        named = [group if count > 1 else None for group, count in zip(groups, counts, strict=True)]
        column = Column(name, "group", why=f"of {self.name}")
        with without_datasets_bars():
            table = manifest.table.add_column(name, named)
        grouped = replace(manifest, table=table, columns=(*manifest.columns, column))
        groups_in_all = len(set(found[rows].tolist()))
        what = (
            f"{count(len(rows), 'sample')} are near-copies, and stay together in "
            f"{count(groups_in_all, 'group')}"
        )
        return self.note(grouped, what, rows)


def _first(found: np.ndarray) -> list[int]:
    """Return the first row of the class of each row."""
    first: dict[int, int] = {}
    return [first.setdefault(number, row) for row, number in enumerate(found.tolist())]
