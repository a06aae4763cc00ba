"""The cells of one column, and the results of inference and conversion."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from graphfuse.data.numbers import Style
from graphfuse.data.words import count_words
from graphfuse.errors import InputError
from graphfuse.raw.columns import Skipped
from graphfuse.raw.readers.files import kind_of_files

ROLE_NAMES = {
    "label": ("label", "labels", "class", "target", "y"),
    "split": ("split", "subset", "partition", "fold"),
    "group": ("group", "speaker", "subject", "patient", "participant"),
    "id": ("id", "uid", "uuid", "key", "sample", "index"),
}
"""Names of columns that say something about a sample, the likeliest first; ``_id`` may follow."""

FEW = 0.05
"""Share of cells that may differ from the rest and count as missing, with a caution."""


@dataclass(frozen=True)
class Inferred:
    """The kind that a column is of, and why; see :class:`~graphfuse.raw.Column` for the rest."""

    kind: str
    why: str
    skipped: Skipped | None = None


@dataclass(frozen=True)
class Converted:
    """The cells of a column in the type of its kind; see :class:`~graphfuse.raw.Column`."""

    cells: list[Any]
    form: str = ""
    cautions: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Values:
    """The cells of a column, with properties that several kinds use.

    ``style`` is the style of numbers of the other columns of the table, and ``task`` the task if
    it is given.
    """

    name: str
    cells: Sequence[Any]
    style: Style = Style.POINT
    task: str | None = None

    @cached_property
    def full(self) -> list[Any]:
        """Cells that are not empty."""
        return [cell for cell in self.cells if not is_empty(cell)]

    @cached_property
    def texts(self) -> list[str]:
        """Cells that are not empty, as text."""
        return [str(cell).strip() for cell in self.full]

    @cached_property
    def lists(self) -> list[Any] | None:
        """The cells as lists, or as lists written in JSON; None if they are not lists."""
        if self.full and isinstance(self.full[0], (list, tuple)):
            return self.full
        if self.texts and all(text.startswith("[") for text in self.texts):
            return parsed(self.texts)
        return None

    @cached_property
    def items(self) -> list[Any]:
        """The items of the lists of all cells, or the cells if they are not lists."""
        if self.lists is None:
            return self.full
        return [
            item
            for cell in self.lists
            for item in (cell if isinstance(cell, (list, tuple)) else (cell,))
            if item is not None
        ]

    @cached_property
    def files(self) -> tuple[str, str] | None:
        """The kind of files that the cells name and how their names end, None if they name none."""
        items = self.items if self.lists is not None else self.texts
        if not items or not all(isinstance(item, str) for item in items):
            return None
        return kind_of_files(self.name, items)

    @cached_property
    def role(self) -> str | None:
        """The role that the name of the column indicates."""
        plain = self.name.strip().lower()
        for role, names in ROLE_NAMES.items():
            if plain in names or (plain.endswith("_id") and plain.removesuffix("_id") in names):
                return role
        return None

    @cached_property
    def different(self) -> int:
        """How many different texts there are."""
        return len(set(self.texts))

    @cached_property
    def words(self) -> float:
        """Mean number of words in a cell."""
        return sum(map(count_words, self.texts)) / max(len(self.texts), 1)

    @property
    def is_prose(self) -> bool:
        """Whether all cells are texts of more than three words, such as the subject of a letter."""
        return all(isinstance(cell, str) for cell in self.full) and self.words > 3


def is_empty(cell: object) -> bool:
    """Return whether a cell holds nothing."""
    return (
        cell is None
        or (isinstance(cell, float) and math.isnan(cell))
        or (isinstance(cell, str) and not cell.strip())
        or (not isinstance(cell, (str, bytes, Sequence, Mapping)) and cell != cell)
    )


def as_text(cell: Any) -> str:
    """Return a cell as text, integers without a fraction.

    Example:
        >>> as_text(3.0), as_text(True), as_text(" red ")
        ('3', 'true', 'red')
    """
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).lower() if isinstance(cell, bool) else str(cell).strip()


def as_list(cell: Any) -> Any:
    """Return the list that a cell holds as JSON, any other cell unchanged."""
    if isinstance(cell, str) and cell.strip().startswith("["):
        try:
            return json.loads(cell)
        except (RecursionError, ValueError):
            return cell
    return cell


def parsed(texts: Sequence[str]) -> list[Any] | None:
    """Return the lists that the texts hold as JSON, None unless all of them do."""
    lists = [as_list(text) for text in texts]
    return lists if all(isinstance(value, list) for value in lists) else None


def listed(counts: Mapping[str, int], most: int = 5) -> str:
    """Return values with their counts, the most frequent first, for a sentence.

    Example:
        >>> listed({"?": 2, "unknown": 7})
        "'unknown' (7), '?' (2)"
    """
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    more = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(f"{value[:40]!r} ({count})" for value, count in ordered[:most]) + more


def check_single(kind: str, values: Values, *, lists: bool = False) -> None:
    """Raise an error if a cell holds several values; with ``lists`` it may be a list of values."""
    for row, cell in enumerate(values.cells):
        inner = cell if lists and isinstance(cell, list) else [cell]
        if any(isinstance(value, (dict, list)) for value in inner):
            also = ", or a list of values" if lists else ""
            raise InputError(
                f"column {values.name!r} of kind {kind!r} must have one value per row{also}, but "
                f"row {row} holds {str(cell)[:60]}; make columns of what is nested, or skip it"
            )
