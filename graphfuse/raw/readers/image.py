"""Pictures of the usual formats, and SVG drawings, as bytes [H, W, 3]."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from graphfuse.errors import InputError
from graphfuse.raw.readers.raster import flatten, open_raster
from graphfuse.raw.readers.svg import is_svg, paint

if TYPE_CHECKING:
    from PIL.Image import Image


def read_image(content: bytes, name: str) -> np.ndarray:
    """Return a picture [H, W, 3] in bytes, upright, on white, the first of several frames."""
    opened = open_image(content, name)
    try:
        opened.load()
        return flatten(opened)
    except Exception as error:
        raise InputError(f"{name} is a damaged picture: {error}") from None


def open_image(content: bytes, name: str) -> Image:
    """Open a picture, of which no pixel is decoded yet; a drawing is painted first.

    Raises:
        InputError: see :func:`~graphfuse.raw.readers.raster.open_raster`.
        MissingDependencyError: it is an SVG drawing, and what paints it is not installed.
    """
    return open_raster(paint(content, name) if is_svg(content) else content, name)
