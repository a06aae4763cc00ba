"""Read the cells of a modality once: the digest of each, and the cells that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from graphfuse._progress import progress_bar
from graphfuse.encoders.problems import LostColumn
from graphfuse.errors import InputError
from graphfuse.raw import Cell, Manifest
from graphfuse.raw.manifest import ROWS, first_paths
from graphfuse.raw.readers.paths import suggest_root

Block = Sequence[tuple[str, tuple[int, int]]]
"""Contents that are kept in one file, by digest, and the row and place of a cell of each."""


@dataclass(frozen=True)
class Scan:
    """Digest and column of each cell of each row of a modality, and why some cannot be read.

    A file that cannot be read has its place in the manifest instead of a digest.
    """

    modality: str
    digests: list[list[str]]
    columns: list[list[str]]
    reasons: dict[str, str]

    def contents(self) -> list[tuple[str, tuple[int, int]]]:
        """Return each content once, with the row and place of its first cell."""
        first: dict[str, tuple[int, int]] = {}
        for row, own in enumerate(self.digests):
            for place, digest in enumerate(own):
                if digest not in self.reasons:
                    first.setdefault(digest, (row, place))
        return list(first.items())

    def lost(self, manifest: Manifest) -> list[LostColumn]:
        """Return the columns of which no cell can be read."""
        cells: dict[str, list[str]] = {}
        for own, names in zip(self.digests, self.columns, strict=True):
            for digest, name in zip(own, names, strict=True):
                cells.setdefault(name, []).append(digest)
        return [
            LostColumn(
                name,
                self.modality,
                len(own),
                self.reasons[own[0]],
                suggest_root(first_paths(manifest, name), manifest.root),
            )
            for name, own in cells.items()
            if name and all(digest in self.reasons for digest in own)
        ]


@dataclass(frozen=True)
class Cells:
    """The cells of one modality, few of which are in memory at a time."""

    manifest: Manifest
    modality: str

    def scan(self, progress: bool) -> Scan:
        """Read each cell once for its digest."""
        digests: list[list[str]] = []
        columns: list[list[str]] = []
        reasons: dict[str, str] = {}
        rows = progress_bar(
            self.manifest.each(self.modality),
            desc=f"{self.modality} (looking for new items)",
            unit="sample",
            total=len(self.manifest),
            leave=False,
            progress=progress,
        )
        for row, cells in enumerate(rows):
            digests.append([])
            columns.append([cell.column for cell in cells])
            for place, cell in enumerate(cells):
                try:
                    digest = _bare(cell).digest()
                except InputError as error:
                    digest = f"row {row}, cell {place}"
                    reasons[digest] = str(error)
                digests[-1].append(digest)
        return Scan(self.modality, digests, columns, reasons)

    def read(self, block: Block) -> Iterator[tuple[str, Cell]]:
        """Yield the contents of a block, by digest."""
        for start in range(0, len(block), ROWS):
            part = block[start : start + ROWS]
            rows = self.manifest.cells(self.modality, [row for _, (row, _) in part])
            for (digest, (_, place)), cells in zip(part, rows, strict=True):
                yield digest, _bare(cells[place])

    def where(self, row: int, place: int) -> str:
        """Return what messages call a cell."""
        return self.manifest.cells(self.modality, [row])[0][place].where


def _bare(cell: Cell) -> Cell:
    """Return a cell without its place: many hold one content, and fail for one reason."""
    return replace(cell, where="")
