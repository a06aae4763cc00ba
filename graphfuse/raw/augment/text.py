"""Change texts at random, by seed: delete, insert, swap or replace words."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from graphfuse.data.words import MARKS as UNSPACED_MARKS
from graphfuse.data.words import UNSPACED
from graphfuse.errors import InputError
from graphfuse.raw.augment._item import ItemAugmentation, Range, seeds_of
from graphfuse.raw.augment.thesaurus import Synonyms

LIMITS: dict[str, Range] = {
    "replace": (0.0, 1.0),
    "insert": (0.0, 1.0),
    "swap": (0.0, 1.0),
    "delete": (0.0, 1.0),
}
"""Limits of the share of words of each change, in the order in which they are made."""

MARKS = "".join(c for c in map(chr, range(0x300, 0x1F000)) if unicodedata.category(c)[0] == "M")
"""Combining accents and vowel signs; :mod:`re` has no class for them."""

_LETTER = rf"[^\W{UNSPACED}]"
_RUN = rf"{_LETTER}(?:{_LETTER}|[\u200c\u200d{MARKS}])*"  # joiners of Persian and Indian scripts
WORD = re.compile(rf"[{UNSPACED}][{UNSPACED_MARKS}]*|{_RUN}(?:['\u2019-]{_RUN})*")
"""A word: letters with their marks, and digits; parts joined by an apostrophe or hyphen. In scripts
without spaces, such as Chinese, a character."""

MOST_WORDS = 100_000
"""Words of a vocabulary."""

SHORTEST = 3
"""Letters of a word that has synonyms: shorter ones, as "a" and "in", are read as units."""


@dataclass(frozen=True, kw_only=True)
class TextAugmentation(ItemAugmentation[str]):
    """A random change of texts; the same seed gives the same result. At least one word remains.

    Each change has a range from which the share of changed words is drawn uniformly, and is made
    with the given probability; None leaves it out. A share above 0 is at least one word. After
    Easy Data Augmentation (Wei and Zou 2019, https://arxiv.org/abs/1901.11196), whose shares of
    words are fixed. :data:`CAPTION` has mild ranges and needs no synonyms. Spaces and punctuation
    separate words; in Chinese, Japanese, Thai and other scripts without spaces each character is a
    word.

    Args:
        replace: words replaced by a synonym with the same capitals.
        insert: words inserted at random places: synonyms of words of the text; without
            ``synonyms`` words of ``vocabulary``; without both, words of the text itself.
        swap: words that change places with another one. Not where the order carries the meaning.
        delete: words left out.
        synonyms: ``{word: (synonym, ...)}``, in lower case; see
            :func:`~graphfuse.raw.augment.read_thesaurus`. Words without synonyms stay.
        vocabulary: words to insert, repeated as often as they occur. :meth:`TextAugmentation.fit`
            takes them from texts; :func:`~graphfuse.raw.augment.add_copies` fits it where a
            training part is given.
        probability: of each change.

    Raises:
        InputError: an invalid range, or ``replace`` without synonyms.

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
    vocabulary: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.replace is not None and not self.synonyms:
            raise InputError(
                "replace needs synonyms; give synonyms={word: (synonym, ...)}, or a file or "
                "language of read_thesaurus"
            )

    @property
    def takes_vocabulary(self) -> bool:
        """Whether it inserts words of a vocabulary that is not fitted yet."""
        return self.insert is not None and not self.synonyms and not self.vocabulary

    def fit(self, texts: Iterable[str]) -> TextAugmentation:
        """Return this augmentation with the words of the training texts as its vocabulary.

        At most 100,000 words are kept, at equal distances in alphabetical order.

        Raises:
            InputError: the texts have no words.

        Example:
            >>> augmentation = TextAugmentation(insert=(0.5, 0.5), probability=1.0)
            >>> augmentation.fit(["sleepy"])("a cat", 0)
            'sleepy a cat'
        """
        words = [word.lower() for text in texts for word in WORD.findall(text)]
        if not words:
            raise InputError("insert needs words of the training texts, but these have none")
        step = -(-len(words) // MOST_WORDS)
        return replace(self, vocabulary=tuple(sorted(words)[::step]))

    def change(self, name: str, item: str, amount: float, rng: np.random.Generator) -> str:
        """Change a share of the words."""
        words = WORD.findall(item)
        count = min(len(words), int(np.ceil(amount * len(words) - 1e-9)))
        if not count:
            return item
        if name == "insert" and not self.synonyms:
            return insert_drawn(item, count, rng, self.vocabulary or words)
        return CHANGES[name](item, count, rng, self.synonyms)

    def batch(
        self, tokens: Tensor, mask: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Return tokens [B, T] and their mask, with some tokens dropped or exchanged.

        The first token stays where it is, as models read it, and one more is left. What is
        left moves up; behind it stands the last column's padding or 0, as before. Seeds are drawn
        from the generator alone; ``replace`` and ``insert`` are for words, not tokens.
        """
        if tokens.dim() != 2 or tokens.shape != mask.shape:
            raise InputError(
                f"tokens and their mask must be [B, T], got {list(tokens.shape)} and "
                f"{list(mask.shape)}"
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
        """Options by name; synonyms and vocabulary, which may be large, as their SHA-256."""
        synonyms, vocabulary = self._checksums
        known = {"vocabulary": vocabulary} if vocabulary else {}
        options = {**super().options, "synonyms": synonyms}
        del options["vocabulary"]
        return {**options, **known}

    @cached_property
    def _checksums(self) -> tuple[str, str]:
        synonyms = sorted((word, list(own)) for word, own in self.synonyms.items())
        return _checksum(synonyms), _checksum(list(self.vocabulary))


def _checksum(words: list[Any]) -> str:
    return hashlib.sha256(json.dumps(words).encode()).hexdigest() if words else ""


CAPTION = TextAugmentation(swap=(0.0, 0.1), delete=(0.0, 0.2))
"""Mild changes that need no synonyms."""


def replace_words(text: str, count: int, rng: np.random.Generator, synonyms: Synonyms) -> str:
    """Replace ``count`` of the words that have a synonym by one of them."""
    found = [match for match in WORD.finditer(text) if _has_synonym(match[0], synonyms)]
    places = _picked(len(found), count, rng, keep=0)
    chosen = {found[place].start(): _synonym(found[place][0], rng, synonyms) for place in places}
    return WORD.sub(lambda match: chosen.get(match.start(), match[0]), text)


def insert_words(text: str, count: int, rng: np.random.Generator, synonyms: Synonyms) -> str:
    """Insert synonyms of ``count`` words of the text before words drawn at random."""
    words = [word for word in WORD.findall(text) if _has_synonym(word, synonyms)]
    for place in _picked(len(words), count, rng, keep=0):
        text = _inserted(text, _synonym(words[place].lower(), rng, synonyms), rng)
    return text


def insert_drawn(text: str, count: int, rng: np.random.Generator, vocabulary: Sequence[str]) -> str:
    """Insert ``count`` words of a vocabulary before words drawn at random."""
    for word in rng.choice(len(vocabulary), count):
        text = _inserted(text, vocabulary[int(word)], rng)
    return text


def _inserted(text: str, word: str, rng: np.random.Generator) -> str:
    """Return a text with a word before one drawn at random; a space follows where one is usual."""
    starts = [match.start() for match in WORD.finditer(text)]
    start = starts[int(rng.integers(len(starts)))]
    space = "" if _is_unspaced(word) and _is_unspaced(text[start:]) else " "
    return f"{text[:start]}{word}{space}{text[start:]}"


def _is_unspaced(text: str) -> bool:
    return re.match(f"[{UNSPACED}]", text) is not None


def swap_words(text: str, count: int, rng: np.random.Generator, synonyms: Synonyms) -> str:
    """Swap two words ``count`` times; punctuation stays."""
    order = iter(_swapped(np.array(WORD.findall(text), dtype=object), count, rng))
    return WORD.sub(lambda match: next(order), text)


def delete_words(text: str, count: int, rng: np.random.Generator, synonyms: Synonyms) -> str:
    """Delete ``count`` words with the white space after them; at least one word remains."""
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
