"""Raw pixels, for a network inside a strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from graphfuse.encoders.encoder import Encoder, EncoderInfo, Nodes, encoder
from graphfuse.encoders.image._pixels import check_square, to_square
from graphfuse.errors import check_integer
from graphfuse.raw import Item


@encoder(
    EncoderInfo(
        "pixels",
        kind="image",
        title="raw pixels",
        nodes="the image, red, green and blue; no position",
    )
)
@dataclass(frozen=True)
class Pixels(Encoder):
    """Resize an image to a square, for a network that is trained with the strategy.

    An image is made a square of ``side`` pixels per side, by default padded with white; its one
    node is (3, side, side) in bytes. Name a network for it, ``"cnn"`` or ``"timm"``
    (``graphfuse.encoders.networks``); without one, a strategy takes all pixels as features.

    Args:
        side: pixels along a side.
        interpolation: how Pillow scales, such as "bicubic" or "bilinear".
        square: how an image becomes a square: "pad" with white, which shows its aspect ratio,
            "crop" to its middle, or "stretch".

    Example:
        >>> nodes = Pixels(side=8).encode([np.zeros((60, 80, 3), np.uint8)])[0]
        >>> nodes.x.shape, nodes.x.dtype
        (torch.Size([1, 3, 8, 8]), torch.uint8)
    """

    dtype: ClassVar[torch.dtype] = torch.uint8
    raw: ClassVar[bool] = True
    side: int = 64
    interpolation: str = "bicubic"
    square: str = "pad"

    def __post_init__(self) -> None:
        check_integer("side, the pixels along a side,", self.side, 1)
        check_square(self.square)

    @property
    def features(self) -> int:
        """Three colours of every pixel."""
        return 3 * self.side**2

    @property
    def pos_dim(self) -> int:
        """None."""
        return 0

    def prepare(self, item: Item) -> np.ndarray:
        """Return an image [H, W, 3] as a square of ``side`` pixels per side, in bytes."""
        return to_square(item, self.side, self.interpolation, self.square)

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return each image as one node.

        Raises:
            InputError: not an image.
        """
        squares = (torch.from_numpy(self.prepare(item).copy()) for item in items)
        return [Nodes(own.permute(2, 0, 1)[None], torch.zeros(1, 0)) for own in squares]
