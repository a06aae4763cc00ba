"""Cells that could not be read: what is wrong with each, and what becomes of them."""

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
"""Items that could not be read which a warning names; all are in the list of problems."""


@dataclass(frozen=True)
class Problem:
    """A cell that could not be read: whose, of which modality, where it stands, and why."""

    sample: str
    modality: str
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where or f'sample {self.sample}, {self.modality}'}: {self.reason}"


def check_unreadable(way: str) -> str:
    """Return a way with cells that cannot be read, if there is such a way."""
    if way not in UNREADABLE:
        raise UnknownNameError("way with unreadable cells", way, UNREADABLE)
    return way


def report_problems(manifest: Manifest, problems: Sequence[Problem], unreadable: str) -> None:
    """Warn of cells that could not be read, or raise."""
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
