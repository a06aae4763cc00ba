"""Words as numbers: raw text for a network inside a strategy."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from graphfuse.encoders.encoder import EncoderInfo, Nodes, encoder
from graphfuse.encoders.text._nodes import MOST, NumberEncoder, first_parts, in_order
from graphfuse.encoders.text._split import texts_of, words
from graphfuse.errors import check_integer
from graphfuse.raw import Item


@encoder(
    EncoderInfo(
        name="word_ids",
        kind="text",
        title="words as hashed numbers",
        nodes="a word's number; pos = its index",
        paper="Weinberger et al. 2009, https://arxiv.org/abs/0902.2206",
    )
)
@dataclass(frozen=True)
class WordIds(NumberEncoder):
    """Number words by a hash, for a network that is trained with the strategy.

    No vocabulary is fitted; two words may share a number (Weinberger et al. 2009,
    https://arxiv.org/abs/0902.2206). Name the network ``"token_gru"`` with the same ``vocabulary``.

    Args:
        vocabulary: how many numbers there are.
        max_nodes: number of words of a text that are kept; the rest is cut off, with a warning.

    Example:
        >>> nodes, = WordIds().encode(["The cat and the dog"])
        >>> nodes.x.shape, nodes.x.dtype, bool(nodes.x[0] == nodes.x[3])
        (torch.Size([5, 1]), torch.int64, True)
    """

    version: ClassVar[int] = 2

    vocabulary: int = 8192
    max_nodes: int = MOST

    def __post_init__(self) -> None:
        check_integer("vocabulary", self.vocabulary, 1)
        check_integer("max_nodes", self.max_nodes, 1)

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the number [N, 1] of each word of each text, and its index [N, 1]."""
        parts = first_parts([words(text) for text in texts_of(items)], self.max_nodes)
        return [in_order(torch.tensor(self._numbers(own))) for own in parts]

    def _numbers(self, own: Sequence[str]) -> list[list[int]]:
        return [[zlib.crc32(word.encode()) % self.vocabulary] for word in own]
