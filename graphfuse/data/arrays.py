"""Turn arrays, one a modality, into a dataset: the usual way in for one's own data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphfuse._moved import moved_names
from graphfuse.data._numpy import native
from graphfuse.data._per_sample import Given, per_sample
from graphfuse.data.columns import Columns
from graphfuse.data.labels import infer_target
from graphfuse.data.ragged import Ragged, offsets_of
from graphfuse.data.schema import Modality, Schema, Target
from graphfuse.errors import InputError

__getattr__ = moved_names(__name__, {"from_arrays": "graphfuse.data.FusionDataset.from_arrays"})


def read_arrays(
    x: Mapping[str, Any],
    y: Any = None,
    *,
    task: str | None = None,
    classes: Sequence[str] | None = None,
    pos: Mapping[str, Any] | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    ids: Given | None = None,
    groups: Given | None = None,
    splits: Given | None = None,
    copy_of: Given | None = None,
    dtype: torch.dtype | Mapping[str, torch.dtype] = torch.float32,
) -> Columns:
    """Return the columns of a dataset; see :meth:`FusionDataset.from_arrays`."""
    if not x:
        raise InputError("x holds at least one modality, {name: array}; got an empty dict")
    shapes = shapes or {}
    dtypes = dtype if isinstance(dtype, Mapping) else dict.fromkeys(x, dtype)
    floats = torch.float32 if isinstance(dtype, Mapping) else dtype
    columns = {
        m: _column(m, given, shapes.get(m), dtypes.get(m, torch.float32)) for m, given in x.items()
    }
    n = len(next(iter(columns.values())))
    lengths = {m: len(column) for m, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"modalities have different numbers of samples: {lengths}")
    positions = {m: _positions(m, given, columns, floats) for m, given in (pos or {}).items()}
    targets, labels = _targets(y, task, classes, n)
    modalities = [
        Modality(m, tuple(column.values.shape[1:]), positions[m].shape[1] if m in positions else 0)
        for m, column in columns.items()
    ]
    schema = Schema(tuple(modalities), targets)
    own = per_sample(n, range(n) if ids is None else ids, groups, splits, copy_of)
    return Columns(
        schema, x={m: columns[m] for m in schema.names}, y=labels, pos=positions, **vars(own)
    )


def _column(name: str, given: Any, shape: Sequence[int] | None, dtype: torch.dtype) -> Ragged:
    if isinstance(given, (list, tuple)) and (
        not given or any(row is None or np.ndim(row) for row in given)
    ):
        return _column_of_list(name, list(given), shape, dtype)
    array = _tensor(name, given, dtype)
    node_dims = 1 if shape is None else len(shape)
    if array.dim() == 1:
        array = array.unsqueeze(1)
    if array.dim() == node_dims + 1:
        array = array.unsqueeze(1)
    if array.dim() != node_dims + 2 or (shape and tuple(array.shape[2:]) != tuple(shape)):
        node = "F" if shape is None else ", ".join(map(str, shape))
        raise InputError(
            f"modality {name!r} is [n, {node}] (one node a sample), [n, N, {node}] or a list of "
            f"[N_i, {node}]; got shape {list(np.shape(given))}"
        )
    n, width = array.shape[:2]
    missing = array.flatten(1).isnan().all(1) if array.numel() else torch.zeros(n, dtype=torch.bool)
    counts = torch.full((n,), width) * ~missing
    values = array[~missing].flatten(0, 1)
    _check_finite(name, array, ~missing)
    return Ragged(values.contiguous(), offsets_of(counts))


def _column_of_list(
    name: str, given: list[Any], shape: Sequence[int] | None, dtype: torch.dtype
) -> Ragged:
    rows = [None if row is None else _tensor(name, row, dtype) for row in given]
    present = [row for row in rows if row is not None]
    if not present:
        raise InputError(f"modality {name!r} is missing in every sample; leave it out")
    node = tuple(present[0].shape[1:]) if shape is None else tuple(shape)
    filled = []
    for number, row in enumerate(rows):
        if row is None:
            row = torch.zeros(0, *node, dtype=dtype)
        elif row.dim() == len(node) and tuple(row.shape) == node:
            row = row.unsqueeze(0)
        if tuple(row.shape[1:]) != node or not node:
            raise InputError(
                f"modality {name!r}, sample {number}: nodes are [N, "
                f"{', '.join(map(str, node)) or 'F'}], got shape {list(row.shape)}"
            )
        if not bool(torch.isfinite(row).all()):
            raise InputError(_not_finite(name, number))
        filled.append(row)
    return Ragged.from_rows(filled)


def _tensor(name: str, given: Any, dtype: torch.dtype) -> Tensor:
    try:
        if not isinstance(given, Tensor):
            given = torch.from_numpy(native(np.asarray(given)))
    except (TypeError, ValueError) as error:
        raise InputError(f"modality {name!r} is not numeric: {error}") from None
    tensor: Tensor = given.to(dtype)
    return tensor


def _check_finite(name: str, array: Tensor, present: Tensor) -> None:
    bad = ~torch.isfinite(array.flatten(1)).all(1) & present
    if bool(bad.any()):
        raise InputError(_not_finite(name, int(bad.nonzero()[0])))


def _not_finite(name: str, number: int) -> str:
    return (
        f"modality {name!r}, sample {number}: NaN or infinite value; clean or impute it, or give "
        f"None for the sample if the whole modality is missing"
    )


def _positions(name: str, given: Any, columns: Mapping[str, Ragged], dtype: torch.dtype) -> Tensor:
    if name not in columns:
        raise InputError(f"pos names {name!r}, which is no modality of x: {sorted(columns)}")
    column = columns[name]
    if not isinstance(given, (list, tuple)):
        array = _tensor(name, given, dtype)
        given = array.unsqueeze(1) if array.dim() == 2 else array
    if len(given) != len(column):
        raise InputError(
            f"pos of {name!r} has one entry a sample, {len(column)}, None where the modality is "
            f"missing; got {len(given)}"
        )
    rows = []
    for number, count in enumerate(column.counts.tolist()):
        if not count:
            continue
        row = None if given[number] is None else _tensor(name, given[number], dtype)
        if row is None or row.shape[:1] != (count,):
            got = None if row is None else list(row.shape)
            raise InputError(
                f"pos of {name!r}, sample {number}: one row a node is [{count}, P], got {got}"
            )
        rows.append(row.reshape(count, -1))
        if rows[-1].shape != (count, rows[0].shape[1]):
            raise InputError(
                f"pos of {name!r}, sample {number}: {rows[-1].shape[1]} coordinates a node, but "
                f"{rows[0].shape[1]} in samples before; give every node as many"
            )
    if not rows:
        raise InputError(f"pos names {name!r}, which is missing in every sample; leave it out")
    pos = torch.cat(rows)
    if not bool(torch.isfinite(pos).all()):
        first = (~torch.isfinite(pos)).any(1).nonzero()[0]
        number = int(torch.searchsorted(column.offsets, first, right=True)) - 1
        raise InputError(
            f"pos of {name!r}, sample {number}: NaN or infinite value; where a modality has "
            f"positions, each of its nodes has one"
        )
    return pos


def _targets(
    y: Any, task: str | None, classes: Sequence[str] | None, n: int
) -> tuple[dict[str, Target], dict[str, Tensor] | None]:
    if y is None:
        return {}, None
    given = y if isinstance(y, Mapping) else {"y": y}
    if not given:
        raise InputError(
            "y is {target: labels}, got an empty dict; leave y out for unlabelled data"
        )
    targets, labels = {}, {}
    for name, values in given.items():
        target, codes = infer_target(values, task, classes)
        if len(codes) != n:
            raise InputError(f"y has one label a sample, {n}; got {len(codes)}")
        targets[name], labels[name] = target, codes
    return targets, labels
