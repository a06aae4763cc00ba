"""Nodes in the order of a text."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from graphfuse.encoders.encoder import Encoder, Nodes

logger = logging.getLogger(__name__)

MOST = 512
"""Default limit of nodes per text; transformers models read as many tokens."""


def in_order(x: Tensor, pos_dim: int = 1) -> Nodes:
    """Return nodes [N, F] whose position is their index, or with ``pos_dim=0`` without one.

    Example:
        >>> in_order(torch.zeros(3, 4)).pos.tolist()
        [[0.0], [1.0], [2.0]]
    """
    pos = torch.arange(len(x), dtype=torch.float32).unsqueeze(1)
    return Nodes(x, pos[:, :pos_dim])


def first_parts(parts: Sequence[list[str]], most: int) -> list[list[str]]:
    """Return the first parts of each text that become nodes, and log how many texts have more."""
    longer = sum(len(text_parts) > most for text_parts in parts)
    if longer:
        logger.warning(
            "%d of %d texts have more than %d words or sentences and were cut there; "
            "max_nodes says how many become nodes",
            longer,
            len(parts),
            most,
        )
    return [text_parts[:most] for text_parts in parts]


class PartEncoder(Encoder):
    """An encoder of whole texts or of their parts, as its option ``nodes`` says."""

    nodes: str

    @property
    def pos_dim(self) -> int:
        """Return 1, the index; 0 for whole texts."""
        return 0 if self.nodes == "text" else 1


class NumberEncoder(Encoder):
    """A text encoder whose nodes are numbers of words or tokens, for an embedding."""

    dtype: ClassVar[torch.dtype] = torch.int64
    raw: ClassVar[bool] = True

    @property
    def features(self) -> int:
        """The number alone."""
        return 1

    @property
    def pos_dim(self) -> int:
        """The index."""
        return 1
