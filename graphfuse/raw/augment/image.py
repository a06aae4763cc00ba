"""Change pictures at random, by seed: crop, flip, rotation, scale and colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw.augment._item import ItemAugmentation, Range, seeds_of

LIMITS: dict[str, Range] = {
    "crop": (0.05, 1.0),
    "flip": (1.0, 1.0),
    "rotate": (-180.0, 180.0),
    "scale": (0.1, 10.0),
    "brightness": (0.0, 4.0),
    "contrast": (0.0, 4.0),
    "saturation": (0.0, 4.0),
    "hue": (-0.5, 0.5),
}
"""What each change takes, in the order in which they are made."""


@dataclass(frozen=True, kw_only=True)
class ImageAugmentation(ItemAugmentation[np.ndarray]):
    """A random change of pictures; the same seed gives the same result, in the same size.

    Each change has a range that its amount is drawn from, evenly, and is made with the given
    probability, by ``torchvision.transforms.v2``; None leaves it out, which does not affect the
    draws for the others. No global generator is used. Areas that come into view at an edge have the
    median colour of the picture's border. :data:`PHOTO` has mild ranges.

    Args:
        crop: share of the area that is cut out, anywhere, and brought back to the size.
        flip: mirror left and right. Not for writing, nor where texts say "left".
        rotate: degrees, clockwise.
        scale: factor of the size of what is seen, from the middle.
        brightness: factor; 0 is black.
        contrast: factor; 0 is grey all over.
        saturation: factor; 0 is black and white.
        hue: turn of the circle of colours; 0.5 and -0.5 are opposite colours.
        probability: of each change.

    Raises:
        InputError: an invalid range, or one outside the limits of the change.

    Example:
        >>> picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
        >>> mirror = ImageAugmentation(flip=True, probability=1.0)
        >>> np.array_equal(mirror(picture, 0), picture[:, ::-1])
        True
    """

    limits: ClassVar = LIMITS

    crop: Range | None = None
    flip: bool = False
    rotate: Range | None = None
    scale: Range | None = None
    brightness: Range | None = None
    contrast: Range | None = None
    saturation: Range | None = None
    hue: Range | None = None

    def change(
        self, name: str, item: np.ndarray, amount: float, rng: np.random.Generator
    ) -> np.ndarray:
        """Change a picture [H, W, 3], or the frames [..., H, W, 3] of one video, in bytes."""
        pixels = torch.from_numpy(np.ascontiguousarray(item)).movedim(-1, -3)
        changed = CHANGES[name](pixels, amount, rng).movedim(-3, -1)
        return np.ascontiguousarray(changed.numpy())

    def batch(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Return pictures [B, ..., 3, H, W], each changed independently, on their device.

        In bytes, or floating point in [0, 1]: normalise afterwards. All pictures of one sample,
        ``...``, are changed in the same way. Seeds are drawn from the generator alone.
        """
        if images.dim() < 4 or images.shape[-3] != 3:
            raise InputError(f"pictures must be [B, ..., 3, H, W], got shape {list(images.shape)}")
        changed = []
        for image, seed in zip(images, seeds_of(generator, len(images)), strict=True):
            for name, amount, rng in self.draw(seed, {}):
                image = CHANGES[name](image, amount, rng)
            changed.append(image)
        return torch.stack(changed) if changed else images


PHOTO = ImageAugmentation(
    crop=(0.6, 1.0),
    flip=True,
    rotate=(-15.0, 15.0),
    scale=(0.85, 1.15),
    brightness=(0.7, 1.3),
    contrast=(0.7, 1.3),
    saturation=(0.7, 1.3),
    hue=(-0.05, 0.05),
)
"""Mild changes, some four at a time, after which a photo is still a photo of the same."""


def crop(images: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """Cut a share of the area out of pictures [..., 3, H, W], anywhere, in their proportions."""
    height, width = images.shape[-2:]
    side = share**0.5
    kept = [max(1, round(side * height)), max(1, round(side * width))]
    top = int(rng.integers(height - kept[0] + 1))
    left = int(rng.integers(width - kept[1] + 1))
    size = [height, width]
    return _functional("resized_crop", images, top, left, *kept, size, antialias=True)


def turn(images: Tensor, degrees: float = 0.0, factor: float = 1.0) -> Tensor:
    """Rotate and scale pictures [..., 3, H, W] about their middle."""
    # Around zero, where nothing comes into view: filled, the edge would be darkened twice.
    colour = border_colour(images)
    pixels = images.float() - colour
    turned = colour + _functional(
        "affine", pixels, degrees, [0, 0], factor, [0.0, 0.0], interpolation=_bilinear()
    )
    if images.is_floating_point():
        return turned.to(images.dtype)
    return turned.round().clamp(0, 255).to(images.dtype)


def border_colour(images: Tensor) -> Tensor:
    """Return the median colour [3, 1, 1] of the outermost pixels of pictures [..., 3, H, W].

    Example:
        >>> border_colour(torch.full((3, 4, 4), 7.0)).flatten()
        tensor([7., 7., 7.])
    """
    pixels = images.float()
    edges = [pixels[..., 0, :], pixels[..., -1, :], pixels[..., :, 0], pixels[..., :, -1]]
    border = torch.cat(edges, dim=-1).movedim(-2, 0).flatten(1)
    return border.median(1).values.view(3, 1, 1)


Change = Callable[[Tensor, float, np.random.Generator], Tensor]

CHANGES: dict[str, Change] = {
    "crop": crop,
    "flip": lambda images, amount, rng: images.flip(-1),
    "rotate": lambda images, degrees, rng: turn(images, degrees=degrees),
    "scale": lambda images, factor, rng: turn(images, factor=factor),
    "brightness": lambda images, factor, rng: _functional("adjust_brightness", images, factor),
    "contrast": lambda images, factor, rng: _functional("adjust_contrast", images, factor),
    "saturation": lambda images, factor, rng: _functional("adjust_saturation", images, factor),
    "hue": lambda images, turn, rng: _functional("adjust_hue", images, turn),
}


def _functional(name: str, *arguments: Any, **options: Any) -> Tensor:
    """Call a function of torchvision that draws nothing."""
    try:
        from torchvision.transforms.v2 import functional
    except ImportError:
        raise MissingDependencyError("torchvision", "augment", "changing pictures") from None
    changed: Tensor = getattr(functional, name)(*arguments, **options)
    return changed


def _bilinear() -> Any:
    try:
        from torchvision.transforms.v2 import InterpolationMode
    except ImportError:
        raise MissingDependencyError("torchvision", "augment", "changing pictures") from None
    return InterpolationMode.BILINEAR
