"""The columns of a dataset as an Arrow table and back, without copying values when read."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from graphfuse.data.dataset import FusionDataset
from graphfuse.data.ragged import Ragged
from graphfuse.data.schema import Schema

AS_BITS = {torch.bool: torch.uint8, torch.bfloat16: torch.int16}
"""How values are stored that Arrow packs (bool) or that numpy lacks (bfloat16)."""
TEXTS = ("domain", "groups", "splits", "copy_of")
"""What a dataset may say of each sample in words, besides its id."""


def to_table(dataset: FusionDataset) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Return a table with one row a sample, and what each of its columns is."""
    columns: list[pa.Array] = [pa.array([str(i) for i in dataset.ids])]
    layout: list[dict[str, Any]] = [{"kind": "ids"}]

    def add(values: Tensor, offsets: Tensor | None, **description: Any) -> None:
        description |= {"shape": list(values.shape[1:]), "ragged": offsets is not None}
        if values.dtype in AS_BITS:
            description["dtype"] = str(values.dtype)
            values = values.view(AS_BITS[values.dtype])
        array = np.ascontiguousarray(values.numpy())
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
    for kind in TEXTS:
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


def _title(description: Mapping[str, Any]) -> str:
    parts = [
        description[key]
        for key in ("kind", "modality", "attribute", "target")
        if key in description
    ]
    return "/".join([*parts, *description.get("edge_type", [])])


def from_table(
    table: pa.Table, layout: Sequence[Mapping[str, Any]], schema: Schema
) -> FusionDataset:
    """Return the dataset that the columns hold; what is not a column is left out."""
    kinds: dict[str, Any] = {"x": {}, "pos": {}, "unit": {}, "attrs": {}, "y": {}, "edges": {}}
    weights: dict[tuple[str, ...], Tensor] = {}
    unit_offsets = None
    for column, description in zip(table.columns, layout, strict=True):
        kind = description["kind"]
        if kind in ("ids", *TEXTS):
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
    return FusionDataset(
        schema,
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
        copy_of=kinds.get("copy_of"),
    )


def _tensors(column: pa.ChunkedArray, description: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    array = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    offsets = torch.arange(len(array) + 1)
    if description["ragged"]:
        offsets = _tensor(array.offsets)
        array = array.values
    rows = len(array)
    for _ in description["shape"]:
        array = array.values
    values = _tensor(array).reshape(rows, *description["shape"])
    if "dtype" in description:
        values = values.view({str(dtype): dtype for dtype in AS_BITS}[description["dtype"]])
    return values, offsets


def _tensor(array: pa.Array) -> Tensor:
    with warnings.catch_warnings():
        # The mapped file is read-only and so is the tensor; nothing here writes into it.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(array.to_numpy(zero_copy_only=True))
