"""Damaged files of features that ``graphfuse convert`` reads."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch_geometric.data import HeteroData

from benchmarks.fuzz.kind import USED, Kind
from benchmarks.fuzz.mutations import mutate_bytes, mutate_file, mutate_folder
from graphfuse.data.convert import read_features

ODD: tuple[Any, ...] = (
    None,
    3,
    "text",
    [],
    {},
    [None],
    b"x",
    np.array(["a"]),
    np.zeros(0),
    np.ones((2, 2)) * 1j,
    np.array([1e39, 0.0]),
    (1, (2, (3,))),
    2**70,
)


def mmsa() -> dict[str, Any]:
    """Return features in the layout of MMSA."""
    rng = np.random.default_rng(0)
    return {
        part: {
            "id": np.array([f"{part}{i}" for i in range(3)]),
            "raw_text": np.array(["a", "b", "c"]),
            "text": rng.normal(size=(3, 4, 2)),
            "audio": rng.normal(size=(3, 5, 2)),
            "audio_lengths": [5, 4, 3],
            "vision": rng.normal(size=(3, 2, 2)),
            "regression_labels": np.array([0.5, -1.0, 2.0]),
        }
        for part in ("train", "valid", "test")
    }


def conversation() -> list[Any]:
    """Return features of conversations: identifiers, speakers, labels, three modalities, parts."""
    rng = np.random.default_rng(0)
    names = ["d1", "d2", "d3"]
    speakers = {name: ["M", "F"] for name in names}
    labels = {name: [0, 1] for name in names}
    features = [{name: list(rng.normal(size=(2, 3))) for name in names} for _ in range(3)]
    sentences = {name: ["hello", "goodbye"] for name in names}
    return [names, speakers, labels, *features, sentences, names[:2], names[2:]]


def prepare(folder: Path) -> list[tuple[Path, Any]]:
    """Write one file or folder per format, with its content where it is plain data."""
    originals: list[tuple[Path, Any]] = []
    for name, content in (("mmsa.pkl", mmsa()), ("conversation.pkl", conversation())):
        (folder / name).write_bytes(pickle.dumps(content))
        originals.append((folder / name, content))
    graphs = []
    for label in (0, 1):
        graph = HeteroData()
        graph["image"].x = torch.rand(3, 4)
        graph["text"].x = torch.rand(2, 5)
        graph["text", "names", "image"].edge_index = torch.tensor([[0, 1], [0, 2]])
        graph.y = torch.tensor([label])
        graphs.append(graph)
    torch.save(graphs, folder / "graphs.pt")
    originals.append((folder / "graphs.pt", None))
    tables = folder / "tables"
    tables.mkdir()
    (tables / "mrna.csv").write_text("id,g1,g2\na,1.5,2\nb,0.5,3\nc,2.5,1\n")
    (tables / "methylation.csv").write_text("id,m1\na,0.1\nb,0.2\nc,0.3\n")
    (tables / "labels.csv").write_text("id,label,split\na,x,train\nb,y,train\nc,x,test\n")
    originals.append((tables, None))
    return originals


def attempt(originals: list[tuple[Path, Any]], rng: np.random.Generator, work: Path) -> str:
    """Read a damaged copy."""
    path, content = originals[int(rng.integers(len(originals)))]
    copy = work / path.name
    if path.is_dir():
        shutil.copytree(path, copy)
        mutate_folder(copy, rng)
    elif content is not None and rng.random() < 0.6:
        copy.write_bytes(pickle.dumps(_replaced(pickle.loads(path.read_bytes()), rng)))
    elif path.suffix == ".pt" or rng.random() < 0.9:
        shutil.copy(path, copy)
        mutate_file(copy, rng)
    else:
        copy.write_bytes(
            mutate_bytes(_nested_pairs(), rng) if rng.random() < 0.5 else _nested_pairs()
        )
    dataset = read_features(copy)
    dataset.batch(range(len(dataset)))
    return USED


def _nested_pairs() -> bytes:
    """Return a small pickle of a tuple that holds itself twice, and so on, 2**60 times."""
    return b"\x80\x02)" + b"2\x86" * 60 + b"."


def _replaced(content: Any, rng: np.random.Generator) -> Any:
    """Return plain data in which one value is an odd one."""
    value = ODD[int(rng.integers(len(ODD)))]
    if isinstance(content, dict) and content and rng.random() < 0.9:
        key = list(content)[int(rng.integers(len(content)))]
        return {**content, key: _replaced(content[key], rng)}
    if isinstance(content, list) and content and rng.random() < 0.8:
        number = int(rng.integers(len(content)))
        return [*content[:number], _replaced(content[number], rng), *content[number + 1 :]]
    return value


FEATURES = Kind("features", "damaged files for graphfuse convert", prepare, attempt)
