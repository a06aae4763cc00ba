"""Look through raw data, check by check."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graphfuse.raw.inspection import classes, columns, duplicates, missing, sizes, unreadable
from graphfuse.raw.inspection.finding import Finding
from graphfuse.raw.inspection.survey import survey
from graphfuse.raw.manifest import Manifest

CHECKS = (classes, missing, unreadable, duplicates, sizes, columns)


def inspect(manifest: Manifest, *, progress: bool = True) -> Iterator[Finding]:
    """Yield what is noticeable in raw data, but for changed copies; every file is read once.

    Raises:
        InputError: a part that is none.

    Example:
        >>> from datasets import Dataset
        >>> from graphfuse.raw import Column
        >>> table = Dataset.from_dict({"said": ["a cat", None, "a cat"], "y": ["a", "b", "b"]})
        >>> pets = Manifest(table, (Column("said", "text", "said"), Column("y", "label")))
        >>> [finding.text for finding in inspect(pets) if finding.check == "duplicates"]
        ['1 samples are copies of others: 0 = 2', 'copies with different labels: 0 = 2']
    """
    if manifest.copy_of is not None:
        manifest = manifest.select(np.flatnonzero(manifest.copy_of == ""))
    found = survey(manifest, progress)
    for check in CHECKS:
        yield from check.check(found)
