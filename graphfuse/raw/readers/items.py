"""Decoded items, the input of encoders: one class per kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Sound:
    """Samples [T] in [-1, 1], one channel, float32, and the sample rate in Hz."""

    samples: np.ndarray
    rate: int

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / self.rate


@dataclass(frozen=True, eq=False)
class Video:
    """Frames [K, H, W, 3] in bytes, the second that each was taken at [K], and the sound."""

    frames: np.ndarray
    times: np.ndarray
    sound: Sound | None = None


@dataclass(frozen=True, eq=False)
class Series:
    """Values [T, C] in double precision, NaN where one is missing, and sorted times [T]."""

    values: np.ndarray
    times: np.ndarray


Row = dict[str, float | str | None]
"""Cells of a table by column: a number, a category, or None where the cell is empty."""

Item = np.ndarray | str | Sound | Video | Series | Row
"""An image [H, W, 3] in bytes, a text, a sound, a video, a time series or a table's row."""
