"""Mel-frequency cepstral coefficients, pooled: the classic description of speech."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphfuse.encoders.audio._frames import Spectral
from graphfuse.encoders.encoder import EncoderInfo, encoder
from graphfuse.errors import InputError, check_integer


@encoder(
    EncoderInfo(
        name="mfcc",
        kind="audio",
        title="mel-frequency cepstral coefficients, pooled",
        nodes="mean and deviation of MFCC frames over a span of time; seconds of its centre",
        paper="Davis and Mermelstein 1980, https://doi.org/10.1109/TASSP.1980.1163420",
        needs="encoders",
    )
)
@dataclass(frozen=True)
class MFCC(Spectral):
    r"""Mel-frequency cepstral coefficients, pooled to ``rate`` nodes per second.

    The orthonormal discrete cosine transform (DCT-II) of the log-mel frames of
    :class:`~graphfuse.encoders.audio.mel.Mel`, which says more on options,

    .. math:: c_k = \sqrt{\frac{1 + [k > 0]}{M}} \sum_{m=0}^{M-1} s_m
              \cos\left(\frac{\pi k}{M} \left(m + \tfrac{1}{2}\right)\right)

    of the M bands' decibels :math:`s_m`: the lowest ``coefficients`` of them describe the shape of
    the vocal tract and leave out pitch. Davis and Mermelstein 1980,
    https://doi.org/10.1109/TASSP.1980.1163420; the first, the loudness of the frame, is kept.

    Example:
        >>> from graphfuse.raw import Sound
        >>> [nodes] = MFCC(coefficients=13).encode([Sound(np.zeros(8000, np.float32), 16000)])
        >>> tuple(nodes.x.shape)
        (2, 26)
    """

    coefficients: int = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("coefficients", self.coefficients, 1)
        if self.coefficients > self.bands:
            raise InputError(
                f"{self.bands} bands have as many coefficients at most, got {self.coefficients}"
            )

    @property
    def width(self) -> int:
        """One value per coefficient."""
        return self.coefficients

    def describe(self, log_mel: np.ndarray) -> np.ndarray:
        """Return the lowest coefficients of each frame."""
        from scipy.fft import dct

        coefficients = dct(log_mel, type=2, norm="ortho", axis=1)[:, : self.coefficients]
        return np.asarray(coefficients)
