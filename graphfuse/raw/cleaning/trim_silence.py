"""Cut silence off both ends of a sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from graphfuse.errors import InputError
from graphfuse.raw.cleaning.cleaner import Repair, cleaner
from graphfuse.raw.readers.items import Sound

FRAME = 0.02
"""Seconds over which loudness is measured."""


@cleaner("trim_silence")
@dataclass(frozen=True)
class TrimSilence(Repair):
    """Cut silence off both ends of every sound; see :func:`trim_silence`."""

    kind: ClassVar[str] = "audio"
    below: float = 40.0
    keep: float = 0.05

    def check(self) -> None:
        """Raise an error if an option is out of range."""
        _check(self.below, self.keep)

    def item(self, item: Sound) -> Sound:
        """Return a sound without silence at its ends."""
        return trim_silence(item, self.below, self.keep)


def trim_silence(sound: Sound, below: float = 40.0, keep: float = 0.05) -> Sound:
    """Return the sound without silence at its start and end.

    Loudness is the mean power of frames of 20 ms. Those more than ``below`` decibels under the
    loudest one are silence, so that the volume of a recording does not matter. ``keep`` seconds of
    silence stay at either side. A sound that is silent throughout (all zeros, or no samples) is
    returned unchanged.

    Raises:
        InputError: ``below`` is not above 0, or ``keep`` is negative.

    Example:
        >>> import numpy as np
        >>> tone = np.sin(np.arange(8000)).astype(np.float32)
        >>> around = np.zeros(8000, np.float32)
        >>> trim_silence(Sound(np.concatenate([around, tone, around]), 8000)).seconds
        1.1
    """
    _check(below, keep)
    length = max(1, round(FRAME * sound.rate))
    starts = np.arange(0, len(sound.samples), length)
    if not len(starts):
        return sound
    power = np.add.reduceat(np.square(sound.samples, dtype=np.float64), starts)
    power /= np.diff(starts, append=len(sound.samples))
    if not power.max() > 0:
        return sound
    loud = np.flatnonzero(power >= power.max() * 10 ** (-below / 10))
    kept = round(keep * sound.rate)
    first = max(0, starts[loud[0]] - kept)
    last = min(len(sound.samples), starts[loud[-1]] + length + kept)
    return Sound(sound.samples[first:last], sound.rate)


def _check(below: float, keep: float) -> None:
    if not isinstance(below, (int, float)) or not below > 0:
        raise InputError(f"below must be a number of decibels above 0, got {below!r}")
    if not isinstance(keep, (int, float)) or not keep >= 0:
        raise InputError(f"keep must be a number of seconds of at least 0, got {keep!r}")
