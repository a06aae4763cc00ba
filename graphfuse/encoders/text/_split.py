"""Split texts into sentences and words, by rules that hold in most languages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from graphfuse.data.words import pairs
from graphfuse.data.words import words as by_script
from graphfuse.errors import InputError
from graphfuse.raw import Item

_END = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f])|[\r\n]+")


def texts_of(items: Sequence[Item]) -> list[str]:
    """Return the items, which have to be texts; a half of a surrogate pair becomes ``?``."""
    for item in items:
        if not isinstance(item, str):
            raise InputError(
                f"the item of a text encoder must be a string, got {type(item).__name__}; choose "
                f"an encoder for the kind of the column"
            )
    return [str(item).encode("utf-8", "replace").decode() for item in items]


def words(text: str) -> list[str]:
    r"""Return runs of letters, marks and digits in lower case; never an empty list.

    Chinese, Japanese, Thai and other scripts without spaces give one word per character. A text
    without letters and digits, such as a smiley, is one word as it is.

    Example:
        >>> words("Don't panic, 42!"), words("नमस्ते दुनिया"), words(":-)"), words("很好，3天")
        (['don', 't', 'panic', '42'], ['नमस्ते', 'दुनिया'], [':-)'], ['很', '好', '3', '天'])
        >>> words("\u2764\ufe0f") == ["\u2764\ufe0f"]  # a red heart: its mark alone is no word
        True
    """
    plain, kept = _letters(text)
    return by_script(kept) if any(map(str.isalnum, kept)) else [plain.strip()]


def terms(text: str) -> list[str]:
    """Return the words of a text, and the pairs of adjacent characters where it has no spaces.

    Example:
        >>> terms("A cat"), terms("很好")
        (['a', 'cat'], ['很', '好', '很好'])
    """
    return words(text) + pairs(_letters(text)[1])


def _letters(text: str) -> tuple[str, str]:
    """Return a text in lower case, and the same with spaces for all but letters and digits."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return plain, "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in plain)


def sentences(text: str) -> list[str]:
    """Return the parts between sentence marks and at line breaks; never none.

    A mark ends a sentence where white space follows, so that "3.5" stays whole; abbreviations
    ("Dr. Who") end one, too.

    Example:
        >>> sentences("It costs 3.5 euros. Really? Yes")
        ['It costs 3.5 euros.', 'Really?', 'Yes']
    """
    return [part.strip() for part in _END.split(text) if part.strip()] or [text.strip()]
