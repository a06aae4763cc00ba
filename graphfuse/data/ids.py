"""Names of samples and of the parts of a split, in the spellings that data has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval"), "test"),
}
"""Names of the parts of a split in data, and the names that graphfuse uses."""


def unique_ids(ids: Sequence[str]) -> list[str]:
    """Return the ids; one that occurs again gets a number.

    Example:
        >>> unique_ids(["007", "007", "007 (2)"])
        ['007', '007 (3)', '007 (2)']
    """
    taken, seen, names = set(ids), Counter[str](), list[str]()
    for name in ids:
        seen[name] += 1
        new = name
        while seen[name] > 1 and (new := f"{name} ({seen[name]})") in taken:
            seen[name] += 1
        names.append(new)
    return names
