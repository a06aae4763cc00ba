"""Count the terms of a text in hashed places, the same ones on every machine."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

import numpy as np


def ngrams(word: str, lengths: range) -> Iterator[str]:
    """Yield the n-grams of a word, with a mark at its beginning and end.

    A word that is shorter than all of them is its own n-gram.

    Example:
        >>> list(ngrams("cat", range(3, 5)))
        ['<ca', 'cat', 'at>', '<cat', 'cat>']
    """
    marked = f"<{word}>"
    if len(marked) < lengths.start:
        yield marked
    for length in lengths:
        for start in range(len(marked) - length + 1):
            yield marked[start : start + length]


def hashed_counts(terms: Iterable[str], places: int) -> np.ndarray:
    """Count terms in ``places`` places, float32; the hash is CRC-32.

    Example:
        >>> hashed_counts(["cat", "cat", "dog"], 8)
        array([2., 0., 0., 0., 0., 1., 0., 0.], dtype=float32)
    """
    counts = np.zeros(places, dtype=np.float32)
    for term in terms:
        counts[zlib.crc32(term.encode()) % places] += 1
    return counts
