"""Images cut into square cells, each of them a node at its row and column."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from graphfuse.encoders.encoder import Encoder, Nodes
from graphfuse.encoders.image._pixels import check_square, grid, to_square
from graphfuse.errors import check_integer
from graphfuse.raw import Item


@dataclass(frozen=True)
class CellEncoder(Encoder):
    """An encoder of the square cells of an image, ``side`` by ``side`` of ``pixels`` by ``pixels``.

    A subclass computes the features of a cell in :meth:`describe`.
    """

    side: int = 8
    pixels: int = 8
    square: str = "pad"

    def __post_init__(self) -> None:
        check_integer("side, the cells along a side of the image,", self.side, 1)
        check_integer("pixels, the pixels along a side of a cell,", self.pixels, 1)
        check_square(self.square)

    @property
    def pos_dim(self) -> int:
        """Row and column."""
        return 2

    @abstractmethod
    def describe(self, squares: np.ndarray) -> np.ndarray:
        """Return the features [B, side * side, F] of squares [B, S, S, 3] in bytes, row by row."""

    def prepare(self, item: Item) -> np.ndarray:
        """Return an image [H, W, 3] as a square of ``side * pixels`` pixels per side, in bytes."""
        return to_square(item, self.side * self.pixels, square=self.square)

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the cells of each image.

        Raises:
            InputError: not an image.
        """
        squares = np.stack([self.prepare(item) for item in items])
        x = torch.from_numpy(self.describe(squares).astype(np.float32))
        return [Nodes(own, grid(self.side)) for own in x]
