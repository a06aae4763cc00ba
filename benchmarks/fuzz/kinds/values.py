"""Values of wrong types, shapes and sizes as arguments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse
import torch

from benchmarks.fuzz.kind import USED, Kind
from graphfuse.data import FusionDataset, Modality, Sample, Schema, Target, collate

N = 4

STRANGE: tuple[Callable[[], Any], ...] = (
    lambda: None,
    lambda: -1,
    lambda: 2**33,
    lambda: 10**18,
    lambda: 1e39,
    lambda: float("nan"),
    lambda: "",
    lambda: "best",
    lambda: "graph:hgt",
    lambda: b"bytes",
    lambda: True,
    list,
    dict,
    lambda: set(),
    lambda: object(),
    lambda: iter([1, 2]),
    lambda: [None] * N,
    lambda: [[1.0], [1.0, 2.0], None, "a"],
    lambda: [[[[[1.0]]]]] * N,
    lambda: np.zeros((0, 2)),
    lambda: np.zeros((N, 0)),
    lambda: np.zeros(N),
    lambda: np.float64(3),
    lambda: np.full((N, 2), np.inf),
    lambda: np.full((N, 2), np.nan),
    lambda: np.full((N, 2), 1e39),
    lambda: np.full((N, 2), 3e38, np.float32),
    lambda: np.ones((N, 2), complex) * 1j,
    lambda: np.ma.masked_array(np.ones((N, 2)), mask=np.eye(N, 2)),
    lambda: np.array(["a", 1, None, 2.0], dtype=object),
    lambda: np.array(["2020-01-01"] * N, dtype="datetime64[D]"),
    lambda: np.array([0, 10**9, 1, 2]),
    lambda: np.array([0, -5, 1, 2]),
    lambda: np.ones((N, 2), np.uint8) * 255,
    lambda: np.ones((N, 2), np.float16),
    lambda: scipy.sparse.eye(N).tocsr(),
    lambda: torch.ones(N, 2, requires_grad=True),
    lambda: torch.ones(N, 2, device="meta"),
    lambda: torch.ones(N, 2, dtype=torch.bfloat16),
    lambda: torch.eye(N).to_sparse(),
    lambda: pd.DataFrame({"a": [1, 2, 3, 4], "b": list("wxyz")}),
    lambda: pd.Series([1.0, None, 2.0, 3.0], dtype="Float64"),
    lambda: pd.Categorical(["a", "b", None, "a"]),
    lambda: {"a": np.ones((N, 2)), "": np.ones((N, 2))},
    lambda: {1: np.ones((N, 2))},
    lambda: ["cat", "dog", float("nan"), "cat"],
    lambda: {("a", "to", "a"): np.array([[0, 2**40], [0, 1]])},
    lambda: {("a", "to", "a"): [np.array([[0.5, 1], [0, 1]])] * N},
    lambda: {("a", "to"): None},
)


def arrays() -> dict[str, Any]:
    """Return valid arguments of ``from_arrays``."""
    return {
        "x": {"a": np.ones((N, 2, 3)), "b": [np.ones((1, 2))] * (N - 1) + [None]},
        "y": np.array([0, 1, 0, 1]),
        "task": None,
        "pos": {"a": np.ones((N, 2, 1))},
        "ids": list("pqrs"),
        "groups": [0, 0, 1, 1],
        "splits": ["train", "train", "validation", "test"],
        "name": "data",
    }


def sample() -> dict[str, Any]:
    """Return valid arguments of ``Sample``."""
    return {
        "x": {"a": torch.ones(N, 2)},
        "y": 1,
        "pos": {"a": torch.ones(N, 1)},
        "attrs": {"speaker": {"a": torch.zeros(N, dtype=torch.long)}},
        "edges": {("a", "to", "a"): torch.zeros(2, 1, dtype=torch.long)},
        "unit": None,
        "domain": None,
        "id": "s",
    }


def spoil(arguments: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Return arguments of which one or two, or what one holds, are strange."""
    for _ in range(int(rng.integers(1, 3))):
        name = list(arguments)[int(rng.integers(len(arguments)))]
        value = STRANGE[int(rng.integers(len(STRANGE)))]()
        held = arguments[name]
        if isinstance(held, dict) and held and rng.random() < 0.6:
            key = list(held)[int(rng.integers(len(held)))]
            arguments[name] = {**held, key: value}
        elif isinstance(held, list) and held and rng.random() < 0.4:
            arguments[name] = [value, *held[1:]]
        else:
            arguments[name] = value
    return arguments


def prepare(folder: Path) -> None:
    """Need nothing."""


def attempt(_: None, rng: np.random.Generator, work: Path) -> str:
    """Build a dataset or a sample of strange values, and use it."""
    choice = rng.random()
    if choice < 0.6:
        arguments = spoil(arrays(), rng)
        dataset = FusionDataset.from_arrays(arguments.pop("x"), arguments.pop("y"), **arguments)
        dataset.batch(range(len(dataset)))
        dataset[0]
        dataset.save(work / "data")
        assert FusionDataset.load(work / "data").fingerprint == dataset.fingerprint
    elif choice < 0.8:
        one = Sample(**spoil(sample(), rng))
        FusionDataset.from_samples([one, Sample(**sample())])
    else:
        one = Sample(**spoil(sample(), rng))
        schema = Schema((Modality("a", (2,), 1),), {"y": Target("binary", ("0", "1"))})
        collate([one, Sample(**sample())], schema)
    return USED


VALUES = Kind("values", "arguments of wrong types, shapes and sizes", prepare, attempt)
