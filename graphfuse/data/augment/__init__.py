"""Augmentation, one kind of item a file: changes that leave the label true."""

from graphfuse.data.augment.combine import Augmentation
from graphfuse.data.augment.copies import add_copies
from graphfuse.data.augment.image import PHOTO, ImageAugmentation
from graphfuse.data.augment.presets import create_augmentation
from graphfuse.data.augment.sound import SPEECH, SoundAugmentation
from graphfuse.data.augment.text import CAPTION, TextAugmentation
from graphfuse.data.augment.thesaurus import read_thesaurus

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
