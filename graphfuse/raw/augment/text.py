"""Change texts at random, by seed: words left out, put in, exchanged, or said differently."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from graphfuse.errors import InputError
from graphfuse.raw.augment._item import ItemAugmentation, Range, seeds_of
from graphfuse.raw.augment.thesaurus import Synonyms

LIMITS: dict[str, Range] = {
    "replace": (0.0, 1.0),
    "insert": (0.0, 1.0),
    "swap": (0.0, 1.0),
    "delete": (0.0, 1.0),
}
"""Shares of the words that each change takes, in the order in which they are made."""

MARKS = "".join(c for c in map(chr, range(0x300, 0x1F000)) if unicodedata.category(c)[0] == "M")
"""Accents, vowel signs and the like that stand for themselves; :mod:`re` has no name for them."""

_RUN = rf"\w[\w\u200c\u200d{MARKS}]*"  # with the joiners of Persian and of Indian scripts
WORD = re.compile(rf"{_RUN}(?:['\u2019-]{_RUN})*")
"""A word: letters with their marks, and digits; parts joined by an apostrophe or hyphen."""

SHORTEST = 3
"""Letters of a word that has synonyms: shorter ones, as "a" and "in", are read as units."""


@dataclass(frozen=True, kw_only=True)
class TextAugmentation(ItemAugmentation[str]):
    """A random change of texts; the same seed gives the same result. One word is left at least.

    Each change has a range that the share of the words it touches is drawn from, evenly, and is
    made with the given probability; None leaves it out. A share that is not 0 is one word at least.
    After Easy Data Augmentation (Wei and Zou 2019, https://arxiv.org/abs/1901.11196), whose shares
    of words are fixed. :data:`CAPTION` has mild ranges and needs no synonyms. Words are
    what white space and punctuation part, so that a text without spaces, as in Chinese, is one.

    Args:
        replace: words said by a synonym, in the same capitals.
        insert: synonyms of words of the text, put anywhere.
        swap: words that change places with another one. Not where the order says it all.
        delete: words left out.
        synonyms: ``{word: (synonym, ...)}``, in lower case; see
            :func:`~graphfuse.raw.augment.read_thesaurus`. Words that it lacks stay.
        probability: of each change.

    Raises:
        InputError: a range that is none, or synonyms are needed and not given.

    Example:
        >>> augmentation = TextAugmentation(
        ...     replace=(1, 1), synonyms={"cat": ("tomcat",)}, probability=1.0
        ... )
        >>> augmentation("A Cat, asleep.", 0)
        'A Tomcat, asleep.'
    """

    limits: ClassVar = LIMITS

    replace: Range | None = None
    insert: Range | None = None
    swap: Range | None = None
    delete: Range | None = None
    synonyms: Synonyms = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        needing = [name for name in ("replace", "insert") if getattr(self, name) is not None]
        if needing and not self.synonyms:
            raise InputError(
                f"{' and '.join(needing)} take synonyms, and none are given; name them with "
                f"synonyms={{word: (synonym, ...)}}, or a file or language of read_thesaurus"
            )

    def change(self, name: str, item: str, amount: float, rng: np.random.Generator) -> str:
        """Change a share of the words."""
        words = WORD.findall(item)
        count = min(len(words), int(np.ceil(amount * len(words) - 1e-9)))
        return CHANGES[name](item, count, rng, self.synonyms) if count else item

    def batch(
        self, tokens: Tensor, mask: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return tokens [B, T] and which of them are real, with some left out or exchanged.

        The first token stays where it is, as models read it, and one more is left. What is
        left moves up; behind it stands the last column's padding or 0, as before. Seeds are drawn
        from the generator alone; ``replace`` and ``insert`` are for words, not tokens.
        """
        if tokens.dim() != 2 or tokens.shape != mask.shape:
            raise InputError(
                f"tokens and their mask are [B, T], got {list(tokens.shape)} and {list(mask.shape)}"
            )
        changed, left = tokens.clone(), mask.clone()
        for row, seed in enumerate(seeds_of(generator, len(tokens))):
            real = mask[row].nonzero().squeeze(1).cpu().numpy()
            order = real.copy()
            for name, amount, rng in self.draw(seed, {}):
                count = int(np.ceil(amount * max(len(order) - 1, 0) - 1e-9))
                if name == "swap":
                    order[1:] = _swapped(order[1:], count, rng)
                if name == "delete" and len(order) > 2:
                    order = np.delete(order, 1 + _picked(len(order) - 1, count, rng))
            kept = torch.from_numpy(real[: len(order)]).to(tokens.device)
            changed[row, kept] = tokens[row, torch.from_numpy(order).to(tokens.device)]
            gone = torch.from_numpy(real[len(order) :]).to(tokens.device)
            changed[row, gone], left[row, gone] = 0, False
        return changed, left

    @property
    def options(self) -> dict[str, Any]:
        """Options by name; of synonyms, which may be many thousands, the SHA-256."""
        return {**super().options, "synonyms": self._checksum}

    @cached_property
    def _checksum(self) -> str:
        words = json.dumps(sorted((word, list(own)) for word, own in self.synonyms.items()))
        return hashlib.sha256(words.encode()).hexdigest() if self.synonyms else ""


CAPTION = TextAugmentation(swap=(0.0, 0.1), delete=(0.0, 0.2))
"""Mild changes that need no synonyms."""


def replace_words(text: str, count: int, rng: np.random.Generator, synonyms: Synonyms) -> str:
    """Say so many of the words that have a synonym by one of them."""
    found = [match for match in WORD.finditer(text) if _has_synonym(match[0], synonyms)]
    places = _picked(len(found), count, rng, keep=0)
    chosen = {found[place].start(): _synonym(found[place][0], rng, synonyms) for place in places}
    return WORD.sub(lambda match: chosen.get(match.start(), match[0]), text)


def insert_words(text: str, count: int, rng: np.random.Generator, synonyms: Synonyms) -> str:
    """Put synonyms of so many words of the text before words drawn at random."""
    words = [word for word in WORD.findall(text) if _has_synonym(word, synonyms)]
    for place in _picked(len(words), count, rng, keep=0):
        starts = [match.start() for match in WORD.finditer(text)]
        start = starts[int(rng.integers(len(starts)))]
        text = f"{text[:start]}{_synonym(words[place].lower(), rng, synonyms)} {text[start:]}"
    return text


def swap_words(text: str, count: int, rng: np.random.Generator, synonyms: Synonyms) -> str:
    """Exchange words with others, so many times; punctuation stays."""
    order = iter(_swapped(np.array(WORD.findall(text), dtype=object), count, rng))
    return WORD.sub(lambda match: next(order), text)


def delete_words(text: str, count: int, rng: np.random.Generator, synonyms: Synonyms) -> str:
    """Leave so many words out, with the white space after them, but one."""
    found = list(WORD.finditer(text))
    gone = {found[place].start() for place in _picked(len(found), count, rng)}
    pattern = re.compile(rf"({WORD.pattern})(\s*)")
    return pattern.sub(lambda match: "" if match.start() in gone else match[0], text).strip()


Change = Callable[[str, int, np.random.Generator, Mapping[str, tuple[str, ...]]], str]

CHANGES: dict[str, Change] = {
    "replace": replace_words,
    "insert": insert_words,
    "swap": swap_words,
    "delete": delete_words,
}


def _picked(total: int, count: int, rng: np.random.Generator, keep: int = 1) -> np.ndarray:
    """Draw different places, in order, so that some are left."""
    return np.sort(rng.permutation(total)[: max(0, min(count, total - keep))])


def _swapped(values: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    values = values.copy()
    for _ in range(count if len(values) > 1 else 0):
        first, second = rng.choice(len(values), 2, replace=False)
        values[[first, second]] = values[[second, first]]
    return values


def _has_synonym(word: str, synonyms: Synonyms) -> bool:
    return len(word) >= SHORTEST and bool(synonyms.get(_plain(word)))


def _plain(word: str) -> str:
    """Return a word as thesauri write it: in lower case, an accented letter as one character."""
    return unicodedata.normalize("NFC", word.lower())


def _synonym(word: str, rng: np.random.Generator, synonyms: Synonyms) -> str:
    """Draw a synonym of a word, in the same capitals."""
    known = synonyms[_plain(word)]
    drawn = known[int(rng.integers(len(known)))]
    if len(word) > 1 and word.isupper():
        return drawn.upper()
    return drawn[:1].upper() + drawn[1:] if word[:1].isupper() else drawn
