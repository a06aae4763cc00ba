"""Augment all items of a sample, with one draw for the items that change together."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np

from graphfuse.errors import InputError, UnknownNameError, check_integer
from graphfuse.raw.augment._item import ItemAugmentation, Seed, as_numbers
from graphfuse.raw.augment.image import ImageAugmentation
from graphfuse.raw.augment.presets import CLASSES, KINDS, PRESETS, create_augmentation
from graphfuse.raw.augment.sound import SoundAugmentation
from graphfuse.raw.augment.text import TextAugmentation
from graphfuse.raw.readers.items import Item, Sound, Video


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """A random change of all items of a sample, whose label stays.

    Frames of a video change as one picture, its sound as a sound, and where that becomes faster the
    frames' times follow. Tables and time series do not change. :meth:`of` creates one from names.

    Args:
        image: change of pictures, and of the frames of videos.
        audio: change of sounds, and of those of videos.
        text: change of texts.
        shared: names of changes that are drawn once per sample, so that its items are changed in
            the same way: ``("flip",)`` mirrors all pictures of a sample or none, ``("speed",)``
            keeps the sound of a video with a recording that lies beside it.
        copies: number of changed copies of each training sample, for encoders that encode every
            item once.
        seed: of the copies.

    Raises:
        InputError: a value of the wrong type; names are for :meth:`of`.
        UnknownNameError: a shared change that no kind has.

    Example:
        >>> both = Augmentation(image=ImageAugmentation(flip=True), shared=("flip",))
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
    copies: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        check_integer("copies", self.copies, 1)
        check_integer("seed of the augmentation", self.seed, 0)
        for kind, changes in CLASSES.items():
            own = getattr(self, kind)
            if own is not None and not isinstance(own, changes):
                raise InputError(
                    f"{kind} takes {changes.__name__} or None, got {type(own).__name__}; "
                    f"Augmentation.of takes names, such as {next(iter(PRESETS[kind]))!r}"
                )
        known = {n for kind in KINDS if (own := getattr(self, kind)) for n in own.limits}
        for name in self.shared:
            if name not in known:
                raise UnknownNameError("change in shared", name, known)

    @classmethod
    def of(cls, given: Any) -> Self:
        """Create an augmentation from plain settings: the fields above by name.

        Each kind is a name, a name with options, or options alone; see
        :func:`~graphfuse.raw.augment.create_augmentation`.

        Raises:
            UnknownNameError: an unknown setting, preset or change.
            InputError: no mapping of settings, or an invalid value.

        Example:
            >>> made = Augmentation.of({"image": {"flip": True}, "text": "caption", "copies": 3})
            >>> made.image.flip, made.text.swap, made.copies
            (True, (0.0, 0.1), 3)
        """
        if isinstance(given, cls):
            return given
        if not isinstance(given, Mapping):
            raise InputError(
                f"augment must be a mapping of settings, such as {{'image': 'photo', 'copies': "
                f"2}}, got {given!r}"
            )
        known = [field.name for field in fields(cls)]
        for name in given:
            if name not in known:
                raise UnknownNameError("kind of item or setting in augment", name, known)
        settings: dict[str, Any] = {
            k: create_augmentation(k, given[k]) for k in KINDS if k in given
        }
        shared = given.get("shared", ())
        settings["shared"] = (shared,) if isinstance(shared, str) else tuple(shared)
        return cls(**{**given, **settings})

    def __call__(self, items: Mapping[str, Sequence[Item]], seed: Seed) -> dict[str, list[Item]]:
        """Return the augmented items of one sample by modality, determined by the seed."""
        numbers = as_numbers(seed)
        return {
            m: [self.change(item, numbers, m, place) for place, item in enumerate(own)]
            for m, own in items.items()
        }

    def drawn(
        self, kind: str, sample: Sequence[int], modality: str, place: int
    ) -> list[tuple[str, float]]:
        """Return the changes that :meth:`change` makes to an item of a kind, with their amounts."""
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
        """Return an item of a sample changed, by the seed of the sample and the item's place."""
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

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of items that are changed."""
        return tuple(kind for kind in KINDS if getattr(self, kind) is not None)

    def changes(self, kind: str) -> bool:
        """Whether items of a kind, or part of a video, are changed."""
        return kind in self.kinds or (kind == "video" and bool({"image", "audio"} & {*self.kinds}))

    @property
    def options(self) -> dict[str, Any]:
        """Options that determine how an item changes, by kind, those of each change by name."""
        kinds = {kind: getattr(self, kind) for kind in KINDS}
        plain = {kind: None if own is None else own.options for kind, own in kinds.items()}
        return {**plain, "shared": list(self.shared)}
