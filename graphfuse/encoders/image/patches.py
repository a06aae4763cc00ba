"""Patches of pixels: an image encoder without weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from graphfuse.data.raw import Item
from graphfuse.encoders.encoder import Encoder, EncoderInfo, Nodes, encoder
from graphfuse.encoders.image._pixels import grid, into_cells, to_square
from graphfuse.errors import check_whole


@encoder(
    EncoderInfo(
        "patches",
        kind="image",
        title="patches of pixels",
        nodes="a square patch of pixels, at its row and column",
        paper="https://arxiv.org/abs/2010.11929",
    )
)
@dataclass(frozen=True)
class Patches(Encoder):
    """Cut an image into square patches of pixels, as Dosovitskiy et al. (2021) do, and keep those.

    See "An Image is Worth 16x16 Words", https://arxiv.org/abs/2010.11929, whose patches go through
    a learnt projection; here they are the nodes. An image is padded to a square with white and
    brought to ``side * pixels`` pixels a side. Features are the colours of a patch in [0, 1], row
    by row, red, green and blue of each pixel: F = 3 * pixels ** 2.

    Args:
        side: patches along a side of the image.
        pixels: pixels along a side of a patch.

    Example:
        >>> nodes = Patches(side=2, pixels=4).encode([np.zeros((60, 80, 3), np.uint8)])[0]
        >>> nodes.x.shape, nodes.pos.tolist()
        (torch.Size([4, 48]), [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    """

    side: int = 8
    pixels: int = 8

    def __post_init__(self) -> None:
        check_whole("side, the patches along a side,", self.side, 1)
        check_whole("pixels, the pixels along a side of a patch,", self.pixels, 1)

    @property
    def features(self) -> int:
        """Three colours of every pixel of a patch."""
        return 3 * self.pixels**2

    @property
    def pos_dim(self) -> int:
        """Row and column."""
        return 2

    def prepare(self, item: Item) -> np.ndarray:
        """Return an image [H, W, 3] as a square of ``side * pixels`` pixels a side, in bytes."""
        return to_square(item, self.side * self.pixels)

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the patches of each image.

        Raises:
            InputError: not an image.
        """
        squares = np.stack([self.prepare(item) for item in items])
        x = torch.from_numpy(into_cells(squares, self.side)).flatten(2).float() / 255
        pos = grid(self.side)
        return [Nodes(own, pos) for own in x]
