"""Log-mel frames, pooled: spectra on the scale of human hearing, without weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from graphfuse.encoders.audio._frames import Spectral
from graphfuse.encoders.encoder import EncoderInfo, encoder


@encoder(
    EncoderInfo(
        name="mel",
        kind="audio",
        title="log-mel frames, pooled",
        nodes="mean and deviation of log-mel frames over a span of time; seconds of its centre",
        paper="Stevens et al. 1937, https://doi.org/10.1121/1.1915893",
        needs="encoders",
    )
)
@dataclass(frozen=True)
class Mel(Spectral):
    """Log-mel frames, pooled to ``rate`` nodes per second.

    A sound is resampled and scaled to mean power 1. Frames of 25 ms, 10 ms apart, give the power
    of each mel band (Stevens, Volkmann and Newman 1937, https://doi.org/10.1121/1.1915893; the
    formula is HTK's) in decibels of the sound's mean power, cut at -80. A node is the mean and the
    standard deviation of a span of these frames. Spans are equally long, about ``1 / rate``
    seconds, and there is at least one. They are computed in blocks of a minute, so that memory
    hardly grows with length. The result does not depend on the blocks.

    The sample rate, channels and volume of a file leave no trace as long as its rate is at least
    ``sample_rate``, and its bits do not while it has 16 or more and is recorded at a usual volume:
    coarser steps add noise. With lower rates among the files, set ``sample_rate`` to the
    lowest: empty bands would reveal the format of a file. The number of nodes shows the duration;
    ``seconds``, set to that of the shortest sound, hides it.

    For short speech, the defaults: 4 nodes per second are about one per syllable. For long
    recordings 0.5 to 1 (an hour at 1 gives 3600 nodes). For music or sounds of nature
    ``sample_rate=32000, bands=64``.

    Example:
        >>> from graphfuse.raw import Sound
        >>> tone = np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000).astype(np.float32)
        >>> [nodes] = Mel().encode([Sound(tone, 16000)])
        >>> tuple(nodes.x.shape), [round(second, 2) for second in nodes.pos.flatten().tolist()]
        ((4, 80), [0.12, 0.37, 0.62, 0.88])
    """

    @property
    def width(self) -> int:
        """One value per band."""
        return self.bands

    def describe(self, log_mel: np.ndarray) -> np.ndarray:
        """Return the log-mel spectrogram."""
        return log_mel
