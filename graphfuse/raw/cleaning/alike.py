"""Tell which items are the same or nearly so: by content, by what a picture shows, by words."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graphfuse.data.hashing import ngrams
from graphfuse.raw.readers.items import Item

BITS = 64
DISTANCE, SIMILARITY = 6, 0.9
"""Up to which pictures (bits of 64) and from which on texts (share of pieces) are near-copies,
unless told otherwise."""
SHADES = 24
"""How far the colours of two pictures lie apart at most, in a grid of 4 x 4, of 255."""
SHINGLE = 5
"""Characters of a piece of text."""
BANDS, ROWS = 24, 4
"""Of MinHash: texts that agree in a band of 4 hashes are compared; of those that share 80 % of
their pieces one pair in 300,000 is missed."""


@dataclass(frozen=True)
class Look:
    """What a picture looks like: bits [64] of its shapes, and its colours [48], as floats."""

    shape: np.ndarray
    colours: np.ndarray


def look(kind: str, item: Item) -> Any:
    """Return what near-duplicates of an item share; None where only the same content counts.

    Of a picture a :class:`Look`, of a text its pieces of 5 characters.
    """
    if kind == "image" and isinstance(item, np.ndarray):
        return look_of_picture(item)
    if kind == "text" and isinstance(item, str):
        return pieces(item)
    return None


def look_of_picture(pixels: np.ndarray) -> Look | None:
    """Return the perceptual hash of a picture [H, W, 3], and its colours; None of one colour.

    pHash (Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010,
    http://phash.org/docs/pubs/thesis_zauner.pdf): of the cosine transform of the picture in grey,
    32 x 32, whether each of 8 x 8 low frequencies lies above their median. It does not see
    colours, so that these are held beside it: unlike in the source, a red and a blue ball differ.

    Example:
        >>> ramp = np.tile(np.arange(64, dtype=np.uint8)[:, None, None], (1, 64, 3))
        >>> look_of_picture(ramp).shape.size, look_of_picture(ramp * 0)
        (64, None)
    """
    from PIL import Image

    picture = Image.fromarray(pixels)
    grey = np.asarray(picture.convert("L").resize((32, 32), Image.Resampling.LANCZOS), np.float64)
    if grey.std() < 1:
        return None
    low = dctn(grey, norm="ortho")[1:9, 1:9].flatten()
    small = picture.resize((4, 4), Image.Resampling.BOX)
    colours = np.asarray(small, np.float32).flatten()
    return Look((low > np.median(low)).astype(np.float32), colours)


def pieces(text: str) -> frozenset[str]:
    """Return the pieces of 5 characters of a text, without case and punctuation.

    Example:
        >>> pieces("A cat!") == pieces("a CAT"), pieces("की") == pieces("कि")
        (True, False)
    """
    folded = unicodedata.normalize("NFC", text.casefold())
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    has_letters = any(map(str.isalnum, kept))  # else the marks are those of smileys
    plain = " ".join(kept.split()) if has_letters else text.strip()
    return frozenset(ngrams(plain, range(SHINGLE, SHINGLE + 1)))


def classes_of(
    digests: Sequence[str], looks: Mapping[str, Any], distance: int, similarity: float
) -> np.ndarray:
    """Return the number [n] of the class of each item: the same for those that are alike.

    Alike are items of one content; pictures whose hashes differ in up to ``distance`` of 64 bits;
    texts that share ``similarity`` of their pieces (Jaccard index); and those that others link.
    """
    distinct = list(dict.fromkeys(digests))
    place = {digest: number for number, digest in enumerate(distinct)}
    pictures = [d for d in distinct if isinstance(looks.get(d), Look)]
    texts = [d for d in distinct if isinstance(looks.get(d), frozenset)]
    pairs = [
        *(
            (pictures[i], pictures[j])
            for i, j in _near_pictures([looks[d] for d in pictures], distance)
        ),
        *((texts[i], texts[j]) for i, j in _near_texts([looks[d] for d in texts], similarity)),
    ]
    index = np.array([(place[a], place[b]) for a, b in pairs], dtype=np.int64).reshape(-1, 2).T
    size = len(distinct)
    joined = coo_array((np.ones(index.shape[1]), (index[0], index[1])), shape=(size, size))
    component = connected_components(joined, directed=False)[1]
    return component[[place[d] for d in digests]] if len(digests) else np.zeros(0, np.int64)


def samples_alike(n: int, held: Iterable[tuple[Sequence[int], Sequence[Any]]]) -> np.ndarray:
    """Return the number [n] of the class of each sample, from the classes of its items.

    ``held`` are, for each modality, the row and the class of each item. Samples are alike if their
    items are, modality by modality; one that holds nothing is like no other.

    Example:
        >>> samples_alike(4, [([0, 1, 1], ["x", "y", "x"]), ([0, 2], ["z", "z"])])
        array([0, 1, 2, 3])
        >>> samples_alike(3, [([0, 1, 2], ["x", "y", "x"])])
        array([0, 1, 0])
    """
    keys: list[list[tuple[Any, ...]]] = [[] for _ in range(n)]
    for rows, classes in held:
        own: list[list[Any]] = [[] for _ in range(n)]
        for row, number in zip(rows, classes, strict=True):
            own[row].append(number)
        for key, items in zip(keys, own, strict=True):
            key.append(tuple(sorted(items)))
    named: dict[Any, int] = {}
    return np.array(
        [
            named.setdefault(tuple(key) if any(key) else row, len(named))
            for row, key in enumerate(keys)
        ],
        dtype=np.int64,
    )


def _near_pictures(looks: Sequence[Look], distance: int) -> list[tuple[int, int]]:
    """Return pairs of pictures alike in shape and colours; in blocks, as products of signs."""
    found: list[tuple[int, int]] = []
    if not looks:
        return found
    signs = np.stack([look.shape for look in looks]) * 2 - 1
    colours = np.stack([look.colours for look in looks])
    for start in range(0, len(looks), 1024):
        differing = (BITS - signs[start : start + 1024] @ signs[start:].T) / 2
        for i, j in np.argwhere(differing <= distance):
            a, b = start + int(i), start + int(j)
            if a < b and np.abs(colours[a] - colours[b]).max() <= SHADES:
                found.append((a, b))
    return found


def _near_texts(texts: Sequence[frozenset[str]], similarity: float) -> list[tuple[int, int]]:
    """Return pairs of texts that share most pieces, found by MinHash, then counted.

    Broder, On the resemblance and containment of documents, 1997,
    https://doi.org/10.1109/SEQUEN.1997.666900.
    """
    prime = np.uint64(2**31 - 1)
    factors, shifts = np.random.default_rng(0).integers(1, 2**31 - 1, (2, BANDS * ROWS, 1))
    bands: dict[tuple[int, bytes], list[int]] = {}
    for number, own in enumerate(texts):
        codes = np.array([zlib.crc32(piece.encode("utf-8", "replace")) for piece in own], np.uint64)
        hashed = (codes % prime * factors.astype(np.uint64) + shifts.astype(np.uint64)) % prime
        least = hashed.min(axis=1).reshape(BANDS, ROWS)
        for band, row in enumerate(least):
            bands.setdefault((band, row.tobytes()), []).append(number)
    candidates = {(first, other) for members in bands.values() for first, other in _linked(members)}
    return [
        (a, b)
        for a, b in sorted(candidates)
        if len(texts[a] & texts[b]) >= similarity * len(texts[a] | texts[b])
    ]


def _linked(members: Sequence[int]) -> list[tuple[int, int]]:
    """Return pairs to be compared: all of a few; of many, each with the first and the next."""
    if len(members) <= 50:
        return [(a, b) for place, a in enumerate(members) for b in members[place + 1 :]]
    return [*((members[0], b) for b in members[1:]), *pairwise(members)]
