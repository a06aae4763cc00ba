"""Augmentations by name and plain options, as on the command line and in YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphfuse._registry import options_of
from graphfuse.data.spec import AugmentationSpec
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw.augment._item import ItemAugmentation
from graphfuse.raw.augment.image import PHOTO, ImageAugmentation
from graphfuse.raw.augment.sound import SPEECH, SoundAugmentation
from graphfuse.raw.augment.text import CAPTION, TextAugmentation
from graphfuse.raw.augment.thesaurus import read_thesaurus

CLASSES: dict[str, type[ItemAugmentation[Any]]] = {
    "image": ImageAugmentation,
    "audio": SoundAugmentation,
    "text": TextAugmentation,
}
KINDS = tuple(CLASSES)

PRESETS: dict[str, dict[str, ItemAugmentation[Any]]] = {
    "image": {"photo": PHOTO},
    "audio": {"speech": SPEECH},
    "text": {"caption": CAPTION},
}
"""Changes of each kind of item by name."""

WITH_SYNONYMS = {"replace": (0.0, 0.3), "insert": (0.0, 0.1)}
"""What a preset for texts adds where synonyms are given."""


def create_augmentation(kind: str, given: Any) -> ItemAugmentation[Any]:
    """Create a change of items of a kind, "image", "audio" or "text".

    Args:
        given: the name of a preset, "photo", "speech" or "caption"; ``{preset: options}``, which
            win over its own; options alone, such as ``{"flip": True}``, for only these changes; or
            an instance. ``"caption:en"`` is short for ``{"caption": {"synonyms": "en"}}``: words
            are replaced and inserted too, by what
            :func:`~graphfuse.raw.augment.read_thesaurus` finds.

    Raises:
        UnknownNameError: no such kind, preset or option.
        InputError: a value that an option does not take.

    Example:
        >>> create_augmentation("image", {"photo": {"flip": False}}).flip
        False
    """
    if kind not in CLASSES:
        raise UnknownNameError("kind of item in augment", kind, CLASSES)
    if isinstance(given, CLASSES[kind]):
        return given
    spec = _spec_of(kind, given)
    base = PRESETS[kind][spec.name] if spec.name else CLASSES[kind]()
    known = list(options_of(base))
    for option in spec.options:
        if option not in known:
            raise UnknownNameError(f"change of {kind}", option, known)
    options = dict(spec.options)
    if isinstance(options.get("synonyms"), str | Path):
        options["synonyms"] = read_thesaurus(options["synonyms"])
        options = {**(WITH_SYNONYMS if spec.name else {}), **options}
    ranges: dict[str, Any] = {k: tuple(v) for k, v in options.items() if isinstance(v, list)}
    return replace(base, **(options | ranges))


def _spec_of(kind: str, given: Any) -> AugmentationSpec:
    """Return a preset's name, empty for none, and the options."""
    known = PRESETS[kind]
    if isinstance(given, Mapping) and not (len(given) == 1 and next(iter(given)) in known):
        return AugmentationSpec("", given)
    forms = "a name, {name: {option: value}} or {option: value}"
    spec = AugmentationSpec.of(given, f"the augmentation of {kind}", forms)
    name, colon, language = spec.name.partition(":")
    if name not in known:
        raise UnknownNameError(f"augmentation of {kind}", name, known)
    return AugmentationSpec(name, {"synonyms": language, **spec.options} if colon else spec.options)


def on_the_fly(change: ItemAugmentation[Any]) -> dict[str, Any]:
    """Return the part of an augmentation that can change raw nodes in every epoch, as options.

    Texts are token ids by then, which can be swapped and dropped, but have no synonyms.

    Raises:
        InputError: nothing can.

    Example:
        >>> on_the_fly(CAPTION)
        {'swap': [0.0, 0.1], 'delete': [0.0, 0.2], 'probability': 0.5}
    """
    names = ("swap", "delete") if isinstance(change, TextAugmentation) else tuple(change.limits)
    found = {name: given for name in names if (given := getattr(change, name))}
    if not found:
        raise InputError(
            f"a network that trains takes texts as numbers, which can be changed by "
            f"{' and '.join(names)} only; name one of these in augment, or choose a text encoder "
            f"that is not a network"
        )
    plain = {name: given if given is True else list(given) for name, given in found.items()}
    return {**plain, "probability": change.probability}
