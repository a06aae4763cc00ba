"""Error rates of near_duplicates: copies that are found, and other pairs that are called copies.

python -m benchmarks.near_duplicates [--write]

Planted data has no copies; real data is taken without those that the search reports as it is.
Then 20 samples are replaced by copies of others, with noise in units of each feature's deviation.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from itertools import combinations

import numpy as np
import torch

from benchmarks._machine import write
from graphfuse.data import FusionDataset, load_dataset
from graphfuse.data.near_duplicates import near_duplicates
from graphfuse.data.ragged import Ragged

COPIES = 20
NOISE = (0.0, 0.01, 0.03, 0.1, 0.3)
SAMPLES = 1000


def pairs(found: np.ndarray) -> set[tuple[int, int]]:
    """Return all pairs of rows of one class."""
    rows = (np.flatnonzero(found == number) for number in np.flatnonzero(np.bincount(found) > 1))
    return {(int(a), int(b)) for own in rows for a, b in combinations(own, 2)}


def without_copies(dataset: FusionDataset) -> tuple[FusionDataset, int]:
    """Return the first samples without those that are reported, and how many pairs are."""
    dataset = dataset.subset(range(min(len(dataset), SAMPLES)))
    reported = pairs(near_duplicates(dataset))
    later = {second for _, second in reported}
    return dataset.subset([row for row in range(len(dataset)) if row not in later]), len(reported)


def plant(dataset: FusionDataset, noise: float, seed: int) -> tuple[FusionDataset, set[tuple]]:
    """Return the dataset with its last samples replaced by noisy copies of the first ones."""
    kept = len(dataset) - COPIES
    rows = np.concatenate([np.arange(kept), np.arange(COPIES)])
    data, random = dataset.subset(rows), torch.Generator().manual_seed(seed)
    x = {}
    for m, column in data.x.items():
        values = column.values.double()
        spread = values.std(0, correction=0)
        copied = torch.repeat_interleave(torch.arange(len(data)), column.counts) >= kept
        moved = values + noise * spread * torch.randn(values.shape, generator=random).double()
        shape = (-1, *[1] * (values.dim() - 1))
        x[m] = Ragged(torch.where(copied.view(shape), moved, values).float(), column.offsets)
    return replace(data, x=x), {(row, kept + row) for row in range(COPIES)}


def sources() -> dict[str, FusionDataset]:
    """Return planted and real datasets by name."""
    random = np.random.default_rng(0)
    made = {
        f"gaussian {features}": random.normal(size=(SAMPLES, features))
        for features in (2, 5, 10, 20, 50)
    }
    made["categories 6 x 5"] = np.eye(5)[random.integers(0, 5, (SAMPLES, 6))].reshape(SAMPLES, 30)
    found = {name: FusionDataset.from_arrays({"a": x}) for name, x in made.items()}
    names = ("mfeat", "emoji", "av-digits", "planted/binding")
    return found | {name: load_dataset(name) for name in names}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser("python -m benchmarks.near_duplicates", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write benchmarks/results")
    arguments = parser.parse_args()
    rows = []
    print(f"{'data':18}{'reported':>9}" + "".join(f"{f'noise {n}':>14}" for n in NOISE))
    for name, dataset in sources().items():
        clean, reported = without_copies(dataset)
        row = {"data": name, "samples": len(clean), "reported": reported}
        cells = []
        for noise in NOISE:
            data, planted = plant(clean, noise, seed=1)
            found = pairs(near_duplicates(data))
            row[f"found at {noise}"] = len(found & planted)
            row[f"false at {noise}"] = len(found - planted)
            cells.append(f"{len(found & planted)}/{COPIES}, {len(found - planted)} false")
        print(f"{name:18}{reported:9}" + "".join(f"{cell:>14}" for cell in cells), flush=True)
        rows.append(row)
    if arguments.write:
        write("near_duplicates", rows)


if __name__ == "__main__":
    main()
