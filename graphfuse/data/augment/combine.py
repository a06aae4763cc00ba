"""Change all that a sample holds, with one draw for what belongs together."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graphfuse.data.augment._item import ItemAugmentation, Seed, as_numbers
from graphfuse.data.augment.image import ImageAugmentation
from graphfuse.data.augment.sound import SoundAugmentation
from graphfuse.data.augment.text import TextAugmentation
from graphfuse.data.raw.items import Item, Sound, Video
from graphfuse.errors import UnknownNameError

KINDS = ("image", "audio", "text")


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """A random change of all items of a sample, whose label stays.

    Frames of a video change as one picture, its sound as a sound, and where that becomes faster the
    frames' times follow. Tables and time series stay as they are.

    Args:
        image: change of pictures, and of the frames of videos.
        audio: change of sounds, and of those of videos.
        text: change of texts.
        shared: names of changes that are drawn once a sample, so that all its items that know them
            have the same: ``("flip",)`` mirrors all pictures of a sample or none, ``("speed",)``
            keeps the sound of a video with a recording that lies beside it.

    Raises:
        UnknownNameError: a shared change that none of them makes.

    Example:
        >>> from graphfuse.data.augment import FLIP
        >>> both = Augmentation(image=ImageAugmentation(flip=FLIP), shared=("flip",))
        >>> left, right = np.zeros((2, 1, 2, 3), np.uint8)
        >>> left[:, 0], right[:, 0] = 255, 255
        >>> made = [both({"front": [left], "back": [right]}, seed) for seed in range(20)]
        >>> all(np.array_equal(m["front"][0], m["back"][0]) for m in made)
        True
    """

    image: ImageAugmentation | None = None
    audio: SoundAugmentation | None = None
    text: TextAugmentation | None = None
    shared: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        known = {n for kind in KINDS if (own := getattr(self, kind)) for n in own.limits}
        for name in self.shared:
            if name not in known:
                raise UnknownNameError("change in shared", name, known)

    def __call__(self, items: Mapping[str, Sequence[Item]], seed: Seed) -> dict[str, list[Item]]:
        """Return the items of one sample, by modality, changed; the same seed gives the same."""
        numbers = as_numbers(seed)
        return {
            m: [self.change(item, numbers, m, place) for place, item in enumerate(own)]
            for m, own in items.items()
        }

    def drawn(
        self, kind: str, sample: Sequence[int], modality: str, place: int
    ) -> list[tuple[str, float]]:
        """Return which changes of a kind :meth:`change` makes of an item, and how much of each."""
        change: ItemAugmentation[Any] | None = getattr(self, kind)
        own, shared = self._seeds(sample, modality, place)
        drawn = () if change is None else change.draw(own, shared)
        return [(name, amount) for name, amount, _ in drawn]

    def _seeds(
        self, sample: Sequence[int], modality: str, place: int
    ) -> tuple[list[int], dict[str, Seed]]:
        own = [*sample, zlib.crc32(modality.encode()), place]
        return own, dict.fromkeys(self.shared, tuple(sample))

    def change(self, item: Item, sample: Sequence[int], modality: str, place: int) -> Item:
        """Return one item of a sample changed, by the seed of the sample and where it stands."""
        own, shared = self._seeds(sample, modality, place)

        def made(change: ItemAugmentation[Any] | None, part: Any) -> Any:
            return part if change is None or part is None else change(part, own, shared)

        if isinstance(item, Video):
            sound = made(self.audio, item.sound)
            faster = 1.0
            if item.sound is not None and len(item.sound.samples):
                faster = item.sound.seconds / sound.seconds
            times = item.times if faster == 1 else item.times / faster
            return replace(item, frames=made(self.image, item.frames), times=times, sound=sound)
        if isinstance(item, np.ndarray):
            return made(self.image, item)  # type: ignore[no-any-return]
        if isinstance(item, Sound):
            return made(self.audio, item)  # type: ignore[no-any-return]
        return made(self.text, item) if isinstance(item, str) else item

    def changes(self, kind: str) -> bool:
        """Whether items of a kind are changed."""
        if kind == "video":
            return self.image is not None or self.audio is not None
        return kind in KINDS and getattr(self, kind) is not None

    @property
    def options(self) -> dict[str, Any]:
        """Options by kind, those of each change by name."""
        kinds = {kind: getattr(self, kind) for kind in KINDS}
        plain = {kind: None if own is None else own.options for kind, own in kinds.items()}
        return {**plain, "shared": list(self.shared)}
