"""Progress of long work: a bar on a terminal, a line now and then where output is piped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import tqdm.auto
import tqdm.std

INTERVAL = 30.0
"""Seconds between two lines where standard error is not a terminal."""

LINE = "{desc}: {n_fmt} of {total_fmt} {unit}, {elapsed} elapsed, {remaining} left"
LINE_WITHOUT_TOTAL = "{desc}: {n_fmt} {unit}, {elapsed} elapsed"


class _Lines(tqdm.std.tqdm):  # type: ignore[misc]
    """A bar that writes a whole line every ``INTERVAL`` seconds, and none before."""

    disable: bool
    monitor_interval = 0  # no thread that looks after bars that stand still

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Write the state as one line."""
        if self.n and (self.total is None or self.n < self.total):
            print(msg or str(self), file=self.fp, flush=True)
        return True

    def close(self) -> None:
        """End without a line: what was written stays."""
        if not self.disable:
            self.disable = True
            self._decr_instances(self)


def progress_bar(
    items: Iterable[Any] | None = None,
    *,
    desc: str,
    unit: str,
    total: int | None = None,
    progress: bool = True,
    leave: bool = True,
) -> Any:
    """Return a bar of ``tqdm`` over items, or one that is moved by ``update``.

    Where standard error is not a terminal, as in a file of a batch job, a line with the time left
    is written every 30 seconds instead. ``progress=False`` shows nothing.

    Example:
        >>> list(progress_bar("ab", desc="letters", unit="letter"))
        ['a', 'b']
    """
    if not progress:
        return tqdm.std.tqdm(items, total=total, disable=True)
    if sys.stderr is None or not sys.stderr.isatty():
        known = total is not None or hasattr(items, "__len__")
        return _Lines(
            items,
            desc=desc,
            unit=unit if unit.endswith("s") else f"{unit}s",
            total=total,
            leave=False,
            delay=INTERVAL,
            mininterval=INTERVAL,
            miniters=1,
            bar_format=LINE if known else LINE_WITHOUT_TOTAL,
            disable=sys.stderr is None,
        )
    return tqdm.auto.tqdm(items, desc=desc, unit=unit, total=total, leave=leave)


def progress_line(text: str, progress: bool = True) -> None:
    """Write one line to standard error, above the bars that are shown."""
    if progress and sys.stderr is not None:
        tqdm.std.tqdm.write(text, file=sys.stderr)


@contextmanager
def without_datasets_bars() -> Iterator[None]:
    """Hide the bars that ``datasets`` shows of work that takes no time."""
    import datasets

    if datasets.are_progress_bars_disabled():
        yield
        return
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.enable_progress_bars()


@contextmanager
def without_transformers_bars() -> Iterator[None]:
    """Hide the bars that ``transformers`` shows while it loads, even without a terminal."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars
    from transformers.utils import logging

    shown, hub_silent = logging.is_progress_bar_enabled(), are_progress_bars_disabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()
        if hub_silent:
            disable_progress_bars()
