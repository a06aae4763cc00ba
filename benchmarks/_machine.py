"""What benchmarks share: the machine's description, interleaved timing, stored results."""

from __future__ import annotations

import datetime
import json
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from graphfuse.bench.environment import describe_environment

RESULTS = Path(__file__).parent / "results"


def interleave(
    sides: Mapping[str, Callable[[], object]], seconds: float = 2.0, least: int = 5
) -> dict[str, float]:
    """Return the median seconds of each side, run in turn so that all see the same machine."""
    for run in sides.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in sides}
    until = time.perf_counter() + seconds
    while len(times[next(iter(sides))]) < least or time.perf_counter() < until:
        for name, run in sides.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in times.items()}


def product_rate(size: int = 1024) -> float:
    """Return the floating-point operations a second of a square matrix product, one thread."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    return 2 * size**3 / interleave({"product": lambda: a @ b}, seconds=0.5)["product"]


def write(name: str, rows: list[dict[str, Any]], **facts: Any) -> None:
    """Write rows with hardware, versions, threads and date under benchmarks/results/."""
    RESULTS.mkdir(exist_ok=True)
    content = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "threads": torch.get_num_threads(),
        "environment": describe_environment(),
        **facts,
        "rows": rows,
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
