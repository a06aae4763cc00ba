"""emoji: a picture and a name, in the groups of the Unicode charts."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from graphfuse.data.catalog.card import DatasetCard, dataset
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.hashing import hashed_counts, ngrams

FILE = Path(__file__).parents[1] / "files" / "emoji.npz"

PATCH = 8
"""Side of a square image patch in pixels; a picture of 32 x 32 pixels has 4 x 4 patches."""

TEXT_FEATURES = 256
"""Number of places that the n-grams of a word are counted in."""

NGRAM = range(2, 5)
"""Lengths of the n-grams of a word, counted with a mark at its beginning and end."""

# Measured: words in the names of at least 20 base concepts, at least 80 % of them in one Unicode
# group (face .87, man .99, woman .95, person 1.0, hand .86, button 1.0, arrow .83, japanese .86).
TELLING = ("face", "man", "woman", "person", "hand", "button", "arrow", "japanese")
# Their plurals, and what stands in the place of man and woman in the names of families.
KIN = ("men", "women", "people", "hands", "arrows", "boy", "girl", "child", "adult")
MASKED = frozenset(TELLING + KIN)
"""Words that are taken out of the names, as they give the group away."""

NEUTRAL = "emoji"
"""The word of a name of which nothing is left, so that no sample lacks its text."""

APOSTROPHE = "\u2019"

DESCRIPTION = (
    "Emoji of the Unicode charts, without flags, skin tones and components: a Noto picture of "
    "32 x 32 pixels and the English name; the label is the Unicode group. Image nodes are the 4 "
    "x 4 patches of 8 x 8 pixels (192 features in [0, 1], pos = row and column), text nodes the "
    "words of the name (hashed counts of character n-grams of length 2 to 4 in 256 places, "
    "scaled to length 1, pos = index of the word). Words that give the group away (face, man, "
    "woman, person, hand, button, arrow, japanese and their kin) are taken out of the names. "
    "Groups are base concepts: man cook, woman cook and cook stay in one fold, and so do "
    "colours of a heart and hours of a clock. Measured with linear models on grouped folds: "
    "majority .24, image .53, text .47 (.39 on the hashed nodes), both .64, either one right "
    ".73; python -m benchmarks.probe_datasets gives these figures."
)


@dataset(
    DatasetCard(
        name="emoji",
        title="Emoji: picture and name",
        modalities=("image", "text"),
        samples=1636,
        task="multiclass",
        classes=8,
        license="Apache-2.0 (images), Unicode-3.0 (names)",
        source="https://github.com/googlefonts/noto-emoji, https://cldr.unicode.org",
        description=DESCRIPTION,
    )
)
def load() -> FusionDataset:
    """Load the dataset."""
    arrays = read()
    image = patches(arrays["images"])
    words = [masked_tokens(str(name)) for name in arrays["names"]]
    vectors = {word: hash_ngrams(word) for word in sorted({w for name in words for w in name})}
    side = arrays["images"].shape[1] // PATCH
    grid = np.stack(np.divmod(np.arange(side * side), side), axis=1)
    return FusionDataset.from_arrays(
        {"image": image, "text": [np.stack([vectors[w] for w in name]) for name in words]},
        arrays["label"].astype(np.int64),
        task="multiclass",
        classes=[str(name) for name in arrays["classes"]],
        pos={
            "image": np.tile(grid, (len(image), 1, 1)),
            "text": [np.arange(len(name))[:, None] for name in words],
        },
        groups=arrays["group"],
        ids=[str(codepoints) for codepoints in arrays["codepoints"]],
        name="emoji",
    )


def read() -> dict[str, np.ndarray]:
    """Return the arrays of the bundled file.

    ``images`` [n, 32, 32, 3] in bytes, ``names`` unmasked, ``label`` as codes of ``classes``,
    ``group`` = the base concept, ``codepoints``.
    """
    with np.load(FILE, allow_pickle=False) as file:
        return dict(file)


def patches(images: np.ndarray) -> np.ndarray:
    """Cut images [n, S, S, 3] in bytes into patches [n, (S / 8)², 192] in [0, 1], row by row."""
    n, side = images.shape[:2]
    across = side // PATCH
    blocks = images.reshape(n, across, PATCH, across, PATCH, 3).swapaxes(2, 3)
    return blocks.reshape(n, across * across, -1).astype(np.float32) / 255


def masked_tokens(name: str) -> list[str]:
    """Return the words of a name less those that give its group away; never none.

    Example:
        >>> masked_tokens("woman’s hat"), masked_tokens("grinning face"), masked_tokens("man")
        (['hat'], ['grinning'], ['emoji'])
    """
    plain = name.lower().replace(f"{APOSTROPHE}s", "").replace(APOSTROPHE, "")
    words = [word for word in re.findall(r"[^\W_]+|[#*]", plain) if word not in MASKED]
    return words or [NEUTRAL]


def hash_ngrams(word: str) -> np.ndarray:
    """Count the n-grams of a word in hashed places [256], scaled to length 1."""
    counts = hashed_counts(ngrams(word, NGRAM), TEXT_FEATURES)
    scaled: np.ndarray = counts / np.linalg.norm(counts)
    return scaled
