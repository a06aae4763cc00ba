"""The columns of a dataset as an Arrow table and back, without copying values when read."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from torch import Tensor

from graphfuse.data._check_columns import check_arrays
from graphfuse.data.columns import Array, Column, Columns, Per, arrays, declared, fields_of
from graphfuse.data.schema import Schema
from graphfuse.errors import InputError

AS_BITS = {torch.bool: torch.uint8, torch.bfloat16: torch.int16}
"""How values are stored that Arrow packs (bool) or that numpy lacks (bfloat16)."""
FROM_BITS = {str(dtype): dtype for dtype in AS_BITS}
EDGE_WEIGHTS = "edge_weights"


def to_table(columns: Columns) -> tuple[pa.Table, list[dict[str, Any]]]:
    """Return a table with one row per sample, and a description of each of its columns."""
    written = [pair for array in arrays(columns) for pair in _to_arrow(array)]
    layout = [description for _, description in written]
    names = [f"{number}:{_title(description)}" for number, description in enumerate(layout)]
    return pa.table(dict(zip(names, (column for column, _ in written), strict=True))), layout


def _to_arrow(array: Array) -> Iterator[tuple[pa.Array, dict[str, Any]]]:
    named = dict(zip(array.column.key, array.key, strict=True))
    kinds = [(array.column.name, array.values)]
    if array.weight is not None:
        kinds.append((EDGE_WEIGHTS, array.weight))
    for kind, values in kinds:
        description: dict[str, Any] = {"kind": kind, **named}
        if isinstance(values, np.ndarray):
            yield pa.array([str(text) for text in values], pa.string()), description
            continue
        offsets = None if array.offsets is None else array.offsets.numpy()
        description |= {"shape": list(values.shape[1:]), "ragged": offsets is not None}
        if values.dtype in AS_BITS:
            description["dtype"] = str(values.dtype)
            values = values.view(AS_BITS[values.dtype])
        plain = np.ascontiguousarray(values.numpy())
        yield _list_column(plain, offsets), description


def _list_column(array: np.ndarray, offsets: np.ndarray | None) -> pa.Array:
    values: pa.Array = pa.array(array.reshape(-1))
    for size in reversed(array.shape[1:]):
        values = pa.FixedSizeListArray.from_arrays(values, size)
    if offsets is None:
        return values
    return pa.LargeListArray.from_arrays(pa.array(offsets), values)


def _title(description: Mapping[str, Any]) -> str:
    keys = ("kind", "modality", "attribute", "target")
    parts = [description[key] for key in keys if key in description]
    return "/".join([*parts, *description.get("edge_type", [])])


def from_table(
    table: pa.Table, layout: Sequence[Mapping[str, Any]], schema: Schema, owner: type[Columns]
) -> dict[str, Any]:
    """Return the fields of ``owner`` that a table holds.

    Raises:
        InputError: the table is not one that :func:`to_table` returned for the layout.
        pyarrow.ArrowException: the table is not valid.
    """
    table.validate(full=True)
    known = {c.name: c for per in declared(owner).values() for c in per}
    held, weights = list[Array](), dict[tuple[str, ...], Array]()
    for column, description in zip(table.columns, layout, strict=True):
        kind = description["kind"]
        array = _from_arrow(column, description, known["edges" if kind == EDGE_WEIGHTS else kind])
        if kind == EDGE_WEIGHTS:
            weights[array.key[0]] = array
        else:
            held.append(array)
    held = list(_share_offsets([_with_weight(array, weights) for array in held]))
    check_arrays(schema, held)
    fields = fields_of(held)
    units = [a.offsets for a in held if a.column.per is Per.UNIT and a.offsets is not None]
    return {"schema": schema, **fields, "unit_offsets": units[0] if units else None}


def _from_arrow(chunked: pa.ChunkedArray, description: Mapping[str, Any], column: Column) -> Array:
    key = tuple(
        tuple(description[part]) if part == "edge_type" else description[part]
        for part in column.key
    )
    array = chunked.combine_chunks() if chunked.num_chunks != 1 else chunked.chunk(0)
    if "shape" not in description:
        _check_kind(array, pa.types.is_string, column)
        return Array(column, key, np.array(array.to_pylist(), dtype=str))
    offsets = None
    if description["ragged"]:
        _check_kind(array, pa.types.is_large_list, column)
        offsets = _tensor(array.offsets)
        array = array.values
        if int(offsets[0]) != 0 or int(offsets[-1]) != len(array):
            raise InputError(f"{column.name} has values that belong to no sample")
    rows = len(array)
    for size in description["shape"]:
        _check_kind(array, pa.types.is_fixed_size_list, column)
        if array.type.list_size != size:
            raise InputError(f"{column.name} has {array.type.list_size} values, not {size}")
        array = array.values
    _check_kind(array, _is_number, column)
    values = _tensor(array).reshape(rows, *description["shape"])
    if "dtype" in description:
        dtype = FROM_BITS[description["dtype"]]
        if dtype == torch.bool and len(values) and int(values.max()) > 1:
            raise InputError(f"{column.name} holds {int(values.max())} where 0 and 1 are expected")
        values = values.view(dtype)
    return Array(column, key, values, offsets)


def _check_kind(array: pa.Array, fits: Callable[[pa.DataType], bool], column: Column) -> None:
    if not fits(array.type) or array.null_count:
        raise InputError(f"{column.name} has type {array.type} and {array.null_count} empty cells")


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _with_weight(array: Array, weights: Mapping[tuple[str, ...], Array]) -> Array:
    weight = weights.get(array.key[0]) if array.column.per is Per.EDGE else None
    if weight is None or isinstance(weight.values, np.ndarray):
        return array
    _check_same(array.column.name, array.offsets, weight.offsets)
    return array._replace(weight=weight.values)


def _share_offsets(held: Sequence[Array]) -> Iterator[Array]:
    """Yield the arrays, those of one modality, or of units, with the very same offsets."""
    shared = {a.key[-1]: a.offsets for a in held if a.column.ragged}
    for array in held:
        place = array.key[-1] if array.column.per is Per.NODE else array.column.per
        if array.column.per in (Per.NODE, Per.UNIT):
            offsets = shared.setdefault(place, array.offsets)
            _check_same(array.column.name, offsets, array.offsets)
            array = array._replace(offsets=offsets)
        yield array


def _check_same(name: str, offsets: Tensor | None, others: Tensor | None) -> None:
    if (offsets is None) is not (others is None) or (
        offsets is not None and others is not None and not torch.equal(offsets, others)
    ):
        raise InputError(
            f"{name} does not have as many values per sample as the column it belongs to"
        )


def _tensor(array: pa.Array) -> Tensor:
    with warnings.catch_warnings():
        # The mapped file is read-only and so is the tensor; nothing here writes into it.
        warnings.filterwarnings("ignore", "The given NumPy array is not writable")
        return torch.from_numpy(array.to_numpy(zero_copy_only=True))
