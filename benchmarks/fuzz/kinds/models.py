"""Saved strategies and preprocessors with damaged files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.fuzz.kind import USED, Kind
from benchmarks.fuzz.kinds.datasets import example
from benchmarks.fuzz.mutations import mutate_folder
from graphfuse import create_strategy
from graphfuse.data import FusionDataset
from graphfuse.encoders import Preprocessor
from graphfuse.fusion import Strategy
from graphfuse.raw import read_manifest

RELATIONS = (
    {"attention": {"top_k": 2, "components": 3}},
    {"co_occurrence": {"codes": 4}},
    {"prune": {"relation": {"k_nearest": {"k": 2}}, "top_k": 1}},
    {"union": {"relations": ["temporal", "complete"]}},
)
MODELS_TO_SAVE: dict[str, dict[str, Any]] = {
    "concat": {},
    "graph:hgt": {"relations": RELATIONS},
    "graph:mtag": {},
    "perceiver": {},
    "stacking": {},
    "cca": {},
}


def prepare(folder: Path) -> tuple[FusionDataset, list[Path]]:
    """Save a model of several families and a preprocessor."""
    dataset = example()
    saved = []
    for name, options in MODELS_TO_SAVE.items():
        torch.manual_seed(0)
        strategy = create_strategy(name, dataset.schema, **options).prepare(dataset)
        path = folder / name.replace(":", "-")
        strategy.save_pretrained(path)
        saved.append(path)
    table = folder / "table.csv"
    table.write_text("said,age,label\nthe cat,3,a\na dog,4,b\nan owl,5,a\n")
    Preprocessor({"said": "ngrams"}).fit(read_manifest(table)).save(folder / "preprocessor")
    return dataset, [*saved, folder / "preprocessor"]


def attempt(given: tuple[FusionDataset, list[Path]], rng: np.random.Generator, work: Path) -> str:
    """Load a damaged copy and predict with it."""
    dataset, saved = given
    chosen = saved[int(rng.integers(len(saved)))]
    folder = work / "model"
    shutil.copytree(chosen, folder)
    mutate_folder(folder, rng)
    if chosen.name == "preprocessor":
        Preprocessor.load(folder).sample({"said": "a cat", "age": 4, "label": "a"})
        return USED
    strategy = Strategy.from_pretrained(folder)
    strategy.eval()
    with torch.no_grad():
        strategy(dataset.batch(range(len(dataset))))
    return USED


MODELS = Kind("models", "saved models and preprocessors with damaged files", prepare, attempt)
