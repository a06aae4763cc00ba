"""Augmentation, one kind of item a file: changes that leave the label true."""

from graphfuse.data.augment.sound import SPEECH, SoundAugmentation

__all__ = ["SPEECH", "SoundAugmentation"]
