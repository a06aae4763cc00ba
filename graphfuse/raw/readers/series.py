"""Time series from a CSV, TSV or NumPy file, or from a list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from graphfuse.data.delimited import read_delimited
from graphfuse.data.files import table_text
from graphfuse.data.numbers import number, read_numbers
from graphfuse.errors import InputError
from graphfuse.raw.readers.items import Series

TIMES = ("time", "t", "seconds")
"""Names of the column of times, in seconds."""


MOST = 2**28
"""Largest number of values in the file of a time series: 2 GiB in double precision."""


def read_series(given: Path | Any) -> Series:
    """Return the series in a file, or in a list of numbers or of lists of numbers.

    Values stay in double precision. Rows are sorted by time if a column of the CSV file holds the
    times, and are numbered otherwise.

    Raises:
        InputError: it is empty, not rectangular, not numeric, or has a value that is infinite.
    """
    if isinstance(given, Path):
        name = given.name
        values, times = _of_array(given) if given.suffix == ".npy" else _of_table(given)
    else:
        name = "the time series"
        values, times = _as_numbers(given, name), None
    if values.ndim == 1:
        values = values[:, None]
    if values.ndim != 2 or not values.size:
        raise InputError(
            f"{name} is [T], or [T, C] with C channels, none empty; got shape {list(values.shape)}"
        )
    if np.isinf(values).any():
        raise InputError(
            f"{name} holds infinite values, the first in row {_first_infinite(values)}"
        )
    if times is None:
        return Series(values, np.arange(len(values), dtype=np.float64))
    order = np.argsort(times, kind="stable")
    return Series(values[order], times[order])


def _first_infinite(values: np.ndarray) -> int:
    return int(np.isinf(values).any(1).argmax())


def _as_numbers(given: Any, name: str) -> np.ndarray:
    try:
        return np.array(given, dtype=np.float64)  # None becomes NaN
    except (TypeError, ValueError):
        raise InputError(
            f"{name} must be a list of numbers, or of lists of equally many numbers; got "
            f"{str(given)[:60]}"
        ) from None


def _of_array(path: Path) -> tuple[np.ndarray, None]:
    try:  # mapped, so that a header that lies about the size takes no memory
        mapped = np.lib.format.open_memmap(path, mode="r")
    except (
        Exception
    ) as error:  # the header is Python code, so damaged bytes raise errors of any type
        raise InputError(f"{path.name} is not a readable .npy file of numbers: {error}") from None
    if mapped.size > MOST:
        raise InputError(
            f"{path.name} has {mapped.size} values, more than {MOST}; split it into several series"
        )
    if mapped.dtype.kind not in "fiub":
        raise InputError(f"{path.name} holds {mapped.dtype}, not numbers")
    return np.array(mapped, dtype=np.float64), None


def _of_table(path: Path) -> tuple[np.ndarray, np.ndarray | None]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else None
    header, lines = read_delimited(table_text(path), path.name, delimiter)
    if all(number(cell) is not None for cell in header):  # no header at all
        header, lines = [str(i) for i in range(len(header))], [header, *lines]
    columns = {}
    for place, title in enumerate(header):
        cells = [line[place] for line in lines]
        numbers = read_numbers(cells)
        if numbers.strange:
            row = [cell.strip() for cell in cells].index(next(iter(numbers.strange)))
            raise InputError(
                f"{path.name}, column {title!r}, row {row}: {lines[row][place]!r} is not a number; "
                f"a time series holds numbers; leave the cells of missing values empty"
            )
        columns[title] = np.array(numbers.values, dtype=np.float64)
    found = [title for title in header if title.strip().lower() in TIMES]
    times = columns.pop(found[0]) if found else None
    if times is not None and not np.isfinite(times).all():
        raise InputError(f"{path.name}: a row has no number in the column of times, {found[0]!r}")
    if not columns:
        raise InputError(f"{path.name} holds times but no values")
    return np.stack(list(columns.values()), axis=1), times
