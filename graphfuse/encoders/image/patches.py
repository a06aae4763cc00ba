"""Patches of pixels: an image encoder without weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphfuse.encoders.encoder import EncoderInfo, encoder
from graphfuse.encoders.image._cells import CellEncoder
from graphfuse.encoders.image._pixels import into_cells


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
class Patches(CellEncoder):
    """Cut an image into square patches of pixels, as Dosovitskiy et al. (2021) do, and keep those.

    See "An Image is Worth 16x16 Words", https://arxiv.org/abs/2010.11929, whose patches go through
    a learnt projection; here they are the nodes. An image is made a square of
    ``side * pixels`` pixels per side, by default padded with white. Features are the colours of a
    patch in [0, 1], row by row, red, green and blue of each pixel: F = 3 * pixels ** 2.

    Args:
        side: patches along a side of the image.
        pixels: pixels along a side of a patch.
        square: how an image becomes a square: "pad" with white, which shows its aspect ratio,
            "crop" to its middle, or "stretch".

    Example:
        >>> nodes = Patches(side=2, pixels=4).encode([np.zeros((60, 80, 3), np.uint8)])[0]
        >>> nodes.x.shape, nodes.pos.tolist()
        (torch.Size([4, 48]), [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    """

    @property
    def features(self) -> int:
        """Three colours of every pixel of a patch."""
        return 3 * self.pixels**2

    def describe(self, squares: np.ndarray) -> np.ndarray:
        """Return the colours of each patch."""
        cells = into_cells(squares, self.side).astype(np.float32)
        return cells.reshape(len(squares), self.side**2, -1) / 255
