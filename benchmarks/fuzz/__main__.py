"""Mutated inputs against every public boundary: python -m benchmarks.fuzz [--cases N].

Each case damages one valid input at random and uses it in a forked process, under a limit of
memory and time. It ends well if the input is used or refused by an error of ``graphfuse.errors``.
Anything else is a fault: another exception, a crash, a hang, too much memory, or damaged data that
is used as if it were whole. ``--only KIND:CASE`` repeats one case and shows its error.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
import zlib
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow
import torch
from tqdm.auto import tqdm

from benchmarks._machine import write
from benchmarks.fuzz.forked import CRASH, FOREIGN, HANG, MEMORY, REFUSED, Result, run_cases
from benchmarks.fuzz.kind import SILENT, USED, Kind
from benchmarks.fuzz.kinds import KINDS

FAULTS = (FOREIGN, CRASH, HANG, MEMORY, SILENT)
OUTCOMES = (USED, REFUSED, *FAULTS)


def parse(given: list[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="number of cases (10000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all cases (0)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--seconds", type=float, default=20.0, help="limit per case (20)")
    parser.add_argument("--memory", type=float, default=2.0, help="limit per case in GiB (2)")
    parser.add_argument("--total", type=float, default=3600.0, help="limit of all, in s (3600)")
    parser.add_argument("--only", metavar="KIND:CASE", help="repeat one case in this process")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/fuzz.json")
    return parser.parse_args(given)


def attempt(kind: Kind, originals: object, seed: int, case: int, work: Path) -> str:
    """Run one case; it depends on seed, kind and number alone."""
    rng = np.random.default_rng([seed, zlib.crc32(kind.name.encode()), case])
    return kind.attempt(originals, rng, work)


def fuzz(
    kinds: list[Kind], cases: int, *, seed: int, seconds: float, memory: float, total: float
) -> dict[str, list[Result]]:
    """Return the results of all cases by kind; those that no time was left for are left out."""
    end = time.monotonic() + total
    shares = sum(kind.share for kind in kinds)
    found: dict[str, list[Result]] = {}
    for number, kind in enumerate(kinds):
        count = round(cases * kind.share / shares)
        latest = time.monotonic() + (end - time.monotonic()) / (len(kinds) - number)
        with tempfile.TemporaryDirectory() as folder:
            originals = kind.prepare(Path(folder))
            run = partial(attempt, kind, originals, seed)
            results = run_cases(run, range(count), memory=int(memory * 2**30), seconds=seconds)
            found[kind.name] = []
            for result in tqdm(results, kind.name, count, disable=None):
                found[kind.name].append(result)
                if time.monotonic() > latest:
                    break
            results.close()
    return found


def table(found: dict[str, list[Result]]) -> str:
    """Return the outcomes by kind, as text."""
    lines = [f"{'kind':10}{'cases':>8}" + "".join(f"{outcome:>9}" for outcome in OUTCOMES)]
    for name, results in found.items():
        counts = Counter(result.outcome for result in results)
        row = "".join(f"{counts[outcome]:9}" for outcome in OUTCOMES)
        lines.append(f"{name:10}{len(results):8}{row}")
    return "\n".join(lines)


def main(given: list[str] | None = None) -> int:
    """Run, print, write; return 1 if there are faults."""
    arguments = parse(given)
    torch.set_num_threads(1)
    pyarrow.set_cpu_count(1)
    os.environ["GRAPHFUSE_CACHE"] = tempfile.mkdtemp(prefix="fuzz-cache-")
    logging.getLogger("graphfuse").setLevel(logging.ERROR)
    if arguments.only:
        name, _, case = arguments.only.partition(":")
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as work:
            originals = KINDS[name].prepare(Path(folder))
            print(attempt(KINDS[name], originals, arguments.seed, int(case), Path(work)))
        return 0
    found = fuzz(
        [KINDS[name] for name in arguments.kinds],
        arguments.cases,
        seed=arguments.seed,
        seconds=arguments.seconds,
        memory=arguments.memory,
        total=arguments.total,
    )
    faults = [(n, r) for n, results in found.items() for r in results if r.outcome in FAULTS]
    for name, result in faults[:200]:
        print(f"{name}:{result.case} {result.outcome}: {result.detail}")
    print(table(found))
    if arguments.write:
        rows = [
            {"kind": name, "cases": len(results), **Counter(r.outcome for r in results)}
            for name, results in found.items()
        ]
        write("fuzz", rows)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
