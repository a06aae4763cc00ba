"""Resize images to squares of one size, so that models see neither size nor format."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from graphfuse.errors import InputError, MissingDependencyError, UnknownNameError
from graphfuse.raw import Item

WHITE = (255, 255, 255)
SQUARES = ("pad", "crop", "stretch")
"""How an image becomes a square: padded with white, cropped to its middle, or stretched.

They are timm's "border", "center" (with a ``crop_pct`` of 1) and "squash". The white of "pad" shows
the aspect ratio of an image, which may reveal its source and label.
"""


def to_square(
    image: Item, side: int, interpolation: str = "bicubic", square: str = "pad"
) -> np.ndarray:
    """Return an image [H, W, 3] in bytes as [side, side, 3], in one of the :data:`SQUARES`.

    To pad, it is scaled until its longer side fits, then centred, which is cheaper than to pad
    first; both sides are rounded to whole pixels. A square of that size is returned unchanged, so a
    second call changes nothing.

    Raises:
        InputError: not an image, or an unknown interpolation.

    Example:
        >>> to_square(np.zeros((2, 4, 3), np.uint8), 4)[:, :, 0]
        array([[255, 255, 255, 255],
               [  0,   0,   0,   0],
               [  0,   0,   0,   0],
               [255, 255, 255, 255]], dtype=uint8)
        >>> bool(to_square(np.zeros((2, 4, 3), np.uint8), 4, square="crop").any())
        False
    """
    if not isinstance(image, np.ndarray):
        raise InputError(
            f"an image must be an array [H, W, 3] in bytes, got a {type(image).__name__}"
        )
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise InputError(
            f"an image must be an array [H, W, 3] in bytes (uint8), got {list(image.shape)} of "
            f"{image.dtype}"
        )
    height, width = image.shape[:2]
    if height == width == side:
        return image
    try:
        from PIL import Image
    except ImportError:
        raise MissingDependencyError("pillow", "encoders", "resizing images") from None
    try:
        how = Image.Resampling[interpolation.upper()]
    except KeyError:
        known = ", ".join(kind.name.lower() for kind in Image.Resampling)
        raise InputError(f"interpolation must be one of {known}; got {interpolation!r}") from None
    if square == "crop":
        image = _middle(image)
        height, width = image.shape[:2]
    longer = max(height, width)
    size = (max(1, round(width * side / longer)), max(1, round(height * side / longer)))
    if square == "stretch":
        size = (side, side)
    scaled = Image.fromarray(image).resize(size, how)
    if size == (side, side):
        return np.asarray(scaled)
    padded = Image.new("RGB", (side, side), WHITE)
    padded.paste(scaled, ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(padded)


def _middle(image: np.ndarray) -> np.ndarray:
    """Return the largest square at the middle of an image [H, W, 3]."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def check_square(square: str) -> None:
    """Raise an error for an unknown value of ``square``."""
    if square not in SQUARES:
        raise UnknownNameError("value of square", square, SQUARES)


def grid(side: int) -> Tensor:
    """Return row and column [side * side, 2] of the cells of a grid, row by row.

    Example:
        >>> grid(2).tolist()
        [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
    """
    along = torch.arange(side, dtype=torch.float32)
    return torch.cartesian_prod(along, along)


def into_cells(squares: np.ndarray, side: int) -> np.ndarray:
    """Return arrays [B, side * P, side * P, ...] as cells [B, side * side, P, P, ...]."""
    count, length, *rest = squares.shape[0], squares.shape[1] // side, *squares.shape[3:]
    cut = squares.reshape(count, side, length, side, length, *rest).swapaxes(2, 3)
    return cut.reshape(count, side * side, length, length, *rest)
