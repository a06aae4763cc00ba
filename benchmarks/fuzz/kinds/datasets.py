"""Saved datasets with damaged files."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.fuzz.kind import SILENT, USED, Kind
from benchmarks.fuzz.mutations import mutate_folder
from graphfuse.data import FusionDataset


@dataclass(frozen=True)
class Saved:
    """A saved dataset and what it was before."""

    folder: Path
    dataset: FusionDataset


def example(n: int = 8) -> FusionDataset:
    """Return a small dataset with every kind of column."""
    rng = np.random.default_rng(0)
    texts = [rng.normal(size=(1 + i % 3, 2)) if i % 5 else None for i in range(n)]
    return FusionDataset.from_arrays(
        {"image": rng.normal(size=(n, 2, 3)), "text": texts},
        np.array(["cat", "dog"] * (n // 2)),
        pos={"image": rng.normal(size=(n, 2, 1))},
        ids=[f"sample {i}" for i in range(n)],
        groups=[f"group {i // 2}" for i in range(n)],
        name="pets",
    )


def prepare(folder: Path) -> list[Saved]:
    """Save datasets with classes and with numbers."""
    numbers = FusionDataset.from_arrays(
        {"a": np.arange(12.0).reshape(6, 2)}, np.linspace(0.0, 1.0, 6), name="numbers"
    )
    saved = []
    for dataset in (example(), numbers):
        dataset.save(folder / dataset.name)
        saved.append(Saved(folder / dataset.name, dataset))
    return saved


def attempt(saved: list[Saved], rng: np.random.Generator, work: Path) -> str:
    """Load a damaged copy; what loads without an error has to be what was saved."""
    chosen = saved[int(rng.integers(len(saved)))]
    folder = work / "data"
    shutil.copytree(chosen.folder, folder)
    mutate_folder(folder, rng)
    loaded = FusionDataset.load(folder, verify=True)
    loaded.batch(range(len(loaded)))
    for row in range(len(loaded)):
        loaded[row]
    return USED if _same(loaded, chosen.dataset) else SILENT


def _same(loaded: FusionDataset, saved: FusionDataset) -> bool:
    named = ("name", "relations", "steps", "bayes_accuracy", "graph_should_win", "origin")
    return (
        loaded.fingerprint == saved.fingerprint
        and loaded.schema == saved.schema
        and all(getattr(loaded, name) == getattr(saved, name) for name in named)
    )


DATASETS = Kind("datasets", "saved datasets with damaged files", prepare, attempt)
