"""Augmentation, one kind of item per file: changes that keep the label."""

from graphfuse.raw.augment.combine import Augmentation
from graphfuse.raw.augment.copies import add_copies
from graphfuse.raw.augment.image import PHOTO, ImageAugmentation
from graphfuse.raw.augment.presets import create_augmentation
from graphfuse.raw.augment.sound import SPEECH, SoundAugmentation
from graphfuse.raw.augment.text import CAPTION, TextAugmentation
from graphfuse.raw.augment.thesaurus import read_thesaurus

__all__ = [
    "CAPTION",
    "PHOTO",
    "SPEECH",
    "Augmentation",
    "ImageAugmentation",
    "SoundAugmentation",
    "TextAugmentation",
    "add_copies",
    "create_augmentation",
    "read_thesaurus",
]
