"""Counts and lists of names in sentences."""

from __future__ import annotations

from collections.abc import Sequence

NAMED = 5
"""Names that a sentence lists."""


def count(n: object, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun; ``plural`` is for nouns whose plural is irregular.

    Example:
        >>> count(1, "sample"), count(3, "class"), count(0, "copy"), count(2, "axis", "axes")
        ('1 sample', '3 classes', '0 copies', '2 axes')
    """
    return f"{n} {noun if n == 1 else plural or plural_of(noun)}"


def verb(n: object, singular: str, plural: str) -> str:
    """Return the form of a verb, pronoun or phrase that goes with a number of things.

    Example:
        >>> f"{count(1, 'sample')} {verb(1, 'has', 'have')} no label"
        '1 sample has no label'
    """
    return singular if n == 1 else plural


def plural_of(noun: str) -> str:
    """Return the regular plural of an English noun.

    Example:
        >>> plural_of("box"), plural_of("day"), plural_of("entry")
        ('boxes', 'days', 'entries')
    """
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"


def first_names(names: Sequence[object]) -> str:
    """Return the first five names, for a sentence.

    Example:
        >>> first_names(list("abcdefgh"))
        'a, b, c, d, e and 3 more'
    """
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(map(str, names[:NAMED])) + more
