"""windows: parts of a time series as nodes, as points or as statistics."""

from __future__ import annotations

import math
import numbers
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from graphfuse.data.values import cast
from graphfuse.encoders.encoder import Encoder, EncoderInfo, Nodes, encoder
from graphfuse.errors import InputError, UnknownNameError, check_integer
from graphfuse.raw import Item, Series

UNITS = ("rows", "seconds")
VALUES = ("points", "statistics")
STATISTICS = 5
"""Mean, standard deviation, least, greatest, and trend of a channel in a window."""
SLACK = 1e-6
"""Part of a point or step that rounding may have moved a time by."""
MOVED = 0.01
"""Part of the distance between windows by which single precision may move a position."""


@encoder(
    EncoderInfo(
        name="windows",
        kind="series",
        title="windows of a time series",
        nodes="a window; pos = its middle in seconds",
    )
)
@dataclass(frozen=True)
class WindowsEncoder(Encoder):
    """Windows of equal width, one every ``step``, until one reaches the end of the series.

    A window is read at ``points`` points. In rows these are its rows; in seconds, each is the mean
    of the rows in its part of the window, or lies on the line between the rows around it where
    there is none, so that series of any rate, even or not, give nodes of the same meaning. Where a
    value is missing, the line between its neighbours in time is taken, their value before the
    first and after the last, 0 in a channel without any; a window that reaches beyond the end of
    the series is filled in the same way. How much of a window was so filled is a feature of each
    channel unless ``flags`` is False, as gaps may themselves predict the label.

    Centres are subtracted in double precision before the values are cast to single precision, so
    that 1_700_000_050 and 1_700_000_051 stay different.

    The features of a channel stand together: its points or statistics, then its flag. Statistics
    are mean, standard deviation, least, greatest, and trend (change from the first to the last
    point along the line of least squares). Positions are seconds as the series counts them (rows
    where it has no times): the middle of the window, in rows the time of its middle row.

    Args:
        channels: number of values per row.
        width: width of a window, in rows or seconds.
        step: distance between the starts of two windows; the width if None.
        unit: "rows" or "seconds".
        points: points that a window in seconds is read at; in rows they are as many as its rows.
        values: "points", or "statistics" of them.
        flags: whether the part that was missing, 0 to 1, is a feature.
        centres: what is subtracted from the values of each channel; nothing by default.

    Example:
        >>> series = Series(np.array([[0.0], [1], [np.nan], [3], [4]]), np.arange(5.0))
        >>> nodes, = WindowsEncoder(width=3, step=2).encode([series])
        >>> nodes.x, nodes.pos.flatten()
        (tensor([[0.0000, 1.0000, 2.0000, 0.3333],
                 [2.0000, 3.0000, 4.0000, 0.3333]]), tensor([1., 3.]))
    """

    channels: int = 1
    width: float = 16
    step: float | None = None
    unit: str = "rows"
    points: int = 16
    values: str = "points"
    flags: bool = True
    centres: Sequence[float] = ()

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise UnknownNameError("unit", self.unit, UNITS)
        if self.values not in VALUES:
            raise UnknownNameError("values", self.values, VALUES)
        check_integer("channels", self.channels, 1)
        check_integer("points", self.points, 1)
        for name, size in (("width", self.width), ("step", self._step)):
            if self.unit == "rows":
                check_integer(f"{name} of windows in rows", size, 1)
            elif not isinstance(size, numbers.Real) or not 0 < size < np.inf:
                raise InputError(f"{name} of windows must be a number of seconds > 0, got {size!r}")
        object.__setattr__(self, "centres", _checked_centres(self.centres, self.channels))

    @property
    def features(self) -> int:
        """Features of all channels."""
        own = STATISTICS if self.values == "statistics" else self._points
        return self.channels * (own + self.flags)

    @property
    def pos_dim(self) -> int:
        """Return 1, seconds."""
        return 1

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the windows [N, features] of each series, and their middle [N, 1] in seconds.

        Raises:
            InputError: not a series, or one without rows, with another number of channels, with
                infinite values, or with values or times that lose their differences in single
                precision.
        """
        return [self._encode(_checked(item, self.channels)) for item in items]

    @property
    def _step(self) -> float:
        return self.width if self.step is None else self.step

    @property
    def _points(self) -> int:
        return int(self.width) if self.unit == "rows" else self.points

    def _encode(self, series: Series) -> Nodes:
        rows = np.arange(len(series.values), dtype=np.float64)
        times = np.asarray(series.times, dtype=np.float64)
        clock = rows if self.unit == "rows" else times - times[0]
        start = self._starts(clock[-1])
        values = np.asarray(series.values, dtype=np.float64) - (self.centres or 0.0)
        missing = np.isnan(values)
        filled = np.stack([_fill(times, own) for own in values.T], 1)
        _check_precision(filled)
        part = self.width / self._points
        edges = start[:, None] + part * np.arange(self._points + 1)  # [N, P + 1]
        x = np.moveaxis(_resample(clock, filled, edges), 2, 1)  # [N, C, P]
        gaps = _resample(clock, missing.astype(np.float64), edges)
        gaps[edges[:, :-1] > clock[-1]] = 1
        if self.values == "statistics":
            x = _statistics(x)
        if self.flags:
            x = np.concatenate([x, gaps.mean(1)[:, :, None]], axis=2)
        if self.unit == "rows":
            middle = np.interp(start + (self.width - 1) / 2, rows, times)
        else:
            middle = times[0] + start + self.width / 2
        return Nodes(torch.from_numpy(x.astype(np.float32)).flatten(1), _positions(middle))

    def _starts(self, duration: float) -> np.ndarray:
        """Return where windows start [N]: every step until one holds the last row."""
        beyond = max(np.floor((duration - self.width) / self._step + SLACK) + 1, 0)
        within = np.floor(duration / self._step + SLACK)
        return self._step * np.arange(int(min(beyond, within)) + 1)


def _checked(item: Item, channels: int) -> Series:
    if not isinstance(item, Series):
        raise InputError(
            f"the item of a time series encoder must be a Series, got {type(item).__name__}"
        )
    shape = np.shape(item.values)
    if len(shape) != 2 or not shape[0] or shape[1] != channels:
        raise InputError(
            f"a series must have values [T, {channels}] with T >= 1, got shape {list(shape)}; "
            f"the option channels says how many values each row has"
        )
    if np.isinf(item.values).any():
        raise InputError(
            f"a series must have finite values, or NaN where one is missing, but row "
            f"{int(np.isinf(item.values).any(1).argmax())} has an infinite one; clean it"
        )
    if np.shape(item.times) != shape[:1] or not (np.diff(item.times, prepend=-np.inf) >= 0).all():
        raise InputError(
            f"a series must have one time per row, {shape[0]}, in order and none missing, got "
            f"times of shape {list(np.shape(item.times))}; sort rows by time"
        )
    return item


def _checked_centres(given: Sequence[float], channels: int) -> tuple[float, ...]:
    """Return a centre per channel, or none at all."""
    try:
        centres = tuple(map(float, given))
    except (TypeError, ValueError):
        centres = (math.nan,)
    if centres and (len(centres) != channels or not all(map(math.isfinite, centres))):
        raise InputError(
            f"centres must be one finite number per channel, {channels}, got {reprlib.repr(given)}"
        )
    return centres


def _fill(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Return values [T] with NaN on the line between its neighbours in time; 0 without any."""
    known = ~np.isnan(values)
    if not known.any():
        return np.zeros_like(values)
    return np.where(known, values, np.interp(times, times[known], values[known]))


def _resample(clock: np.ndarray, values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return values [T, C] at the points [N, P, C] between edges [N, P + 1].

    A point is the mean of the rows from its lower edge to below its upper one; without a row it
    lies on the line between its neighbours, at its middle.
    """
    slack = SLACK * (edges[0, 1] - edges[0, 0])  # a row on an edge lies above it
    place = np.searchsorted(clock, edges - slack)
    low, high = place[:, :-1].ravel(), place[:, 1:].ravel()
    middle = ((edges[:, :-1] + edges[:, 1:]) / 2).ravel()
    points = np.stack([np.interp(middle, clock, own) for own in values.T], axis=1)
    full = np.flatnonzero(high > low)
    # From row low to row high, pair by pair: every second sum is one that is wanted.
    pairs = np.stack([low[full], high[full]], axis=1).ravel()
    padded = np.concatenate([values, np.zeros((1, values.shape[1]))])
    sums = np.add.reduceat(padded, pairs, axis=0)[::2] if len(pairs) else padded[:0]
    points[full] = sums / (high - low)[full, None]
    return points.reshape(*edges[:, 1:].shape, -1)


def _statistics(x: np.ndarray) -> np.ndarray:
    """Return mean, deviation, least, greatest and trend [N, C, 5] of points [N, C, P]."""
    count = x.shape[2]
    line = np.linspace(-0.5, 0.5, count) if count > 1 else np.zeros(1)
    trend = x @ line / max(float(np.square(line).sum()), 1e-9)
    return np.stack([x.mean(2), x.std(2), x.min(2), x.max(2), trend], axis=2)


def _check_precision(values: np.ndarray) -> None:
    """Raise an error if single precision makes distinct values of a channel [rows, C] equal."""
    largest = np.abs(values).max()
    if largest > np.finfo(np.float32).max:
        raise InputError(
            f"a series has the value {largest:g}, which overflows single precision (3.4e38); "
            f"divide the values by a power of ten, or take their logarithm"
        )
    if cast(torch.from_numpy(values), None, "a series").dtype == torch.float64:
        raise InputError(
            f"a series has values near {largest:g} that differ by less than single precision "
            f"resolves; give centres=[...], a number near the mean of each channel, to the encoder "
            f"'windows', or subtract it from all series"
        )


def _positions(middle: np.ndarray) -> torch.Tensor:
    """Return positions [N, 1] in single precision, which keeps the distances between them.

    Nothing is subtracted, as positions of several modalities are compared.
    """
    pos = middle.astype(np.float32)
    different = np.unique(middle)
    moved = np.abs(pos - middle).max()
    if len(different) > 1 and moved > MOVED * np.median(np.diff(different)):
        raise InputError(
            f"the positions of windows, from {middle[0]:.12g} s on, change by up to {moved:.3g} s "
            f"in single precision; count time from the beginning of the recording, in all "
            f"modalities"
        )
    return torch.from_numpy(pos).unsqueeze(1)
