"""What a check says of raw data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

NAMED = 5
"""Samples that a finding names."""


@dataclass(frozen=True)
class Finding:
    """A sentence, and what to do where something is to be done; ``check`` is what it is about."""

    check: str
    text: str
    advice: str = ""


def some(names: Sequence[object]) -> str:
    """Return the first few names, for a sentence.

    Example:
        >>> some(list("abcdefgh"))
        'a, b, c, d, e and 3 more'
    """
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(map(str, names[:NAMED])) + more
