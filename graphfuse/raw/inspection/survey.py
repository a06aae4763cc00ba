"""Read every cell of a manifest once, and keep the facts that the checks need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from graphfuse._progress import progress_bar
from graphfuse.data.labels import infer_target
from graphfuse.data.schema import Target
from graphfuse.data.words import count_words
from graphfuse.errors import InputError
from graphfuse.raw.cell import Cell
from graphfuse.raw.columns import TABLE
from graphfuse.raw.facts import SampleFacts, facts
from graphfuse.raw.inspection.leak_test import codes_of
from graphfuse.raw.manifest import Manifest
from graphfuse.raw.near_duplicates import DISTANCE, SIMILARITY, Signature, cluster_items, signature
from graphfuse.raw.readers.items import Item, Series, Sound, Video


@dataclass(frozen=True)
class Entry:
    """A cell: its row, the digest of its content, facts about it, and the problem if it has one."""

    row: int
    digest: str
    facts: dict[str, float | str]
    problem: str = ""
    column: str = ""


@dataclass(frozen=True, eq=False)
class Survey:
    """A manifest, and the entries of its cells by modality."""

    manifest: Manifest
    entries: dict[str, list[Entry]]
    signatures: dict[str, Signature]

    @cached_property
    def target(self) -> tuple[Target, np.ndarray] | None:
        """The target and its labels [n], -1 or NaN if unknown; None without exactly one target."""
        return None if isinstance(self._target_or_trouble, str) else self._target_or_trouble

    @property
    def trouble(self) -> str:
        """The reason why the labels are not a target; empty if they are, or without labels."""
        return self._target_or_trouble if isinstance(self._target_or_trouble, str) else ""

    @cached_property
    def _target_or_trouble(self) -> tuple[Target, np.ndarray] | str | None:
        y, task, classes = self._facts.y, self._facts.task, self._facts.classes
        if y is None or isinstance(y, dict):
            return None
        try:
            target, codes = infer_target(y, task, classes)
        except InputError as error:
            return str(error)
        return target, codes.numpy()

    @property
    def parts(self) -> np.ndarray | None:
        """The part [n] of each sample, from a column of parts or times; None without either."""
        return self._facts.splits

    @cached_property
    def _facts(self) -> SampleFacts:
        return facts(self.manifest, labelled=False)

    @cached_property
    def codes(self) -> np.ndarray | None:
        """Classes [n] by number; see :func:`codes_of`."""
        return None if self.target is None else codes_of(*self.target)

    @cached_property
    def clusters(self) -> dict[str, np.ndarray]:
        """The cluster of each entry by modality; near-duplicates share a cluster."""
        return {
            m: cluster_items([e.digest for e in own], self.signatures, DISTANCE, SIMILARITY)
            for m, own in self.entries.items()
        }


def survey(manifest: Manifest, progress: bool = True) -> Survey:
    """Read every cell of a manifest once."""
    entries: dict[str, list[Entry]] = {}
    signatures: dict[str, Signature] = {}
    known: dict[str, dict[str, float | str]] = {}
    names = list(manifest.modalities)
    total = len(manifest) * len(names)
    with progress_bar(
        desc="reading", unit="cell", total=total, leave=False, progress=progress
    ) as bar:
        for modality in names:
            kind = manifest.kind(modality)
            entries[modality] = []
            for row, cells in enumerate(manifest.each(modality)):
                for cell in cells:
                    entries[modality].append(_entry(kind, row, cell, signatures, known))
                bar.update()
    return Survey(manifest, entries, signatures)


def _entry(
    kind: str, row: int, cell: Cell, signatures: dict[str, Signature], known: dict[str, Any]
) -> Entry:
    try:
        digest = cell.digest()
        if kind == TABLE:
            return Entry(row, digest, {})
        if digest not in known:
            item = cell.read()
            known[digest] = facts_of(item)
            signatures[digest] = signature(kind, item)
    except InputError as error:
        unread = f"unread {cell.where} {cell.value!r:.99}"
        return Entry(row, unread, {}, str(error), column=cell.column)
    return Entry(row, digest, {**known[digest], **_file(cell)}, column=cell.column)


def facts_of(item: Item) -> dict[str, float | str]:
    """Return simple facts about an item, such as its size and length.

    Example:
        >>> facts_of("a cat")
        {'characters': 5, 'words': 2}
    """
    if isinstance(item, np.ndarray):
        return {"height": item.shape[0], "width": item.shape[1]}
    if isinstance(item, str):
        return {"characters": len(item), "words": count_words(item)}
    if isinstance(item, Sound):
        return {"seconds": item.seconds, "sample rate": item.rate}
    if isinstance(item, Video):
        height, width = item.frames.shape[1:3]
        return {"height": height, "width": width, "seconds": float(item.times[-1])}
    if isinstance(item, Series):
        return {"steps": len(item.values), "channels": item.values.shape[1]}
    return {}


def _file(cell: Cell) -> dict[str, float | str]:
    path = cell.path()
    if path is None:
        return {"bytes": len(cell.value)} if isinstance(cell.value, bytes) else {}
    digits = "".join(c for c in path.stem if c.isdigit())[:15]
    letters = "".join(c if c.isalpha() else " " for c in path.stem).split()
    return {
        "bytes": path.stat().st_size,
        "format": path.suffix.lower(),
        "file name": letters[0].lower() if letters else "",
        "number in the file name": float(digits) if digits else -1.0,
    }
