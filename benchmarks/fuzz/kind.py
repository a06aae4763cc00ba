"""What a kind of input is: valid originals, and an attempt to use a mutated copy of one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SILENT = "silent"
"""Outcome of an attempt that used damaged data as if it were whole."""
USED = "used"
"""Outcome of an attempt whose input is still valid, or was repaired."""


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Args:
        name: as on the command line.
        summary: one sentence about the inputs.
        prepare: writes valid originals into a folder and returns what ``attempt`` needs of them.
        attempt: mutates one original within an empty work folder and uses it; it returns
            :data:`USED` or :data:`SILENT`, or raises.
        share: how many of all cases are of this kind, relative to the other kinds.
    """

    name: str
    summary: str
    prepare: Callable[[Path], Any]
    attempt: Callable[[Any, np.random.Generator, Path], str]
    share: float = 1.0
