"""A damaged cache of encoded nodes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.fuzz.kind import SILENT, USED, Kind
from benchmarks.fuzz.mutations import mutate_folder
from graphfuse.encoders import encode
from graphfuse.raw import Manifest, read_manifest


@dataclass(frozen=True)
class Encoded:
    """A manifest, a cache of its nodes, and the nodes."""

    manifest: Manifest
    cache: Path
    nodes: dict[str, torch.Tensor]


def prepare(folder: Path) -> Encoded:
    """Encode a table of texts and numbers."""
    table = folder / "table.csv"
    rows = [
        f"the film number {i} was {'good' if i % 2 else 'bad'},{i * 1.5},{i % 2}\n"
        for i in range(12)
    ]
    table.write_text("said,price,label\n" + "".join(rows))
    manifest = read_manifest(table, columns={"said": "text", "price": "number", "label": "label"})
    return Encoded(manifest, folder / "cache", _nodes(manifest, folder / "cache"))


def _nodes(manifest: Manifest, cache: Path) -> dict[str, torch.Tensor]:
    dataset: Any = encode(manifest, encoders={"said": "ngrams"}, cache=cache, progress=False)
    return dict(dataset.batch(range(len(dataset))).x)


def attempt(encoded: Encoded, rng: np.random.Generator, work: Path) -> str:
    """Encode with a damaged cache: the nodes are those of an empty one."""
    cache = work / "cache"
    shutil.copytree(encoded.cache, cache)
    mutate_folder(cache, rng)
    nodes = _nodes(encoded.manifest, cache)
    same = nodes.keys() == encoded.nodes.keys() and all(
        torch.equal(nodes[m], encoded.nodes[m]) for m in nodes
    )
    return USED if same else SILENT


CACHES = Kind("caches", "a damaged cache of encoded nodes", prepare, attempt, share=0.5)
