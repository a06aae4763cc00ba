"""Check that the columns of a damaged or foreign file fit together before they are used."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

from graphfuse.data.columns import Array, Per
from graphfuse.data.schema import Schema
from graphfuse.errors import InputError


def check_arrays(schema: Schema, held: Iterable[Array]) -> None:
    """Raise an error unless every array fits the schema and the nodes that it belongs to.

    Features are not read, as that would load them all.

    Raises:
        InputError: a shape, a type or an index that does not fit.
        UnknownNameError: a modality or target that the schema does not have.
    """
    held = list(held)
    offsets = {a.key[-1]: a.offsets for a in held if a.column.ragged and a.offsets is not None}
    if set(offsets) != set(schema.names):
        raise InputError(f"features of {sorted(offsets)} belong to modalities {schema.names}")
    for array in held:
        name = "/".join([array.column.name, *map(str, array.key)])
        values = array.values
        if isinstance(values, np.ndarray):
            continue
        if array.column.per is Per.NODE:
            schema.check_names(array.key[-1:])
            _check_nodes(name, array, schema)
        elif array.column.per is Per.UNIT:
            _check_labels(name, values, array.key[0], schema)
        elif array.column.per is Per.EDGE:
            _check_edges(name, array, offsets)
    units = next((a.offsets for a in held if a.column.per is Per.UNIT), None)
    for array in held:
        if array.column.name == "unit" and units is not None:
            _check_units(array, units)


def _check_nodes(name: str, array: Array, schema: Schema) -> None:
    modality, column = schema[array.key[-1]], array.column
    values, shape = array.values, column.shape(modality)
    if shape is None:
        raise InputError(f"{name} has values, but the schema says that {modality.name!r} has none")
    if tuple(values.shape[1:]) != shape:
        raise InputError(f"{name} has shape {list(values.shape)}, not [nodes, *{shape}]")
    if column.index and isinstance(values, Tensor):
        _check_integer(name, values)
        if len(values) and int(values.min()) < -1:
            raise InputError(f"{name} holds {int(values.min())}; indices count from 0")


def _check_labels(name: str, values: Tensor, target: str, schema: Schema) -> None:
    if target not in schema.targets:
        raise InputError(f"{name} belongs to no target of {sorted(schema.targets)}")
    known = schema.targets[target]
    shape = (known.outputs,) if known.task == "multilabel" else ()
    if tuple(values.shape[1:]) != shape:
        raise InputError(f"{name} has shape {list(values.shape)}, not [samples, *{shape}]")
    if not known.is_classification:
        if not values.is_floating_point():
            raise InputError(f"{name} has type {values.dtype}, not numbers with a fraction")
        return
    _check_integer(name, values)
    if len(values) and not (int(values.min()) >= -1 and int(values.max()) < known.outputs):
        raise InputError(
            f"{name} holds codes {int(values.min())} to {int(values.max())} of "
            f"{known.outputs} classes"
        )


def _check_edges(name: str, array: Array, offsets: dict[str, Tensor]) -> None:
    index, rows = array.values, array.offsets
    if not isinstance(index, Tensor) or rows is None or tuple(index.shape[1:]) != (2,):
        raise InputError(f"{name} has shape {list(index.shape)}, not [edges, 2]")
    _check_integer(name, index)
    (edge_type,) = array.key
    if len(edge_type) != 3 or not {edge_type[0], edge_type[2]} <= set(offsets):
        raise InputError(f"{name} joins modalities that are not {sorted(offsets)}")
    for end, modality in enumerate((edge_type[0], edge_type[2])):
        limit = torch.repeat_interleave(offsets[modality].diff(), rows.diff())
        if bool(((index[:, end] < 0) | (index[:, end] >= limit)).any()):
            raise InputError(f"{name} refers to nodes of {modality!r} that do not exist")
    if array.weight is not None and not (
        array.weight.is_floating_point() and array.weight.dim() == 1
    ):
        raise InputError(f"weights of {name} are not one number per edge")


def _check_units(array: Array, units: Tensor) -> None:
    if not isinstance(array.values, Tensor) or array.offsets is None:
        return
    limit = torch.repeat_interleave(units.diff(), array.offsets.diff())
    if bool((array.values >= limit).any()):
        raise InputError(f"unit of {array.key[-1]!r} names units that have no label")


def _check_integer(name: str, values: Tensor) -> None:
    if values.dtype != torch.int64:
        raise InputError(f"{name} has type {values.dtype}, not integers of 64 bits")
