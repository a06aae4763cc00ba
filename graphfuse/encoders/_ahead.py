"""Read and prepare items in threads while a network computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def ahead(
    function: Callable[[Given], Made], items: Iterable[Given], workers: int = 2, most: int = 64
) -> Iterator[Made]:
    """Yield ``function(item)`` of every item in order, computed by threads before it is asked for.

    At most ``most`` of them wait at once. What the function raises is raised when its turn comes.
    Decoding and resizing run outside of Python's lock, so that threads gain what cores there are.

    Example:
        >>> list(ahead(abs, range(-3, 1), most=2))
        [3, 2, 1, 0]
    """
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) >= most:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for late in waiting:
                late.cancel()
