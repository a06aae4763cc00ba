"""Words as numbers: raw text for a network inside a strategy."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from graphfuse.data.raw import Item
from graphfuse.encoders.encoder import Encoder, EncoderInfo, Nodes, encoder
from graphfuse.encoders.text._split import texts_of, words
from graphfuse.errors import check_whole


@encoder(
    EncoderInfo(
        name="word_ids",
        kind="text",
        title="Words as hashed numbers",
        nodes="a word's number; pos = its index",
        paper="Weinberger et al. 2009, https://arxiv.org/abs/0902.2206",
    )
)
@dataclass(frozen=True)
class WordIds(Encoder):
    """Number words by a hash, and leave the rest to a network that a strategy trains.

    No vocabulary is fitted; two words may share a number (Weinberger et al. 2009,
    https://arxiv.org/abs/0902.2206). Name the network ``"token_gru"`` with the same ``vocabulary``.

    Args:
        vocabulary: how many numbers there are.

    Example:
        >>> nodes, = WordIds().encode(["The cat and the dog"])
        >>> nodes.x.shape, nodes.x.dtype, bool(nodes.x[0] == nodes.x[3])
        (torch.Size([5, 1]), torch.int64, True)
    """

    dtype: ClassVar[torch.dtype] = torch.int64
    vocabulary: int = 8192

    def __post_init__(self) -> None:
        check_whole("vocabulary", self.vocabulary, 1)

    @property
    def features(self) -> int:
        """The number alone."""
        return 1

    @property
    def pos_dim(self) -> int:
        """The index."""
        return 1

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the number [N, 1] of each word of each text, and its index [N, 1]."""
        return [self._nodes(words(text)) for text in texts_of(items)]

    def _nodes(self, found: Sequence[str]) -> Nodes:
        ids = [[zlib.crc32(word.encode()) % self.vocabulary] for word in found]
        return Nodes(torch.tensor(ids), torch.arange(len(ids), dtype=torch.float32).unsqueeze(1))
