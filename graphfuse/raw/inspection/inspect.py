"""Check raw data before anything is learned from it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graphfuse._check import Check
from graphfuse.raw.inspection import classes, columns, duplicates, missing, sizes
from graphfuse.raw.inspection.survey import survey
from graphfuse.raw.manifest import Manifest

CHECKS = (classes, missing, duplicates, sizes, columns)


def inspect(manifest: Manifest, *, progress: bool = True) -> Iterator[Check]:
    """Yield warnings and notes about raw data, without augmented copies; files are read once.

    Raises:
        InputError: the split column holds an unknown part.

    Example:
        >>> from datasets import Dataset
        >>> from graphfuse.raw import Column
        >>> table = Dataset.from_dict({"said": ["a cat", None, "a cat"], "y": ["a", "b", "b"]})
        >>> pets = Manifest(table, (Column("said", "text", "said"), Column("y", "label")))
        >>> [check.text for check in inspect(pets) if check.code == "duplicates"]
        ['1 sample is a copy of another: 0 = 2', 'copies with different labels: 0 = 2']
    """
    if manifest.copy_of is not None:
        manifest = manifest.select(np.flatnonzero(manifest.copy_of == ""))
    found = survey(manifest, progress)
    for check in CHECKS:
        yield from check.check(found)
