"""Find items and samples that are equal or nearly equal: by content, appearance or words."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.fft import dctn

from graphfuse._progress import progress_bar
from graphfuse.data.clusters import find_clusters
from graphfuse.data.hashing import ngrams
from graphfuse.errors import InputError
from graphfuse.raw.manifest import Manifest
from graphfuse.raw.readers.items import Item

BITS = 64
DISTANCE, SIMILARITY = 6, 0.9
"""Default limits of near-duplicates: differing bits of 64 of two pictures; shared shingles of two
texts."""
SHADES = 24
"""Largest difference, of 255, between the colours of near-duplicate pictures on a 4 x 4 grid."""
SHINGLE = 5
"""Characters per shingle of a text."""
BANDS, ROWS = 24, 4
"""Of MinHash: texts that agree in a band of 4 hashes are compared. Of the pairs that share 80 % of
their shingles, one in 300,000 is missed."""


@dataclass(frozen=True)
class Appearance:
    """Signature of a picture: bits [64] of its shapes, and its colours [48], as floats."""

    shape: np.ndarray
    colours: np.ndarray


Signature = Appearance | frozenset[str] | None


def signature(kind: str, item: Item) -> Signature:
    """Return the signature that near-duplicates share; None if only equal content counts.

    For a picture it is an :class:`Appearance`, for a text its shingles of 5 characters.
    """
    if kind == "image" and isinstance(item, np.ndarray):
        return appearance(item)
    if kind == "text" and isinstance(item, str):
        return shingles(item)
    return None


def appearance(pixels: np.ndarray) -> Appearance | None:
    """Return the perceptual hash and the colours of a picture [H, W, 3]; None if it has one colour.

    pHash (Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010,
    http://phash.org/docs/pubs/thesis_zauner.pdf): the cosine transform of the grey picture, 32 x
    32, gives one bit for each of 8 x 8 low frequencies: whether it lies above their median. The
    hash ignores colours. Unlike in the source, they are compared too, so that a red and a blue
    ball differ.

    Example:
        >>> ramp = np.tile(np.arange(64, dtype=np.uint8)[:, None, None], (1, 64, 3))
        >>> appearance(ramp).shape.size, appearance(ramp * 0)
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
    return Appearance((low > np.median(low)).astype(np.float32), colours)


def shingles(text: str) -> frozenset[str]:
    """Return all sequences of 5 characters of a text, ignoring case and punctuation.

    Example:
        >>> shingles("A cat!") == shingles("a CAT"), shingles("की") == shingles("कि")
        (True, False)
    """
    folded = unicodedata.normalize("NFC", text.casefold())
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    has_letters = any(
        map(str.isalnum, kept)
    )  # otherwise punctuation is all there is, as in smileys
    plain = " ".join(kept.split()) if has_letters else text.strip()
    return frozenset(ngrams(plain, range(SHINGLE, SHINGLE + 1)))


def cluster_manifest(
    manifest: Manifest, near: bool, distance: int, similarity: float, progress: bool
) -> np.ndarray:
    """Return the number [n] of the cluster of each sample; near-duplicates share a cluster.

    Samples are near-duplicates if their items are, in every modality, and they lack the same
    modalities. What cannot be read, and a sample without items, has a cluster of its own.

    Args:
        manifest: the raw samples.
        near: count near-duplicates too, not only equal content.
        distance: see :func:`cluster_items`.
        similarity: see :func:`cluster_items`.
        progress: show a progress bar.
    """
    items: list[tuple[list[int], list[int]]] = []
    total = len(manifest) * len(manifest.modalities)
    with progress_bar(
        desc="comparing", unit="cell", total=total, leave=False, progress=progress
    ) as bar:
        for modality in manifest.modalities:
            kind = manifest.kind(modality)
            owners: list[int] = []
            digests: list[str] = []
            signatures: dict[str, Signature] = {}
            for row, cells in enumerate(manifest.each(modality)):
                for cell in cells:
                    try:
                        digest = cell.digest()
                        if near and digest not in signatures and kind in ("image", "text"):
                            signatures[digest] = signature(kind, cell.read())
                    except InputError:
                        digest = f"unread {row} {len(digests)}"
                    owners.append(row)
                    digests.append(digest)
                bar.update()
            items.append(
                (owners, cluster_items(digests, signatures, distance, similarity).tolist())
            )
    return cluster_samples(len(manifest), items)


def cluster_items(
    digests: Sequence[str],
    signatures: Mapping[str, Signature],
    distance: int,
    similarity: float,
) -> np.ndarray:
    """Return the number [n] of the cluster of each item; near-duplicates share a cluster.

    Near-duplicates are items of equal content; pictures whose hashes differ in up to ``distance``
    of 64 bits; texts that share ``similarity`` of their shingles (Jaccard index); and items that
    are linked through others.
    """
    distinct = list(dict.fromkeys(digests))
    place = {digest: number for number, digest in enumerate(distinct)}
    found = {digest: signatures.get(digest) for digest in distinct}
    pictures = {d: own for d, own in found.items() if isinstance(own, Appearance)}
    texts = {d: own for d, own in found.items() if isinstance(own, frozenset)}
    pairs = [
        *_named(pictures, _near_pictures(list(pictures.values()), distance)),
        *_named(texts, _near_texts(list(texts.values()), similarity)),
    ]
    component = find_clusters(np.array([(place[a], place[b]) for a, b in pairs]), len(distinct))
    return component[[place[d] for d in digests]] if len(digests) else np.zeros(0, np.int64)


def _named(digests: Iterable[str], pairs: Sequence[tuple[int, int]]) -> list[tuple[str, str]]:
    names = list(digests)
    return [(names[first], names[second]) for first, second in pairs]


def cluster_samples(n: int, items: Iterable[tuple[Sequence[int], Sequence[Any]]]) -> np.ndarray:
    """Return the number [n] of the cluster of each sample, from the clusters of its items.

    Args:
        n: number of samples.
        items: per modality the row and the cluster of each item. Two samples share a cluster if
            they have the same clusters in every modality; a sample without items has its own.

    Example:
        >>> cluster_samples(4, [([0, 1, 1], ["x", "y", "x"]), ([0, 2], ["z", "z"])])
        array([0, 1, 2, 3])
        >>> cluster_samples(3, [([0, 1, 2], ["x", "y", "x"])])
        array([0, 1, 0])
    """
    keys: list[list[tuple[Any, ...]]] = [[] for _ in range(n)]
    for rows, clusters in items:
        own: list[list[Any]] = [[] for _ in range(n)]
        for row, number in zip(rows, clusters, strict=True):
            own[row].append(number)
        for key, found in zip(keys, own, strict=True):
            key.append(tuple(sorted(found)))
    named: dict[Any, int] = {}
    return np.array(
        [
            named.setdefault(tuple(key) if any(key) else row, len(named))
            for row, key in enumerate(keys)
        ],
        dtype=np.int64,
    )


def _near_pictures(appearances: Sequence[Appearance], distance: int) -> list[tuple[int, int]]:
    """Return pairs of pictures of similar shape and colours; in blocks, as products of signs."""
    found: list[tuple[int, int]] = []
    if not appearances:
        return found
    signs = np.stack([a.shape for a in appearances]) * 2 - 1
    colours = np.stack([a.colours for a in appearances])
    for start in range(0, len(appearances), 1024):
        differing = (BITS - signs[start : start + 1024] @ signs[start:].T) / 2
        for i, j in np.argwhere(differing <= distance):
            a, b = start + int(i), start + int(j)
            if a < b and np.abs(colours[a] - colours[b]).max() <= SHADES:
                found.append((a, b))
    return found


def _near_texts(texts: Sequence[frozenset[str]], similarity: float) -> list[tuple[int, int]]:
    """Return pairs of texts that share most shingles, found by MinHash, then counted.

    Broder, On the resemblance and containment of documents, 1997,
    https://doi.org/10.1109/SEQUEN.1997.666900.
    """
    prime = np.uint64(2**31 - 1)
    factors, shifts = np.random.default_rng(0).integers(1, 2**31 - 1, (2, BANDS * ROWS, 1))
    bands: dict[tuple[int, bytes], list[int]] = {}
    for number, own in enumerate(texts):
        codes = np.array([zlib.crc32(one.encode("utf-8", "replace")) for one in own], np.uint64)
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
    """Return pairs to compare: all of up to 50 texts, else each with the first and the next."""
    if len(members) <= 50:
        return [(a, b) for place, a in enumerate(members) for b in members[place + 1 :]]
    return [*((members[0], b) for b in members[1:]), *pairwise(members)]
