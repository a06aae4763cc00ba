"""Tokens as numbers: raw text for a model of transformers inside a strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from graphfuse.encoders.encoder import EncoderInfo, Nodes, encoder
from graphfuse.encoders.huggingface import import_library, load
from graphfuse.encoders.text._nodes import NumberEncoder, in_order
from graphfuse.encoders.text._split import texts_of
from graphfuse.encoders.weights import TEXT_FILES, checksum, find_text_folder
from graphfuse.errors import check_integer
from graphfuse.raw import Item


@encoder(
    EncoderInfo(
        name="token_ids",
        kind="text",
        title="tokens of a transformers model, as numbers",
        nodes="a token's number, special tokens included; pos = its index",
        needs="encoders",
    )
)
@dataclass(frozen=True)
class TokenIds(NumberEncoder):
    """Split texts into the tokens of a model that is trained with the strategy.

    Name the network ``"transformers"`` with the same ``model``. Tokens beyond ``max_tokens`` are
    cut off.

    Args:
        model: a folder, the name of a model on the Hugging Face Hub, or ``"all-MiniLM-L6-v2"``.
        max_tokens: tokens that are kept of a text, special ones included.

    Raises:
        MissingDependencyError: at the first use, without the package ``transformers``.
        InputError: at the first use, if there is no such model.
    """

    model: str = "all-MiniLM-L6-v2"
    max_tokens: int = 256

    def __post_init__(self) -> None:
        check_integer("max_tokens", self.max_tokens, 1)

    def identity(self) -> dict[str, Any]:
        """Return the options, with a checksum of configuration and vocabulary."""
        plain = super().identity()
        plain["options"].pop("model")  # a name or path, which may come to mean something else
        files = (file for pattern in TEXT_FILES for file in self._folder.glob(pattern))
        return {**plain, "tokenizer": checksum(files)}

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the number [N, 1] of each token of each text, and its index [N, 1]."""
        tokens = self._tokenizer(texts_of(items), truncation=True, max_length=self.max_tokens)
        return [self._nodes(ids) for ids in tokens["input_ids"]]

    def _nodes(self, ids: list[int]) -> Nodes:
        ids = ids or [self._tokenizer.eos_token_id or 0]  # an empty text, without special tokens
        return in_order(torch.tensor(ids).unsqueeze(1))

    @cached_property
    def _folder(self) -> Path:
        return find_text_folder(self.model)

    @cached_property
    def _tokenizer(self) -> Any:
        auto = import_library("splitting texts").AutoTokenizer
        return load(auto, self.model, self._folder, "a tokenizer")
