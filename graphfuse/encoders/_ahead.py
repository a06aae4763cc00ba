"""Read and prepare items in threads while a network computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")

HEAVY = 2**29
"""Limit on the bytes of prepared items: half a GiB may wait, and as much is encoded at once.

Five minutes of 32 sounds at 16 kHz; pictures and texts stay far below.
"""


def ahead(
    function: Callable[[Given], Made], items: Iterable[Given], workers: int = 2, most: int = 64
) -> Iterator[Made]:
    """Yield ``function(item)`` of every item in order, computed ahead by threads.

    At most ``most`` of them wait at once, and fewer where they are so large that these would take
    more than ``HEAVY`` bytes: then one more than there are threads. What the function raises is
    raised when its turn comes. Decoding and resizing run outside of Python's lock, so that
    threads use all cores.

    Example:
        >>> list(ahead(abs, range(-3, 1), most=2))
        [3, 2, 1, 0]
    """
    least = min(most, workers + 1)
    room, largest = least, 1
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                while len(waiting) >= room:
                    result = waiting.popleft().result()
                    largest = max(largest, size_of(result))
                    room = max(least, min(most, HEAVY // largest))
                    yield result
            while waiting:
                yield waiting.popleft().result()
        finally:
            for late in waiting:
                late.cancel()


def size_of(made: Any) -> int:
    """Return the bytes of the arrays in an item, or in a tuple with one.

    Example:
        >>> import numpy as np
        >>> size_of(("digest", np.zeros((2, 3), np.float32), None))
        24
    """
    if isinstance(made, tuple):
        return sum(map(size_of, made))
    if is_dataclass(made):
        return sum(size_of(getattr(made, part.name)) for part in fields(made))
    return int(getattr(made, "nbytes", 0))
