"""Augmented copies of training samples, for encoders that encode every item once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from graphfuse._progress import without_datasets_bars
from graphfuse._wording import count
from graphfuse.errors import InputError
from graphfuse.raw.cell import Cell
from graphfuse.raw.columns import Column
from graphfuse.raw.facts import splits_of
from graphfuse.raw.manifest import Change, Manifest

if TYPE_CHECKING:
    from graphfuse.raw.augment.combine import Augmentation
    from graphfuse.raw.readers.items import Item

COPY, ORIGINAL, ID = "augmented copy", "augmented from", "augmented id"
"""Columns that are added: number of the copy, 0 for originals, the original, and an id if none is
there."""


@dataclass(frozen=True)
class AugmentedCell(Cell):
    """A cell whose content is augmented when it is read; its digest includes the augmentation."""

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
    """A manifest that holds changed copies of samples too; see :func:`add_copies`."""

    augmentation: Augmentation = field(kw_only=True)
    changed: Collection[str] = field(kw_only=True)
    """Modalities of which copies have changed items."""

    @cached_property
    def copy_of(self) -> np.ndarray:
        """For each copy the id of its original, "" for originals."""
        copies, originals = (np.array(self.table[name][:]) for name in (COPY, ORIGINAL))
        return np.where(copies > 0, originals, "")

    def cells(self, modality: str, rows: Sequence[int] | None = None) -> list[list[Cell]]:
        """Return the cells; those of copies are changed."""
        cells = super().cells(modality, rows)
        if modality not in self.changed:
            return cells
        table = self.table if rows is None else self.table.select(list(map(int, rows)))
        known = zip(cells, table[COPY][:], table[ORIGINAL][:], strict=True)
        return [
            [
                self._augmented(cell, seed_of(self.augmentation.seed, copy, name), modality, place)
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


def seed_of(seed: int, copy: int, name: str) -> tuple[int, int, int]:
    """Return the seed for the changes of a copy, by its number, of the sample with this id."""
    return seed, copy, zlib.crc32(name.encode())


def add_copies(
    manifest: Manifest, augmentation: Augmentation, modalities: Collection[str] | None = None
) -> Manifest:
    """Return the manifest with ``augmentation.copies`` changed copies of each sample.

    A frozen encoder encodes each item once, so a model would see the same picture in every epoch;
    copies add changed ones. They follow the originals, have ids such as ``"7 copy 1"``, and are in
    the training parts of their original:
    :func:`~graphfuse.data.make_splits` never tests on them. Where parts are given, only samples of
    the training part have copies. The draw depends only on the seed, the number of the copy and the
    id of the original. Encoded copies are kept under the content, the augmentation and the seed.

    Args:
        modalities: those whose items are changed; by default all that the augmentation changes.

    Raises:
        InputError: the augmentation changes no modality, or there are copies already.

    Example:
        >>> from datasets import Dataset
        >>> table = Dataset.from_dict({"t": ["a b", "c d"], "part": ["train", "test"]})
        >>> manifest = Manifest(table, (Column("t", "text", "t"), Column("part", "split")))
        >>> from graphfuse.raw.augment import Augmentation
        >>> add_copies(manifest, Augmentation.of({"text": "caption"})).ids.tolist()
        ['0', '1', '0 copy 1', '0 copy 2']
    """
    from datasets import Dataset, concatenate_datasets

    changed = modalities_changed(manifest, augmentation) if modalities is None else modalities
    if isinstance(manifest, AugmentedManifest):
        raise InputError(f"{manifest.name!r} already has augmented copies; add them once")
    parts, copies = splits_of(manifest), augmentation.copies
    rows = np.arange(len(manifest)) if parts is None else np.flatnonzero(parts == "train")
    if parts is not None:  # with folds, no word may come from a text that is tested on
        augmentation = _fitted(augmentation, manifest.select(rows), changed)
    table = manifest.table
    ids = [column.name for column in manifest.columns if column.kind == "id"]
    kept = tuple(column for column in manifest.columns if column.kind != "id")
    table = table.remove_columns(ids)
    id_name = ids[0] if ids else ID
    for name in (COPY, ORIGINAL, id_name):
        if name in table.column_names:
            raise InputError(f"column {name!r} is reserved for augmented copies; rename it")
    numbers = [0] * len(table) + [copy for _ in rows for copy in range(1, copies + 1)]
    places = [*range(len(table)), *np.repeat(rows, copies).tolist()]
    originals = [str(manifest.ids[place]) for place in places]
    named = [f"{of} copy {k}" if k else of for of, k in zip(originals, numbers, strict=True)]
    added: dict[str, list[Any]] = {COPY: numbers, ORIGINAL: originals, id_name: named}
    with without_datasets_bars():
        table = concatenate_datasets([table, table.select(places[len(table) :])])
        table = concatenate_datasets([table, Dataset.from_dict(added)], axis=1)
    columns = (Column(COPY, "skip"), Column(ORIGINAL, "skip"), Column(id_name, "id"))
    what = (
        f"{count(copies, 'copy')} of each of {count(len(rows), 'sample')} to train "
        f"on, {', '.join(changed)} changed"
    )
    options = {**augmentation.options, "copies": copies, "seed": augmentation.seed}
    return AugmentedManifest(
        table, (*kept, *columns), manifest.root, manifest.name, manifest.task, manifest.encoders,
        (*manifest.changes, Change("augment", options, what, tuple(manifest.ids[rows].tolist()))),
        repairs=manifest.repairs, steps=manifest.steps,
        augmentation=augmentation, changed=tuple(changed),
    )  # fmt: skip


def _fitted(augmentation: Augmentation, train: Manifest, changed: Collection[str]) -> Augmentation:
    """Return the augmentation with words to insert from the texts of the training part."""
    if augmentation.text is None or not augmentation.text.takes_vocabulary:
        return augmentation
    texts = []
    for m in changed:
        if train.kind(m) == "text":
            for cells in train.each(m):
                for cell in cells:
                    with contextlib.suppress(InputError):  # reported when it is encoded
                        texts.append(str(cell.read()))
    return replace(augmentation, text=augmentation.text.fit(texts))


def modalities_changed(manifest: Manifest, augmentation: Augmentation) -> list[str]:
    """Return the modalities of a manifest that an augmentation changes.

    Raises:
        InputError: the manifest has no item of a kind that is changed.
    """
    kinds = {m: manifest.kind(m) for m in manifest.modalities}
    there = kinds_of(manifest)
    for kind in augmentation.kinds:
        if kind not in there:
            known = ", ".join(f"{m} ({own})" for m, own in kinds.items())
            raise InputError(
                f"augment changes items of kind {kind!r}, but there are none; the modalities "
                f"are {known}"
            )
    return [m for m, kind in kinds.items() if augmentation.changes(kind)]


def kinds_of(manifest: Manifest) -> set[str]:
    """Return the kinds of items in a manifest; a video also counts as pictures and sound."""
    kinds = {manifest.kind(m) for m in manifest.modalities}
    return kinds | ({"image", "audio"} if "video" in kinds else set())
