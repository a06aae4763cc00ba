"""Folders of results with damaged files."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from benchmarks.fuzz.kind import USED, Kind
from benchmarks.fuzz.mutations import mutate_folder
from graphfuse import Comparison, compare
from graphfuse.data import load_dataset


def prepare(folder: Path) -> Path:
    """Run a small comparison."""
    out = folder / "results"
    compare(
        load_dataset("planted/null", n=60, seed=0),
        ["majority", "concat", "graph:hgt", "graph:hgt/no_edges"],
        folds=2,
        recipe={"epochs": 1},
        out=out,
        progress=False,
    )
    return out


def attempt(results: Path, rng: np.random.Generator, work: Path) -> str:
    """Read a damaged copy and report it."""
    out = work / "results"
    shutil.copytree(results, out, symlinks=True)
    mutate_folder(out, rng)
    comparison = Comparison(out)
    comparison.table()
    comparison.verdict()
    comparison.records()
    comparison.report(work / f"report{('.md', '.json', '.tex', '.html')[int(rng.integers(4))]}")
    return USED


RESULTS = Kind("results", "folders of results with damaged files", prepare, attempt, share=0.5)
