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


def wall_seconds(run: Callable[[], object]) -> float:
    """Return how long a call takes by the clock."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def cuda_seconds(run: Callable[[], object]) -> float:
    """Return the time between two events of a GPU's stream, one before and one after a call.

    Where launching its kernels takes longer than running them, that is what is measured.
    """
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    run()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1e3


def interleave(
    sides: Mapping[str, Callable[[], object]],
    seconds: float = 2.0,
    least: int = 5,
    seconds_of: Callable[[Callable[[], object]], float] = wall_seconds,
) -> dict[str, float]:
    """Return the median seconds of each side, run in turn so that all see the same machine."""
    for run in sides.values():
        run()
    times: dict[str, list[float]] = {name: [] for name in sides}
    until = time.perf_counter() + seconds
    while len(times[next(iter(sides))]) < least or time.perf_counter() < until:
        for name, run in sides.items():
            times[name].append(seconds_of(run))
    return {name: statistics.median(found) for name, found in times.items()}


def product_rate(
    size: int = 1024, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> float:
    """Return the floating-point operations per second of a square matrix product."""
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    clock = cuda_seconds if device == "cuda" else wall_seconds
    return 2 * size**3 / interleave({"product": lambda: a @ b}, 0.5, 5, clock)["product"]


def write(name: str, rows: list[dict[str, Any]], **facts: Any) -> None:
    """Write rows with hardware, versions, threads and date under benchmarks/results/."""
    RESULTS.mkdir(exist_ok=True)
    if torch.cuda.is_available():
        facts |= {"gpu": torch.cuda.get_device_name(), "cuda": torch.version.cuda}
    content = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "threads": torch.get_num_threads(),
        "environment": describe_environment(),
        **facts,
        "rows": rows,
    }
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
