"""Count numbers far out of range as missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw.cleaning.cleaner import Repair, cleaner, samples
from graphfuse.raw.columns import TABLE
from graphfuse.raw.facts import splits_of
from graphfuse.raw.manifest import Manifest
from graphfuse.raw.readers.items import Row

ROWS = ("train", "all")
DEVIATION = 1.4826
"""Standard deviations of a normal distribution in its median absolute deviation, inverted."""


@cleaner("drop_outliers")
@dataclass(frozen=True)
class DropOutliers(Repair):
    """Count numbers of tables that are out of range as missing.

    The range of a column is given, or reaches ``z`` robust deviations to either side of its median
    (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993, who take 3.5; more here, as
    real columns have long tails). If half of a column is one value, its deviation is 0, and all
    numbers are kept. Ranges are fitted once; the same ones hold for new samples.

    Args:
        z: robust deviations, above 0.
        limits: known limits ``{column: [lowest, highest]}``, None for no limit on one side. With
            limits, nothing is fitted.
        rows: what ranges are fitted on: "train", the given training part, or "all" samples, which
            is right only if none of them is tested on.
    """

    kind: ClassVar[str] = TABLE
    z: float = 5.0
    limits: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    rows: str = "train"

    def check(self) -> None:
        """Raise an error if an option has a value that it does not take."""
        if not isinstance(self.z, (int, float)) or not self.z > 0:
            raise InputError(f"z must be a number of robust deviations above 0, got {self.z!r}")
        if self.rows not in ROWS:
            raise UnknownNameError("rows of drop_outliers", self.rows, ROWS)
        if not isinstance(self.limits, Mapping):
            raise InputError(f"limits must be {{column: [lowest, highest]}}, got {self.limits!r}")
        for name, pair in self.limits.items():
            if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
                raise InputError(f"limits of {name!r} must be [lowest, highest], got {pair!r}")
            given = [one for one in pair if one is not None]
            if not all(isinstance(one, (int, float)) for one in given) or given != sorted(given):
                raise InputError(
                    f"limits of {name!r} must be numbers or None, the lowest first, got {pair!r}"
                )

    def apply(self, manifest: Manifest, progress: bool = True) -> Manifest:
        """Return the manifest with the ranges, which apply when its tables are read.

        Raises:
            InputError: there is no training part to fit ranges on.
            UnknownNameError: limits of a column that holds no numbers.
        """
        numbers = [c.name for c in manifest.columns if c.kind == "number"]
        for name in self.limits:
            if name not in numbers:
                raise UnknownNameError("column of numbers in limits", name, numbers)
        limits = self.limits or self._fit(manifest, numbers)
        manifest = _report(self, manifest, limits)
        return Repair.apply(replace(self, limits=limits), manifest, progress)

    def item(self, item: Row) -> Row:
        """Return a row whose numbers out of range are missing."""
        return {name: None if self._is_out(name, value) else value for name, value in item.items()}

    def doing(self, manifest: Manifest, modalities: Sequence[str]) -> str:
        """Return a description of the ranges."""
        return ", ".join(f"{name} {lo} to {hi}" for name, (lo, hi) in self.limits.items())

    def _is_out(self, name: str, value: object) -> bool:
        if name not in self.limits or not isinstance(value, (int, float)):
            return False
        low, high = self.limits[name]
        return (low is not None and value < low) or (high is not None and value > high)

    def _fit(self, manifest: Manifest, numbers: Sequence[str]) -> dict[str, list[float | None]]:
        if self.rows == "all":
            train = manifest
        else:
            parts = splits_of(manifest)
            if parts is None:
                raise InputError(
                    "drop_outliers fits ranges on the training part, and the data has no column "
                    "that names the parts; give limits={column: [lowest, highest]}, or rows='all' "
                    "if none of these samples is tested on"
                )
            train = manifest.select(np.flatnonzero(parts == "train"))
        found = {name: robust_range(train.table[name][:], self.z) for name in numbers}
        return {name: list(pair) for name, pair in found.items() if pair is not None}


def robust_range(values: Sequence[float | None], z: float) -> tuple[float, float] | None:
    """Return the lowest and highest number within ``z`` robust deviations of the median.

    None where the deviation is 0, as at least half of the values are the same.

    Example:
        >>> robust_range([1.0, 2.0, 3.0, 4.0, None, 5.0], 2.0)
        (0.0348..., 5.965...)
    """
    known = np.array([np.nan if v is None else v for v in values], dtype=np.float64)
    known = known[np.isfinite(known)]
    if not len(known):
        return None
    middle = np.median(known)
    reach = z * DEVIATION * np.median(np.abs(known - middle))
    return (float(middle - reach), float(middle + reach)) if reach > 0 else None


def _report(step: DropOutliers, manifest: Manifest, limits: Mapping[str, Any]) -> Manifest:
    """Note the numbers of each column that are out of range."""
    ranged = replace(step, limits=limits)
    for name in limits:
        values = manifest.table[name][:]
        rows = [row for row, value in enumerate(values) if ranged._is_out(name, value)]
        if rows:
            what = f"{name}: numbers out of range in {samples(len(rows))} count as missing"
            manifest = step.note(manifest, what, rows)
    return manifest
