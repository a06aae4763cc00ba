from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from graphfuse.data import catalog

FILES = Path(catalog.__file__).parents[1] / "files"
PROBED = Path(__file__).parents[3] / "benchmarks" / "results" / "probe_datasets.json"


@pytest.fixture
def check_file() -> Callable[[str], None]:
    """Check that a bundled file opens without pickle and is the one that NOTICE.md describes."""

    def check(name: str) -> None:
        path = FILES / name
        with np.load(path, allow_pickle=False) as file:
            assert all(not file[key].dtype.hasobject for key in file.files)
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()
        notice = (FILES / "NOTICE.md").read_text(encoding="utf-8")
        assert f"| `{name}` | `{checksum}` |" in notice
        assert f"## {name}" in notice

    return check


@pytest.fixture
def check_card() -> Callable[[str], None]:
    """Check that a card says what the loaded dataset is, and gives the figures last measured."""

    def check(name: str) -> None:
        card = catalog.datasets.get(name).card
        dataset = catalog.load_dataset(name)
        assert len(dataset) == card.samples
        assert set(dataset.schema.names) == set(card.modalities)
        assert dataset.schema.task == card.task
        assert len(dataset.schema.classes) == card.classes
        measured = json.loads(PROBED.read_text(encoding="utf-8"))["accuracy"][name]
        for row, value in measured.items():
            assert f"{value:.2f}".removeprefix("0") in card.description, row

    return check
