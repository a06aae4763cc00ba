"""A manifest: raw samples, one per row, whose cells name files or hold values."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphfuse._wording import count
from graphfuse.data.spec import EncoderSpec, StepSpec
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw.cell import Cell, ItemRepair
from graphfuse.raw.columns import MEDIA, TABLE, TABULAR, Column

if TYPE_CHECKING:
    from datasets import Dataset


ROWS = 32
"""Rows whose cells are in memory at once in a pass over all."""


@dataclass(frozen=True)
class Change:
    """A step of cleaning: its name, its options, and the ids of the samples that it changed.

    ``details`` are lines about these samples, such as why a cell cannot be read.
    """

    step: str
    options: Mapping[str, Any]
    what: str
    ids: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Manifest:
    """Raw samples; made by :func:`~graphfuse.raw.read_manifest`.

    A manifest never changes: ``select`` and ``dataclasses.replace`` return new ones.

    Args:
        table: a ``datasets.Dataset`` with one row per sample.
        columns: the name and kind of each column.
        root: the folder from which the paths in cells start; they never leave it.
        encoders: the encoder of each modality, if the source names it.
        changes: the changes that cleaning made.
        repairs: steps of cleaning that are applied to each item of a modality when it is read.
        rows: the numbers of the rows when they were first read; they name samples without an id.
        steps: the steps that are applied to the encoded nodes.
    """

    table: Dataset
    columns: tuple[Column, ...]
    root: Path | None = None
    name: str = ""
    task: str | None = None
    encoders: Mapping[str, EncoderSpec] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    repairs: Mapping[str, tuple[ItemRepair, ...]] = field(default_factory=dict)
    rows: Sequence[int] | None = None
    steps: tuple[StepSpec, ...] | None = None

    def __len__(self) -> int:
        return len(self.table)

    @cached_property
    def modalities(self) -> dict[str, tuple[Column, ...]]:
        """Columns of each modality, by its name, in the order of their names."""
        found: dict[str, list[Column]] = {}
        for column in self.columns:
            if column.modality:
                found.setdefault(column.modality, []).append(column)
        return {
            m: tuple(sorted(own, key=lambda column: _natural(column.name)))
            for m, own in sorted(found.items())
        }

    @property
    def copy_of(self) -> np.ndarray | None:
        """The id of the original for each changed copy, "" for others; None without copies."""
        return None

    def kind(self, modality: str) -> str:
        """Return "image", "audio", "video", "text", "series" or "table"."""
        if modality not in self.modalities:
            raise UnknownNameError("modality", modality, self.modalities)
        kinds = {column.kind for column in self.modalities[modality]}
        if kinds <= set(TABULAR):
            return TABLE
        if len(kinds) > 1:
            names = [column.name for column in self.modalities[modality]]
            raise InputError(f"columns {names} of modality {modality!r} are of kinds {kinds}")
        return kinds.pop()

    def cells(self, modality: str, rows: Sequence[int] | None = None) -> list[list[Cell]]:
        """Return the cells of each row, of all rows by default; a missing modality has no cell."""
        kind, own = self.kind(modality), self.modalities[modality]
        repairs = tuple(self.repairs.get(modality, ()))
        table = self.table if rows is None else self.table.select(rows)
        values = [table[column.name][:] for column in own]
        if kind == TABLE:
            names = [column.name for column in own]
            lines = [dict(zip(names, line, strict=True)) for line in zip(*values, strict=True)]
            full = [any(not is_empty(v) for v in line.values()) for line in lines]
            return [
                [
                    Cell(
                        kind,
                        {n: None if is_empty(v) else v for n, v in line.items()},
                        repairs=repairs,
                    )
                ]
                * some
                for line, some in zip(lines, full, strict=True)
            ]
        ids = self.ids if rows is None else self.ids[list(map(int, rows))]
        return [
            [
                Cell(
                    kind,
                    v,
                    self.root,
                    f"sample {i!s}, column {column.name!r}",
                    repairs,
                    column.name,
                )
                for column, value in zip(own, line, strict=True)
                for v in several(kind, value)
            ]
            for i, line in zip(ids, zip(*values, strict=True), strict=True)
        ]

    def each(self, modality: str) -> Iterator[list[Cell]]:
        """Yield the cells of each row; only a few rows are in memory at once."""
        for start in range(0, len(self), ROWS):
            yield from self.cells(modality, range(start, min(start + ROWS, len(self))))

    def role(self, kind: str) -> np.ndarray | None:
        """Return the values of the column of a kind, None without such a column.

        Raises:
            InputError: several columns are of this kind.
        """
        names = [column.name for column in self.columns if column.kind == kind]
        if len(names) > 1:
            raise InputError(f"there must be one column of kind {kind!r}, got {names}")
        return np.array(self.table[names[0]][:], dtype=object) if names else None

    @cached_property
    def ids(self) -> np.ndarray:
        """Ids of the samples, from the id column or else the numbers of the rows as first read."""
        given = self.role("id")
        return np.array([str(i) for i in (self._rows if given is None else given)])

    @property
    def _rows(self) -> Sequence[int]:
        return range(len(self)) if self.rows is None else self.rows

    def describe(self) -> str:
        """Return a table of the columns with their kinds and the reasons for them.

        Example:
            >>> from datasets import Dataset
            >>> table = Dataset.from_dict({"caption": ["a cat", None], "label": ["cat", "dog"]})
            >>> columns = (Column("caption", "text", "caption"), Column("label", "label"))
            >>> print(Manifest(table, columns, name="pets").describe())
            pets: 2 samples
            column   kind   modality  filled  why
            caption  text   caption        1
            label    label                 2
        """
        header = ("column", "kind", "modality", "filled", "why")
        lines = [(c.name, c.kind, c.modality, str(self._filled(c)), c.why) for c in self.columns]
        widths = [max(map(len, cells)) for cells in zip(header, *lines, strict=True)]
        aligned = [
            "  ".join(
                cell.rjust(width) if place == 3 else cell.ljust(width)
                for place, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in (header, *lines)
        ]
        originals = np.ones(len(self), bool) if self.copy_of is None else self.copy_of == ""
        samples = int(originals.sum())
        labels = [self.table[c.name][:] for c in self.columns if c.kind == "label"]
        labelled = [any(not is_empty(v) for v in row) for row in zip(*labels, strict=True)]
        known = int((np.array(labelled) & originals).sum()) if labels else samples
        size = count(samples, "sample") + f", {known} of {samples} labelled" * (known < samples)
        return "\n".join([f"{self.name}: {size}", *aligned])

    def _filled(self, column: Column) -> int:
        """Count the rows in which a column holds something, without reading bytes."""
        arrow = self.table.select_columns([column.name]).with_format("arrow")
        if str(arrow.features[column.name]).find("binary") >= 0 or column.kind in MEDIA:
            return len(arrow) - int(arrow[column.name][:].null_count)
        return sum(not is_empty(v) and v != [] for v in self.table[column.name][:])

    def select(self, rows: Sequence[int] | np.ndarray) -> Manifest:
        """Return the given rows, in that order."""
        chosen = list(map(int, rows))
        kept = [self._rows[row] for row in chosen]
        return replace(self, table=self.table.select(chosen), rows=kept)


def first_paths(manifest: Manifest, column: str, most: int = 3) -> list[str]:
    """Return the first paths that the cells of a column name."""
    (own,) = (c for c in manifest.columns if c.name == column)
    cells = itertools.chain.from_iterable(manifest.each(own.modality))
    named = (str(c.value) for c in cells if c.column == column and isinstance(c.value, str | Path))
    return list(itertools.islice(named, most))


def several(kind: str, value: Any) -> list[Any]:
    """Return the items of a cell: those of a list, except that a list of numbers is one series."""
    if kind != "series" and isinstance(value, (list, tuple)):
        return [v for one in value for v in several(kind, one)]
    if isinstance(value, dict) and set(value) <= {"bytes", "path"}:  # an undecoded media feature
        path = value.get("path")
        value = value.get("bytes") or (Path(path) if path else None)
    return [] if is_empty(value) else [value]


def is_empty(value: Any) -> bool:
    """Return whether the value of a cell is empty."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, float) and value != value)


def _natural(name: str) -> tuple[str, int]:
    stem = name.rstrip("0123456789")
    return stem, int(name[len(stem) :] or 0)
