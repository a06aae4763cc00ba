"""ngrams: subword n-grams of words, counted in hashed places; no weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

import numpy as np
import torch

from graphfuse.data.hashing import hashed_counts, ngrams
from graphfuse.encoders.encoder import EncoderInfo, Nodes, encoder
from graphfuse.encoders.text._nodes import MOST, PartEncoder, first_parts, in_order
from graphfuse.encoders.text._split import sentences, terms, texts_of, words
from graphfuse.errors import InputError, UnknownNameError, check_integer
from graphfuse.raw import Item

NODES = ("words", "sentences", "text")


@encoder(
    EncoderInfo(
        name="ngrams",
        kind="text",
        title="hashed subword n-grams",
        nodes="a word, a sentence or the text; pos = its index",
        paper="Bojanowski et al. 2017, https://arxiv.org/abs/1607.04606",
    )
)
@dataclass(frozen=True)
class NgramsEncoder(PartEncoder):
    """Counts of the n-grams of words in hashed places, scaled to length 1.

    The n-grams of fastText (Bojanowski et al., Enriching Word Vectors with Subword Information,
    2017, https://arxiv.org/abs/1607.04606), without its learnt vectors: words that share parts lie
    close, whatever the language, and no vocabulary is fitted. A word is a run of letters and
    digits in lower case, marked at its beginning and end. In Chinese, Japanese, Thai and other
    scripts without spaces each character is a word. A sentence or text adds up its words and, in
    these scripts, the pairs of adjacent characters.

    Args:
        nodes: "words", "sentences", or "text" for one node per item, which has no position.
        places: number of features.
        shortest: length of the shortest n-gram, marks counted.
        longest: length of the longest n-gram.
        max_nodes: words or sentences of a text that become nodes; what lies beyond is cut off, and
            a warning is logged. Attention among nodes costs the square of their number.

    Example:
        >>> nodes, = NgramsEncoder().encode(["A red heart"])
        >>> nodes.x.shape, nodes.pos.flatten()
        (torch.Size([3, 256]), tensor([0., 1., 2.]))
    """

    version: ClassVar[int] = 2

    nodes: str = "words"
    places: int = 256
    shortest: int = 2
    longest: int = 4
    max_nodes: int = MOST

    def __post_init__(self) -> None:
        if self.nodes not in NODES:
            raise UnknownNameError("nodes", self.nodes, NODES)
        check_integer("places", self.places, 1)
        check_integer("shortest", self.shortest, 1)
        check_integer("longest", self.longest, 1)
        check_integer("max_nodes", self.max_nodes, 1)
        if self.longest < self.shortest:
            raise InputError(
                f"shortest must be at most longest, got shortest={self.shortest} and "
                f"longest={self.longest}"
            )

    @property
    def features(self) -> int:
        """Number of places."""
        return self.places

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the nodes [N, places] of each text, and their index [N, 1]."""
        lengths = range(self.shortest, self.longest + 1)

        @cache
        def count(word: str) -> np.ndarray:
            return hashed_counts(ngrams(word, lengths), self.places)

        def total(part: str) -> np.ndarray:
            added: np.ndarray = np.sum([count(term) for term in terms(part)], axis=0)
            return added

        parts = first_parts([self._split(text) for text in texts_of(items)], self.max_nodes)
        vector = count if self.nodes == "words" else total
        return [_nodes([vector(part) for part in own], self.pos_dim) for own in parts]

    def _split(self, text: str) -> list[str]:
        if self.nodes == "words":
            return words(text)
        return sentences(text) if self.nodes == "sentences" else [text]


def _nodes(counts: list[np.ndarray], pos_dim: int) -> Nodes:
    x = np.stack(counts)
    x = x / np.linalg.norm(x, axis=1, keepdims=True)
    return in_order(torch.from_numpy(x), pos_dim)
