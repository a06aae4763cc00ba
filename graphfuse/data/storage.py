"""A dataset on disk: one Arrow file of list columns, mapped into memory, and a JSON schema."""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from graphfuse.data._ragged import Ragged
from graphfuse.data.dataset import FusionDataset, RelationSpec
from graphfuse.data.schema import Schema
from graphfuse.errors import InputError

FORMAT = 1
ARROW, JSON = "samples.arrow", "schema.json"


def save(dataset: FusionDataset, path: Path) -> None:
    """Implement :meth:`FusionDataset.save`."""
    if path.exists() and not (path / JSON).is_file() and any(path.iterdir()):
        raise InputError(f"{path} exists and is not a graphfuse dataset; give a new folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        table, layout = _to_table(dataset)
        with (
            pa.OSFile(str(work / ARROW), "wb") as sink,
            pa.ipc.new_file(sink, table.schema) as file,
        ):
            file.write_table(table, max_chunksize=max(len(dataset), 1))
        header = {
            "format": FORMAT,
            "name": dataset.name,
            "samples": len(dataset),
            "fingerprint": dataset.fingerprint,
            "schema": dataset.schema.to_dict(),
            "columns": layout,
            "relations": None
            if dataset.relations is None
            else [asdict(relation) for relation in dataset.relations],
            "bayes_accuracy": dataset.bayes_accuracy,
            "graph_should_win": dataset.graph_should_win,
        }
        (work / JSON).write_text(json.dumps(header, indent=1))
        if path.exists():
            shutil.rmtree(path)
        work.replace(path)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def load(path: Path) -> FusionDataset:
    """Implement :meth:`FusionDataset.load`."""
    if not (path / JSON).is_file() or not (path / ARROW).is_file():
        raise InputError(
            f"{path} is no saved dataset: a folder with {JSON} and {ARROW} is expected; "
            f"write one with dataset.save(path)"
        )
    header = json.loads((path / JSON).read_text())
    if header.get("format") != FORMAT:
        raise InputError(
            f"{path} has format {header.get('format')}, this version reads format {FORMAT}"
        )
    with pa.memory_map(str(path / ARROW)) as source:
        table = pa.ipc.open_file(source).read_all()
    return _from_table(table, header)


def _to_table(dataset: FusionDataset) -> tuple[pa.Table, list[dict[str, Any]]]:
    columns: list[pa.Array] = [pa.array([str(i) for i in dataset.ids])]
    layout: list[dict[str, Any]] = [{"kind": "ids"}]

    def add(values: Tensor, offsets: Tensor | None, **description: Any) -> None:
        array = np.ascontiguousarray(values.numpy())
        description |= {"shape": list(array.shape[1:]), "ragged": offsets is not None}
        columns.append(_list_column(array, None if offsets is None else offsets.numpy()))
        layout.append(description)

    for m, column in dataset.x.items():
        add(column.values, column.offsets, kind="x", modality=m)
        if m in dataset.pos:
            add(dataset.pos[m], column.offsets, kind="pos", modality=m)
        if dataset.unit is not None and m in dataset.unit:
            add(dataset.unit[m], column.offsets, kind="unit", modality=m)
        for attribute, values in dataset.attrs.items():
            if m in values:
                add(values[m], column.offsets, kind="attrs", modality=m, attribute=attribute)
    for name, labels in (dataset.y or {}).items():
        add(labels, dataset.unit_offsets, kind="y", target=name)
    for edge_type, (index, weight) in dataset.edges.items():
        add(index.values, index.offsets, kind="edges", edge_type=list(edge_type))
        if weight is not None:
            add(weight, index.offsets, kind="edge_weights", edge_type=list(edge_type))
    for kind in ("domain", "groups", "splits"):
        texts = getattr(dataset, kind)
        if texts is not None:
            columns.append(pa.array([str(text) for text in texts]))
            layout.append({"kind": kind})
    names = [f"{number}:{_title(description)}" for number, description in enumerate(layout)]
    return pa.table(dict(zip(names, columns, strict=True))), layout


def _list_column(array: np.ndarray, offsets: np.ndarray | None) -> pa.Array:
    values: pa.Array = pa.array(array.reshape(-1))
    for size in reversed(array.shape[1:]):
        values = pa.FixedSizeListArray.from_arrays(values, size)
    if offsets is None:
        return values
    return pa.LargeListArray.from_arrays(pa.array(offsets), values)


def _title(description: dict[str, Any]) -> str:
    parts = [
        description[key]
        for key in ("kind", "modality", "attribute", "target")
        if key in description
    ]
    return "/".join([*parts, *description.get("edge_type", [])])


def _from_table(table: pa.Table, header: dict[str, Any]) -> FusionDataset:
    kinds: dict[str, Any] = {"x": {}, "pos": {}, "unit": {}, "attrs": {}, "y": {}, "edges": {}}
    weights: dict[tuple[str, ...], Tensor] = {}
    unit_offsets = None
    for column, description in zip(table.columns, header["columns"], strict=True):
        kind = description["kind"]
        if kind in ("ids", "domain", "groups", "splits"):
            kinds[kind] = np.array(column.to_pylist(), dtype=str)
            continue
        values, offsets = _tensors(column, description)
        if kind == "x":
            kinds["x"][description["modality"]] = Ragged(values, offsets)
        elif kind in ("pos", "unit"):
            kinds[kind][description["modality"]] = values
        elif kind == "attrs":
            kinds["attrs"].setdefault(description["attribute"], {})[description["modality"]] = (
                values
            )
        elif kind == "y":
            kinds["y"][description["target"]] = values
            unit_offsets = offsets if description["ragged"] else None
        elif kind == "edges":
            kinds["edges"][tuple(description["edge_type"])] = Ragged(values, offsets)
        else:
            weights[tuple(description["edge_type"])] = values
    relations = header["relations"]
    return FusionDataset(
        Schema.from_dict(header["schema"]),
        x=kinds["x"],
        ids=kinds["ids"],
        y=kinds["y"] or None,
        pos=kinds["pos"],
        attrs=kinds["attrs"],
        edges={t: (index, weights.get(t)) for t, index in kinds["edges"].items()},
        unit=kinds["unit"] or None,
        unit_offsets=unit_offsets,
        domain=kinds.get("domain"),
        groups=kinds.get("groups"),
        splits=kinds.get("splits"),
        name=header["name"],
        relations=None if relations is None else tuple(RelationSpec(**r) for r in relations),
        bayes_accuracy=header["bayes_accuracy"],
        graph_should_win=header["graph_should_win"],
    )


def _tensors(column: pa.ChunkedArray, description: dict[str, Any]) -> tuple[Tensor, Tensor]:
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    offsets = torch.arange(len(array) + 1)
    if description["ragged"]:
        offsets = _tensor(array.offsets)
        array = array.values
    rows = len(array)
    for _ in description["shape"]:
        array = array.values
    return _tensor(array).reshape(rows, *description["shape"]), offsets


def _tensor(array: pa.Array) -> Tensor:
    with warnings.catch_warnings():
        # The mapped file is read-only and so is the tensor; nothing here writes into it.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(array.to_numpy(zero_copy_only=True))
