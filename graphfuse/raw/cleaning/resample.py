"""Bring a sound to another number of samples per second."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import ClassVar

import numpy as np

from graphfuse.errors import InputError, check_integer
from graphfuse.raw.cleaning.cleaner import Repair, cleaner
from graphfuse.raw.readers.items import Sound

LOWEST = 1000
"""Samples per second below which nothing is heard, and a header is more likely wrong."""


@cleaner("resample")
@dataclass(frozen=True)
class Resample(Repair):
    """Bring every sound to ``rate`` samples per second; see :func:`resample`."""

    kind: ClassVar[str] = "audio"
    rate: int = 16000

    def check(self) -> None:
        """Raise an error if the rate is below 1000 samples per second."""
        check_integer("rate", self.rate, LOWEST)

    def item(self, item: Sound) -> Sound:
        """Return a sound at the rate."""
        return resample(item, self.rate)


def resample(sound: Sound, rate: int) -> Sound:
    """Return the sound with ``rate`` samples per second.

    A polyphase filter with a Kaiser window (``scipy.signal.resample_poly``) removes what the lower
    of the two rates cannot hold; frequencies above about 0.9 of its half are weakened. The
    duration stays, up to one sample.

    Raises:
        InputError: a rate below 1000 samples per second, or samples that are not finite.

    Example:
        >>> import numpy as np
        >>> resample(Sound(np.zeros(44100, np.float32), 44100), 16000).samples.shape
        (16000,)
    """
    from scipy.signal import resample_poly

    check_integer("the sample rate of the result", rate, LOWEST)
    check_integer("the sample rate of a sound", sound.rate, LOWEST)
    samples = np.asarray(sound.samples, np.float32)
    if not np.isfinite(samples).all():
        raise InputError(
            f"the samples of a sound must be finite, but {np.sum(~np.isfinite(samples))} of "
            f"{len(samples)} are not; the file is damaged"
        )
    if rate == sound.rate or not len(samples):
        return Sound(samples, int(rate))
    common = gcd(rate, sound.rate)
    resampled = resample_poly(samples, rate // common, sound.rate // common)
    return Sound(resampled.astype(np.float32), int(rate))
