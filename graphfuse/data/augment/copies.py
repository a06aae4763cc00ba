"""Changed copies of the training samples, for encoders that encode every item once."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from graphfuse.data.raw.columns import Column
from graphfuse.data.raw.manifest import Cell, Change, Manifest
from graphfuse.errors import InputError, check_whole

if TYPE_CHECKING:
    from graphfuse.data.augment.combine import Augmentation
    from graphfuse.data.raw.items import Item

COPY, ORIGINAL, ID = "augmented copy", "augmented from", "augmented id"
"""Columns that are added: number of the copy, 0 for originals, the original, and a new id."""


@dataclass(frozen=True)
class AugmentedCell(Cell):
    """A cell whose content is changed when it is read; the digest tells how."""

    augmentation: Augmentation = field(kw_only=True)
    sample: tuple[int, ...] = field(kw_only=True)
    modality: str = field(kw_only=True)
    place: int = field(kw_only=True)

    def digest(self) -> str:
        """Return the SHA-256 of the content, the augmentation and the seed."""
        how = [self.augmentation.options, self.sample, self.modality, self.place]
        plain = json.dumps([super().digest(), *how], sort_keys=True, default=str)
        return hashlib.sha256(plain.encode()).hexdigest()

    def read(self) -> Item:
        """Return the content, changed."""
        return self.augmentation.change(super().read(), self.sample, self.modality, self.place)


@dataclass(frozen=True, eq=False)
class AugmentedManifest(Manifest):
    """A manifest some of whose samples are changed copies of others; see :func:`add_copies`."""

    augmentation: Augmentation = field(kw_only=True)
    seed: int = field(kw_only=True)

    def cells(self, modality: str, rows: Sequence[int] | None = None) -> list[list[Cell]]:
        """Return the cells as in any manifest, those of copies changed."""
        cells = super().cells(modality, rows)
        if not self.augmentation.changes(self.kind(modality)):
            return cells
        table = self.table if rows is None else self.table.select(list(map(int, rows)))
        known = zip(cells, table[COPY][:], table[ORIGINAL][:], strict=True)
        return [
            [
                self._augmented(cell, (self.seed, copy, zlib.crc32(name.encode())), modality, place)
                for place, cell in enumerate(own)
            ]
            if copy
            else own
            for own, copy, name in known
        ]

    def _augmented(self, cell: Cell, sample: tuple[int, ...], modality: str, place: int) -> Cell:
        return AugmentedCell(
            cell.kind, cell.value, cell.root, cell.where, cell.repairs,
            augmentation=self.augmentation, sample=sample, modality=modality, place=place,
        )  # fmt: skip


def add_copies(
    manifest: Manifest, augmentation: Augmentation, copies: int, seed: int = 0
) -> Manifest:
    """Return the manifest with changed copies of each sample of its training part.

    Where an encoder is frozen, each item is encoded once, so that there is no other picture in
    every epoch; copies give the network some of them. They stand behind the originals, are of the
    part "train", have their original's label and group, and ids such as ``"7 copy 1"``. What is
    drawn depends on seed, copy and the original's id alone. Encoded copies are kept under the
    content, the augmentation and the seed. Validation and test part stay as they are.

    Raises:
        InputError: the manifest names no parts, so that copies would be tested on.

    Example:
        >>> from datasets import Dataset
        >>> from graphfuse.data.augment import CAPTION, Augmentation
        >>> table = Dataset.from_dict({"t": ["a b", "c d"], "part": ["train", "test"]})
        >>> manifest = Manifest(table, (Column("t", "text", "t"), Column("part", "split")))
        >>> add_copies(manifest, Augmentation(text=CAPTION), 2).ids.tolist()
        ['0', '1', '0 copy 1', '0 copy 2']
    """
    from datasets import concatenate_datasets

    check_whole("copies", copies, 1)
    parts = manifest.role("split")
    if parts is None or isinstance(manifest, AugmentedManifest):
        have = "has copies already" if parts is not None else "has no column of kind 'split'"
        raise InputError(
            f"copies are made of samples of the training part alone, but {manifest.name!r} {have}; "
            f"add one of 'train', 'validation' and 'test', as in a cross-validation copies would "
            f"be tested on"
        )
    rows = np.flatnonzero(parts == "train")
    table = manifest.table
    for name in (COPY, ORIGINAL, ID):
        if name in table.column_names:
            raise InputError(f"column {name!r} is for the copies; call it something else")
    ids = [column.name for column in manifest.columns if column.kind == "id"]
    kept = tuple(column for column in manifest.columns if column.kind != "id")
    table = table.remove_columns(ids)
    numbers = [0] * len(table) + [copy for _ in rows for copy in range(1, copies + 1)]
    places = [*range(len(table)), *np.repeat(rows, copies).tolist()]
    originals = [str(manifest.ids[place]) for place in places]
    named = [f"{of} copy {k}" if k else of for of, k in zip(originals, numbers, strict=True)]
    table = concatenate_datasets([table, table.select(places[len(table) :])])
    added: dict[str, list[Any]] = {COPY: numbers, ORIGINAL: originals, ID: named}
    for name, values in added.items():
        table = table.add_column(name, values)
    columns = (Column(COPY, "skip"), Column(ORIGINAL, "group"), Column(ID, "id"))
    what = f"{copies} changed copies of each of {len(rows)} training samples"
    options = {"augmentation": augmentation.options, "copies": copies, "seed": seed}
    return AugmentedManifest(
        table, (*kept, *columns), manifest.root, manifest.name, manifest.task, manifest.encoders,
        (*manifest.changes, Change("augment", options, what, tuple(manifest.ids[rows].tolist()))),
        repairs=manifest.repairs, steps=manifest.steps, augmentation=augmentation, seed=seed,
    )  # fmt: skip
