"""Split texts of any script into words; scripts without spaces are split into characters."""

from __future__ import annotations

import itertools
import re

MARKS = "\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u3099\u309a\ufe00-\ufe0f"
"""Vowel signs and tone marks, which belong to the character before them."""

UNSPACED = (
    "\u0e01-\u0e4e"  # Thai
    "\u0e81-\u0ece"  # Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17dd"  # Khmer
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029"  # radicals and numerals of Han
    "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Hiragana and Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
"""Characters of scripts that put no space between words."""

STOPS = "\u3000-\u3004\u3008-\u3020\u3030\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
"""Punctuation of these scripts, which separates words as a space does."""

RUN = re.compile(f"[{UNSPACED}{MARKS}]+")
WORD = re.compile(f"[{UNSPACED}][{MARKS}]*|[^\\s{UNSPACED}{STOPS}]+")


def words(text: str) -> list[str]:
    """Return the words of a text.

    Spaces separate words. In scripts without spaces (Chinese, Japanese, Thai, Lao, Khmer, Myanmar)
    each character is a word, with its vowel signs and tone marks.

    Example:
        >>> words("a red cat, asleep")
        ['a', 'red', 'cat,', 'asleep']
        >>> words("用了3天，很好")
        ['用', '了', '3', '天', '很', '好']
    """
    return WORD.findall(text)


def pairs(text: str) -> list[str]:
    """Return the pairs of adjacent characters of scripts without spaces.

    They take the place of words in counts of terms, as most words of Chinese have two characters.

    Example:
        >>> pairs("用了3天，很好"), pairs("a cat")
        (['用了', '很好'], [])
    """
    return [
        "".join(pair) for run in RUN.findall(text) for pair in itertools.pairwise(WORD.findall(run))
    ]


def count_words(text: str) -> int:
    """Return the number of words of a text, see :func:`words`.

    Example:
        >>> count_words("nice room"), count_words("房间不错")
        (2, 4)
    """
    return sum(1 for _ in WORD.finditer(text))
