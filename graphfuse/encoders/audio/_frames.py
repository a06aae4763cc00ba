"""Log-mel frames of a sound, pooled to fewer nodes: the base of the encoders of spectra."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
import torch

from graphfuse.encoders.encoder import Encoder, Nodes
from graphfuse.errors import InputError, MissingDependencyError, check_integer
from graphfuse.raw import Item, Sound
from graphfuse.raw.cleaning import resample
from graphfuse.raw.cleaning.resample import LOWEST

WINDOW, HOP = 0.025, 0.010
"""Seconds of a frame, and from one to the next: the customary ones for speech."""
BOTTOM = 50.0
"""Lower edge of the lowest band, in Hz; below lie hum and wind."""
TOP = 0.875
"""Upper edge of the highest band, as a share of half the sample rate.

Resampling weakens higher frequencies, by an amount that depends on the original rate.
"""
FLOOR = -80.0
"""Decibels under the sound's mean power that values are cut at; 16 bits reach further down."""
QUIET = 1e-4
"""Smallest root mean square that a sound is divided by, so that zeros stay zeros."""
SHORTEST = 0.1
"""Shortest sound in seconds: a transformers model needs some frames."""
BLOCK = 6000
"""Frames that are computed at once."""


@dataclass(frozen=True)
class Spectral(Encoder):
    """An encoder whose nodes pool frames of a log-mel spectrogram.

    Args:
        rate: nodes per second.
        bands: mel bands.
        sample_rate: samples per second to which every sound is resampled; the highest
            band ends at 7/16 of it.
        deviation: add the standard deviation over a node's frames to their mean.
        seconds: length read from the start of each sound; all of it if None. A limit hides the
            duration of every sound that is at least as long.
    """

    rate: float = 4.0
    bands: int = 40
    sample_rate: int = 16000
    deviation: bool = True
    seconds: float | None = None

    batch_size: ClassVar[int] = 4  # each is computed alone, and a long one is large

    def __post_init__(self) -> None:
        if not 0 < self.rate <= 1 / HOP:
            raise InputError(
                f"rate must be a number of nodes per second above 0 and at most {1 / HOP:g}, "
                f"got {self.rate!r}"
            )
        check_seconds(self.seconds)
        check_integer("bands", self.bands, 1)
        check_integer("sample_rate", self.sample_rate, LOWEST)

    @property
    @abstractmethod
    def width(self) -> int:
        """Number of values of a frame."""

    @abstractmethod
    def describe(self, log_mel: np.ndarray) -> np.ndarray:
        """Return the values [T, width] of frames, from their log-mel spectrogram [T, bands]."""

    @property
    def features(self) -> int:
        """Mean of each value of a frame, and its deviation."""
        return self.width * (2 if self.deviation else 1)

    @property
    def pos_dim(self) -> int:
        """Seconds."""
        return 1

    def prepare(self, item: Item) -> Sound:
        """Return a sound at the sample rate of the encoder.

        Raises:
            InputError: not a sound.
        """
        return heard(item, self.sample_rate, self.seconds)

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the nodes of each sound; position: seconds of a node's centre."""
        return [self._nodes(self.prepare(item)) for item in items]

    def _nodes(self, sound: Sound) -> Nodes:
        length, hop = _length(sound.rate), round(HOP * sound.rate)
        frames = 1 + len(sound.samples) // hop  # frame t is centred at sample t * hop
        bounds = bounds_of(frames, sound.seconds * self.rate)
        padded = np.pad(sound.samples / _level(sound.samples), length // 2)
        nodes = []
        for block in np.array_split(np.arange(len(bounds) - 1), -(-frames // BLOCK)):
            lo, hi = bounds[block[0]], bounds[block[-1] + 1]
            part = padded[lo * hop : (hi - 1) * hop + length]
            values = self.describe(log_mel(part, sound.rate, self.bands))
            nodes.append(_pool(values, bounds[block] - lo, self.deviation))
        centres = (bounds[:-1] + bounds[1:] - 1) / 2 * hop / sound.rate
        return Nodes(
            torch.from_numpy(np.concatenate(nodes).astype(np.float32)),
            torch.from_numpy(centres[:, None].astype(np.float32)),
        )


def heard(item: Item, rate: int, seconds: float | None) -> Sound:
    """Return a sound at a rate, cut after a number of seconds.

    Raises:
        InputError: not a sound.
    """
    if not isinstance(item, Sound):
        raise InputError(f"the item of an audio encoder must be a sound, got {type(item).__name__}")
    sound = resample(item, rate)  # before it is cut, or the lengths would differ by their old rates
    return sound if seconds is None else Sound(sound.samples[: round(seconds * rate)], rate)


def check_seconds(seconds: float | None) -> None:
    """Raise an error for a length that is too short."""
    if seconds is not None and not SHORTEST <= seconds < math.inf:
        raise InputError(
            f"seconds, the length read of a sound, must be a number of at least {SHORTEST:g}, or "
            f"None for all of it; got {seconds!r}"
        )


def bounds_of(frames: int, nodes: float) -> np.ndarray:
    """Return where equal spans of the frames start and end, about ``nodes`` of them."""
    whole = min(frames, max(1, round(nodes)))
    return np.arange(whole + 1) * frames // whole


def log_mel(samples: np.ndarray, rate: int, bands: int) -> np.ndarray:
    """Return decibels [T, bands] of all whole frames of the samples, the first at their start.

    Hann windows; the power of a band is the sum of the spectral power under a triangle on the mel
    scale, so that white noise of power 1 has the power of its share of the spectrum.
    """
    try:
        from transformers.audio_utils import spectrogram, window_function
    except ImportError as error:
        raise MissingDependencyError("transformers", "encoders", "a log-mel spectrogram") from error

    length, hop, bins = _length(rate), round(HOP * rate), _fft(rate)
    window = window_function(length, "hann")
    power = bins / 2 * np.sum(window**2)
    decibels = spectrogram(
        samples,
        window / np.sqrt(power),
        frame_length=length,
        hop_length=hop,
        fft_length=bins,
        power=2.0,
        center=False,
        mel_filters=_filters(rate, bands),
        mel_floor=10 ** (FLOOR / 10),
        log_mel="dB",
    )
    return np.asarray(decibels).T


def _length(rate: int) -> int:
    """Return an even number of samples, so that a frame has as many before its centre as after."""
    return 2 * round(WINDOW * rate / 2)


def _level(samples: np.ndarray) -> np.float32:
    power = np.square(samples, dtype=np.float64).sum() / max(1, len(samples))
    return np.float32(max(np.sqrt(power), QUIET))


def _fft(rate: int) -> int:
    """Return a length of the transform that leaves no mel band of usual width without a bin."""
    return 1 << int(2 * WINDOW * rate - 1).bit_length()


@lru_cache(maxsize=8)
def _filters(rate: int, bands: int) -> np.ndarray:
    import warnings

    from transformers.audio_utils import mel_filter_bank

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of empty bands, which are an error below
        filters = mel_filter_bank(_fft(rate) // 2 + 1, bands, BOTTOM, TOP * rate / 2, rate)
    if not filters.any(axis=0).all():
        raise InputError(
            f"{bands} mel bands at {rate} samples per second leave some bands without a "
            f"frequency; use fewer bands"
        )
    return np.asarray(filters)


def _pool(values: np.ndarray, starts: np.ndarray, deviation: bool) -> np.ndarray:
    """Return mean, and deviation, over the frames from each start to the next."""
    counts = np.diff(starts, append=len(values))[:, None]
    wide = values.astype(np.float64)
    mean = np.add.reduceat(wide, starts) / counts
    if not deviation:
        return mean
    centred = wide - np.repeat(mean, counts[:, 0], axis=0)
    return np.concatenate([mean, np.sqrt(np.add.reduceat(centred**2, starts) / counts)], axis=1)
