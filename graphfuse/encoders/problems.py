"""Cells that could not be read: the reasons, and whether to warn or to stop."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw import Manifest

logger = logging.getLogger(__name__)

UNREADABLE = ("missing", "error")
"""What to do with a cell that cannot be read."""

NAMED = 5
"""Problems that a warning lists; the rest are counted."""


@dataclass(frozen=True)
class Problem:
    """A cell that could not be read: its sample, modality and place, and the reason."""

    sample: str
    modality: str
    where: str
    reason: str
    column: str = ""

    def __str__(self) -> str:
        return f"{self.where or f'sample {self.sample}, {self.modality}'}: {self.reason}"


@dataclass(frozen=True)
class LostColumn:
    """A column without a readable cell: the number of cells, the reason, and where files may be."""

    column: str
    modality: str
    cells: int
    reason: str
    hint: str = ""

    def __str__(self) -> str:
        cells = "its only cell" if self.cells == 1 else f"none of its {self.cells} cells"
        verb = "cannot" if self.cells == 1 else "can"
        reason = f"the first: {self.reason}" if self.cells > 1 else self.reason
        hint = f"; {self.hint}" if self.hint else ""
        return f"column {self.column!r}: {cells} {verb} be read; {reason}{hint}"


def check_lost(manifest: Manifest, lost: Sequence[LostColumn], allowed: bool) -> None:
    """Raise an error for columns of which no cell could be read, or warn where that is allowed.

    Raises:
        InputError: there are such columns, and it is not allowed.
    """
    name = manifest.name or "the manifest"
    if lost and not allowed:
        listed = "\n".join(map(str, lost))
        raise InputError(
            f"{name}: {listed}\nCorrect this, or go on without what cannot be read: "
            f"allow_missing_modality=True (--allow-missing-modality)"
        )
    for column in lost:
        logger.warning("%s: %s", name, column)


def check_unreadable(given: str) -> str:
    """Return the option ``unreadable`` if it has a known value."""
    if given not in UNREADABLE:
        raise UnknownNameError("value of unreadable", given, UNREADABLE)
    return given


def report_problems(manifest: Manifest, problems: Sequence[Problem], unreadable: str) -> None:
    """Warn of cells that could not be read, or raise an error."""
    if not problems:
        return
    listed = "\n".join(f"  {problem}" for problem in problems[:NAMED])
    more = f"\n  ... and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
    what = f"{len(problems)} of the cells of {manifest.name or 'the manifest'} cannot be read"
    if unreadable == "error":
        raise InputError(
            f"{what}:\n{listed}{more}\nrepair or remove them, or let them count as missing with "
            f'unreadable="missing"'
        )
    logger.warning("%s and count as missing:\n%s%s", what, listed, more)
