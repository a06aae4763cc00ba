"""Texts into sentences and words, by rules that hold in most languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from graphfuse.errors import InputError
from graphfuse.raw import Item

_END = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f])|[\r\n]+")


def texts_of(items: Sequence[Item]) -> list[str]:
    """Return the items, which have to be texts; a half of a surrogate pair becomes ``?``."""
    for item in items:
        if not isinstance(item, str):
            raise InputError(
                f"an encoder of texts takes strings, got {type(item).__name__}; "
                f"name an encoder of the kind that the column is of"
            )
    return [str(item).encode("utf-8", "replace").decode() for item in items]


def words(text: str) -> list[str]:
    r"""Return runs of letters, marks and digits in lower case; never none.

    A text without any, a smiley say, is one word as it is.

    Example:
        >>> words("Don't panic, 42!"), words("नमस्ते दुनिया"), words(":-)")
        (['don', 't', 'panic', '42'], ['नमस्ते', 'दुनिया'], [':-)'])
        >>> words("\u2764\ufe0f") == ["\u2764\ufe0f"]  # a red heart: its mark alone is no word
        True
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in plain)
    return kept.split() if any(map(str.isalnum, kept)) else [plain.strip()]


def sentences(text: str) -> list[str]:
    """Return the parts between sentence marks and at line breaks; never none.

    A mark ends a sentence where white space follows, so that "3.5" stays whole; abbreviations
    ("Dr. Who") end one, too.

    Example:
        >>> sentences("It costs 3.5 euros. Really? Yes")
        ['It costs 3.5 euros.', 'Really?', 'Yes']
    """
    return [part.strip() for part in _END.split(text) if part.strip()] or [text.strip()]
