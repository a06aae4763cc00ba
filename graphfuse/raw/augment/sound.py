"""Change sounds at random, by seed: speed, pitch, formants, noise, masks and volume."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw.augment._item import ItemAugmentation, Range, seeds_of
from graphfuse.raw.readers.items import Sound

LIMITS: dict[str, Range] = {
    "speed": (0.6, 4.0),
    "pitch": (-24.0, 24.0),
    "formants": (0.5, 2.0),
    "denoise": (0.0, 20.0),
    "noise": (-20.0, 100.0),
    "frequency_mask": (0.0, 1.0),
    "time_mask": (0.0, 1.0),
    "volume": (-60.0, 60.0),
}
"""What each change takes, in the order in which they are made.

Below half the speed, audiomentations would draw phases from a generator that no seed reaches.
"""
FRAME = 0.032
"""Seconds of a frame of the spectra that :func:`denoise` and :func:`shift_formants` work on."""
QUEFRENCY = 0.002
"""Seconds of the cepstrum that make up the envelope; pitch, up to 500 Hz, lies beyond."""
ROUNDS = 10
"""After which the envelope hardly rises any more."""
QUIETEST = 0.1
"""Share of the frames, the quietest, that noise is measured in."""
BAND = 9
"""Frequencies, of 31 Hz, whose median is the noise of the one in their middle; a tone has four."""
NEAR = 3, 5
"""Frequencies and frames that power is averaged over, as that of noise varies from one to one."""
MOST_SUBTRACTED = 4.0
"""Times the noise that are subtracted where nothing stands out of it, down to once at 20 dB."""
MEL = 2595.0, 700.0


@dataclass(frozen=True, kw_only=True)
class SoundAugmentation(ItemAugmentation[Sound]):
    """A random change of sounds; the same seed gives the same result.

    Each change has a range that its amount is drawn from, evenly, and is made with the given
    probability; None leaves it out, which does not affect the draws for the others. Changes are
    made in the order below. The global generators of Python and NumPy are not used. The label of a
    sound stays. :data:`SPEECH` has ranges that keep speech natural.

    Args:
        speed: factor of the speed; the pitch stays. Above 1 shortens the sound.
        pitch: semitones; the duration stays, resonances move along.
        formants: factor of the resonances of the vocal tract; pitch and duration stay.
        denoise: decibels by which steady noise is lowered, up to 20.
        noise: decibels by which the sound is louder than the white noise added to it.
        frequency_mask: width of a band that is taken out, as a share of the mel scale.
        time_mask: length of a span that is silenced, as a share of the duration.
        volume: decibels; encoders that level sounds do not see it.
        probability: of each change.

    Raises:
        InputError: an invalid range, or one outside the limits of the change.

    Example:
        >>> tone = Sound(np.sin(np.arange(8000)).astype(np.float32), 8000)
        >>> augmentation = SoundAugmentation(noise=(10, 20), probability=1.0)
        >>> np.array_equal(augmentation(tone, 7).samples, augmentation(tone, 7).samples)
        True
    """

    limits: ClassVar = LIMITS

    speed: Range | None = None
    pitch: Range | None = None
    formants: Range | None = None
    denoise: Range | None = None
    noise: Range | None = None
    frequency_mask: Range | None = None
    time_mask: Range | None = None
    volume: Range | None = None

    def change(self, name: str, item: Sound, amount: float, rng: np.random.Generator) -> Sound:
        """Change a sound.

        Raises:
            MissingDependencyError: without audiomentations, for speed, pitch and masks.
        """
        return CHANGES[name](item, amount, rng) if len(item.samples) else item

    def batch(self, waves: Tensor, rate: int, generator: torch.Generator) -> Tensor:
        """Return sounds [B, T] of one rate, each changed independently, of the same length.

        A faster sound ends in silence, a slower sound is cut. Seeds are drawn from the generator
        alone.
        """
        if waves.dim() != 2:
            raise InputError(f"sounds must be [B, T], got shape {list(waves.shape)}")
        changed = torch.zeros_like(waves)
        for row, seed in enumerate(seeds_of(generator, len(waves))):
            made = self(Sound(waves[row].numpy(force=True), rate), seed).samples[: waves.shape[1]]
            changed[row, : len(made)] = torch.from_numpy(made).to(waves)
        return changed


SPEECH = SoundAugmentation(
    speed=(0.9, 1.1),
    pitch=(-2.0, 2.0),
    formants=(0.9, 1.1),
    denoise=(6.0, 12.0),
    noise=(15.0, 40.0),
    frequency_mask=(0.0, 0.15),
    time_mask=(0.0, 0.15),
    volume=(-6.0, 6.0),
    probability=0.3,
)
"""Mild changes, some two or three at a time, after which speech is still natural."""


def change_speed(sound: Sound, factor: float) -> Sound:
    """Return the sound faster by a factor of at least 0.6, at the same pitch."""
    return _audiomentations("TimeStretch", sound, {"rate": factor}, leave_length_unchanged=False)


def shift_pitch(sound: Sound, semitones: float) -> Sound:
    """Return the sound with pitch and resonances shifted by semitones, of the same length."""
    return _audiomentations("PitchShift", sound, {"num_semitones": semitones})


def shift_formants(sound: Sound, factor: float) -> Sound:
    """Return the sound as from a vocal tract shorter by a factor: resonances are that much higher.

    In frames of 32 ms, the first 2 ms of the cepstrum describe the envelope of the spectrum, raised
    in rounds until it runs over the peaks of the harmonics (the true envelope; Röbel and Rodet
    2005, https://hal.science/hal-01161334). It is stretched along frequency, and the harmonics
    below it stay where they are. This is what vocal tract length perturbation (Jaitly and Hinton
    2013, https://www.cs.toronto.edu/~ndjaitly/jaitly-icml13.pdf) does to mel bands, done to the
    sound. A resonance of less than some 800 Hz moves by less than the factor, as the envelope does
    not part it from the lowest harmonics.
    """
    kept = round(QUEFRENCY * sound.rate)

    def gain(magnitude: np.ndarray) -> np.ndarray:
        logarithm = np.log(np.maximum(magnitude, 1e-4 * magnitude.max() + 1e-12))
        envelope = logarithm
        for _ in range(ROUNDS):
            cepstrum = np.fft.irfft(np.maximum(logarithm, envelope), axis=0)
            cepstrum[kept + 1 : len(cepstrum) - kept] = 0
            envelope = np.fft.rfft(cepstrum, axis=0).real
        source = np.minimum(np.arange(len(envelope)) / factor, len(envelope) - 1)
        below = source.astype(int)
        above, part = np.minimum(below + 1, len(envelope) - 1), (source - below)[:, None]
        moved = (1 - part) * envelope[below] + part * envelope[above]
        return np.asarray(np.exp(moved - envelope))

    return _filtered(sound, gain)


def denoise(sound: Sound, decibels: float) -> Sound:
    """Return the sound with steady noise lowered by a number of decibels, up to 20.

    Spectral subtraction (Boll 1979, https://doi.org/10.1109/TASSP.1979.1163209) of more than the
    noise where little stands out of it, and down to a floor (Berouti, Schwartz and Makhoul 1979,
    https://doi.org/10.1109/ICASSP.1979.1170788). The noise of a band is estimated from the quietest
    tenth of the frames: a lone tone stays, and a voice that never pauses counts as noise. Unlike
    there, the noise subtracted depends on each frequency of each frame, not on the frame.
    """
    from scipy.ndimage import median_filter, uniform_filter

    def gain(magnitude: np.ndarray) -> np.ndarray:
        power = magnitude**2
        quiet = np.quantile(power, QUIETEST, axis=1, keepdims=True)
        quiet /= -np.log(1 - QUIETEST)  # of Gaussian noise, the mean by its quantile
        noise = median_filter(quiet, (BAND, 1), mode="nearest")
        share = np.maximum(noise, 1e-20) / np.maximum(uniform_filter(power, NEAR), 1e-20)
        times = MOST_SUBTRACTED + (MOST_SUBTRACTED - 1) / 2 * np.log10(share)
        left = 1 - np.clip(times, 1, MOST_SUBTRACTED) * share
        return np.asarray(np.sqrt(np.maximum(left, 10 ** (-decibels / 10))))

    return _filtered(sound, gain)


def add_noise(sound: Sound, decibels: float, seed: int | np.random.Generator) -> Sound:
    """Return the sound with white noise, a number of decibels below its mean power."""
    power = np.mean(np.square(sound.samples, dtype=np.float64))
    deviation = np.sqrt(power) * 10 ** (-decibels / 20)
    noise = np.random.default_rng(seed).normal(0, deviation, len(sound.samples))
    return _made(sound.samples + noise, sound.rate)


def mask_frequencies(sound: Sound, lowest: float, highest: float) -> Sound:
    """Return the sound without the frequencies between two, in Hz.

    The frequency mask of SpecAugment (Park et al. 2019, https://arxiv.org/abs/1904.08779), done to
    the sound by a filter of order 8.
    """
    # the filter cannot reach 0 or half the sample rate
    lowest, highest = max(lowest, 10.0), min(highest, 0.499 * sound.rate)
    if highest - lowest < 1:
        return sound
    centre, width = (lowest + highest) / 2, highest - lowest
    band = {"center_freq": centre, "bandwidth": width, "rolloff": 24}
    return _audiomentations("BandStopFilter", sound, band)


def mask_time(sound: Sound, start: float, stop: float) -> Sound:
    """Return the sound with silence between two seconds, faded over 5 ms.

    The time mask of SpecAugment (Park et al. 2019, https://arxiv.org/abs/1904.08779).
    """
    first, last = (min(len(sound.samples), round(s * sound.rate)) for s in (start, stop))
    return _audiomentations("TimeMask", sound, {"t0": first, "t": last - first})


def change_volume(sound: Sound, decibels: float) -> Sound:
    """Return the sound amplified by a number of decibels, clipped to [-1, 1]."""
    return _made(sound.samples * 10 ** (decibels / 20), sound.rate)


def _mask_somewhere(sound: Sound, share: float, rng: np.random.Generator) -> Sound:
    start = rng.random() * (1 - share)
    return mask_time(sound, start * sound.seconds, (start + share) * sound.seconds)


def _mask_some_band(sound: Sound, share: float, rng: np.random.Generator) -> Sound:
    scale, knee = MEL
    top = scale * np.log10(1 + sound.rate / 2 / knee)
    start = rng.random() * (1 - share)
    lowest, highest = (knee * (10 ** (s * top / scale) - 1) for s in (start, start + share))
    return mask_frequencies(sound, lowest, highest)


Change = Callable[[Sound, float, np.random.Generator], Sound]

CHANGES: dict[str, Change] = {
    "speed": lambda sound, factor, rng: change_speed(sound, factor),
    "pitch": lambda sound, semitones, rng: shift_pitch(sound, semitones),
    "formants": lambda sound, factor, rng: shift_formants(sound, factor),
    "denoise": lambda sound, decibels, rng: denoise(sound, decibels),
    "noise": add_noise,
    "frequency_mask": _mask_some_band,
    "time_mask": _mask_somewhere,
    "volume": lambda sound, decibels, rng: change_volume(sound, decibels),
}


def _audiomentations(
    name: str, sound: Sound, parameters: dict[str, float], **options: Any
) -> Sound:
    """Apply a transform of the package with parameters that are given, not drawn."""
    try:
        import audiomentations
    except ImportError:
        raise MissingDependencyError("audiomentations", "augment", "changing sounds") from None
    transform = getattr(audiomentations, name)(p=1.0, **options)
    transform.parameters = {"should_apply": True, **parameters}
    transform.freeze_parameters()
    return _made(transform(np.asarray(sound.samples, np.float32), sound.rate), sound.rate)


def _filtered(sound: Sound, gain: Callable[[np.ndarray], np.ndarray]) -> Sound:
    """Multiply the magnitudes [frequencies, frames] of a sound's spectrum by a gain of them."""
    from scipy.fft import next_fast_len
    from scipy.signal import istft, stft

    length = 4 * next_fast_len(max(1, round(FRAME * sound.rate / 4)))
    frames = {"nperseg": length, "noverlap": length * 3 // 4}
    padded = np.pad(sound.samples, (0, max(0, length - len(sound.samples))))
    spectrum = stft(padded, **frames)[2]
    filtered = istft(spectrum * gain(np.abs(spectrum)), **frames)[1]
    return _made(filtered[: len(sound.samples)], sound.rate)


def _made(samples: np.ndarray, rate: int) -> Sound:
    return Sound(np.clip(samples, -1, 1).astype(np.float32), rate)
