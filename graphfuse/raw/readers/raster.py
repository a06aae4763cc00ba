"""Pictures made of pixels, by Pillow: opened, checked, and as bytes [H, W, 3]."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from graphfuse.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "JPEG2000", "AVIF")
"""Of those that Pillow knows; others start programs (EPS), or take any bytes for a picture."""


def open_raster(content: bytes, name: str) -> Image:
    """Open a picture, of which no pixel is decoded yet.

    Raises:
        InputError: it is no picture of :data:`FORMATS`, or has more pixels than Pillow holds to be
            safe.
        MissingDependencyError: Pillow is not installed.
    """
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise MissingDependencyError("pillow", "encoders", "reading pictures") from None
    try:
        opened: Image.Image = Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _bomb(name) from None
    except UnidentifiedImageError:
        known = ", ".join(FORMATS)
        raise InputError(f"{name} is not a picture in a supported format: {known}, SVG") from None
    except Exception as error:  # decoders raise what they happen to meet in damaged bytes
        raise InputError(f"{name} is a damaged picture: {error}") from None
    check_pixels(opened.width * opened.height, name)
    return opened


def check_pixels(count: int, name: str) -> None:
    """Check that something has no more pixels than Pillow holds to be safe.

    Pillow itself only warns of up to twice as many, and how warnings are handled is one setting
    for all threads.
    """
    from PIL import Image

    if Image.MAX_IMAGE_PIXELS is not None and count > Image.MAX_IMAGE_PIXELS:
        raise _bomb(name)


def _bomb(name: str) -> InputError:
    from PIL import Image

    return InputError(
        f"{name} has more than {Image.MAX_IMAGE_PIXELS} pixels, which may be an attack on "
        f"the memory (a decompression bomb); make it smaller"
    )


def flatten(image: Image) -> np.ndarray:
    """Return [H, W, 3] in bytes: upright, transparent parts on white, 16 bits as their upper 8.

    A grey picture of 32 bits or of floating point is scaled to 0 to 255 by its own range.
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
