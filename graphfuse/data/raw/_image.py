"""Pictures of any format that Pillow reads, and SVG drawings, as bytes [H, W, 3]."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np

from graphfuse.data.raw._svg import is_svg, paint
from graphfuse.errors import InputError, MissingDependencyError

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
    """Open a picture, of which no pixel is decoded yet.

    Raises:
        InputError: it is no picture, or has more pixels than Pillow holds to be safe.
        MissingDependencyError: it is an SVG drawing, and what paints it is not installed.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise MissingDependencyError("pillow", "encoders", "reading pictures") from None
    if is_svg(content):
        content = paint(content, name)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(content))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(
            f"{name} says that it has more than {Image.MAX_IMAGE_PIXELS} pixels, which may be an "
            f"attack on the memory (a decompression bomb); it is not read: make it smaller"
        ) from None
    except UnidentifiedImageError:
        raise InputError(f"{name} is no picture of a format that Pillow reads") from None
    except Exception as error:  # decoders raise what they happen to meet in damaged bytes
        raise InputError(f"{name} is a damaged picture: {error}") from None


def flatten(image: Image) -> np.ndarray:
    """Return [H, W, 3] in bytes: upright, transparent parts on white, 16 bits as their upper 8.

    Grey of 32 bits or of floating point has no known range: its own becomes 0 to 255.
    """
    from PIL import Image, ImageOps

    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        return _grey(np.asarray(image).astype(np.float64) / 257)
    if image.mode in ("I", "F"):
        return _grey(_to_bytes(np.asarray(image).astype(np.float64)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return np.array(image.convert("RGB"))


def _grey(values: np.ndarray) -> np.ndarray:
    whole = values.round().clip(0, 255).astype(np.uint8)
    return np.repeat(whole[:, :, None], 3, axis=2)


def _to_bytes(values: np.ndarray) -> np.ndarray:
    values = np.nan_to_num(values, posinf=0, neginf=0)
    low, high = values.min(), values.max()
    scaled: np.ndarray = (values - low) / (high - low or 1) * 255
    return scaled
