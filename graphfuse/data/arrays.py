"""Build a dataset from one array per modality: the usual way to load your own data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from graphfuse._moved import moved_names
from graphfuse.data._per_sample import Given, per_sample
from graphfuse.data.columns import Columns
from graphfuse.data.labels import infer_target
from graphfuse.data.ragged import Ragged, offsets_of
from graphfuse.data.schema import Modality, Schema, Target
from graphfuse.data.values import cast, rows_of, to_tensor
from graphfuse.errors import InputError

__getattr__ = moved_names(__name__, {"from_arrays": "graphfuse.data.FusionDataset.from_arrays"})

Dtype = torch.dtype | None


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
    dtype: Dtype | Mapping[str, torch.dtype] = None,
) -> Columns:
    """Return the columns of a dataset; see :meth:`FusionDataset.from_arrays`."""
    x, y = _of_dataset(x, y)
    _check_mappings(x, pos, shapes)
    shapes = shapes or {}
    dtypes = dtype if isinstance(dtype, Mapping) else dict.fromkeys(x, dtype)
    floats = None if isinstance(dtype, Mapping) else dtype
    for m, chosen in dtypes.items():
        if not isinstance(chosen, Dtype):
            raise InputError(
                f"dtype of modality {m!r} must be a torch.dtype or None, got {chosen!r}"
            )
    columns = {m: _column(m, given, shapes.get(m), dtypes.get(m)) for m, given in x.items()}
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


def _of_dataset(x: Any, y: Any) -> tuple[Any, Any]:
    """Return features by modality and labels; a TensorDataset holds both."""
    if not isinstance(x, TensorDataset):
        return x, y
    features, labels = (x.tensors, y) if y is not None else (x.tensors[:-1], x.tensors[-1])
    if len(features) != 1:
        raise InputError(
            f"a TensorDataset must hold one tensor of features and one of labels, (x, y), got "
            f"{len(x.tensors)} tensors; name the modalities: from_arrays({{'image': "
            f"data.tensors[0], 'text': data.tensors[1]}}, y=data.tensors[2])"
        )
    return {"x": features[0]}, labels


def _check_mappings(x: Any, pos: Any, shapes: Any) -> None:
    if not isinstance(x, Mapping):
        raise InputError(
            f"x must be {{modality: array}}, such as {{'table': array}}, got {type(x).__name__!r}; "
            f"samples and graphs go to FusionDataset.from_samples and .from_pyg"
        )
    if not x:
        raise InputError("x must hold at least one modality, {name: array}; got an empty dict")
    for what, given in (("pos", pos), ("shapes", shapes)):
        if given is not None and not isinstance(given, Mapping):
            raise InputError(f"{what} is {{modality: ...}} or None, got {type(given).__name__!r}")
        for m in given or {}:
            if m not in x:
                raise InputError(f"{what} names {m!r}, which is not a modality of x: {list(x)}")
    for m, shape in (shapes or {}).items():
        sizes = shape if isinstance(shape, Sequence) else ()
        if not sizes or not all(isinstance(size, int | np.integer) for size in sizes):
            raise InputError(
                f"shapes of {m!r} must be the shape of a raw node such as (3, 32, 32), "
                f"got {shape!r}"
            )


def _column(name: str, given: Any, shape: Sequence[int] | None, dtype: Dtype) -> Ragged:
    what = f"modality {name!r}"
    rows = rows_of(given, what)
    if rows is not None:
        return _column_of_list(name, rows, shape, dtype)
    array = to_tensor(given, what)
    given_shape, node_dims = list(array.shape), 1 if shape is None else len(shape)
    if array.dim() == 1:
        array = array.unsqueeze(1)
    if array.dim() == node_dims + 1:
        array = array.unsqueeze(1)
    if array.dim() != node_dims + 2 or (shape and tuple(array.shape[2:]) != tuple(shape)):
        node = "F" if shape is None else ", ".join(map(str, shape))
        raise InputError(
            f"modality {name!r} is [n, {node}] (one node per sample), [n, N, {node}] or a list of "
            f"[N_i, {node}]; got shape {given_shape}"
        )
    n, width = array.shape[:2]
    missing = array.flatten(1).isnan().all(1) if array.numel() else torch.zeros(n, dtype=torch.bool)
    counts = torch.full((n,), width) * ~missing
    offsets = offsets_of(counts)
    values = array[~missing].flatten(0, 1)
    _check_finite(name, values, offsets)
    return Ragged(cast(values, dtype, what).contiguous(), offsets)


def _column_of_list(
    name: str, given: list[Any], shape: Sequence[int] | None, dtype: Dtype
) -> Ragged:
    rows = [
        None if row is None else to_tensor(row, f"modality {name!r}, sample {number}")
        for number, row in enumerate(given)
    ]
    present = [row for row in rows if row is not None]
    node = tuple(shape or (present[0].shape[1:] if present[0].dim() > 1 else present[0].shape))
    filled = []
    for number, row in enumerate(rows):
        if row is None or (row.numel() and bool(row.isnan().all())):
            row = present[0].new_zeros(0, *node)
        elif tuple(row.shape) == node:
            row = row.unsqueeze(0)
        if tuple(row.shape[1:]) != node or not node:
            raise InputError(
                f"modality {name!r}, sample {number}: nodes are [N, "
                f"{', '.join(map(str, node)) or 'F'}], got shape {list(row.shape)}"
            )
        filled.append(row)
    values = _joined(filled)
    offsets = offsets_of(torch.tensor([len(row) for row in filled]))
    _check_finite(name, values, offsets)
    return Ragged(cast(values, dtype, f"modality {name!r}"), offsets)


def _joined(rows: list[Tensor]) -> Tensor:
    """Concatenate rows; in double where precisions differ, so that integers stay exact."""
    if len({row.dtype for row in rows}) > 1:
        rows = [row.double() for row in rows]
    return torch.cat(rows)


def _check_finite(name: str, values: Tensor, offsets: Tensor) -> None:
    bad = ~values.isfinite()
    if bool(bad.any()):
        raise InputError(
            f"modality {name!r}, sample {_owner(bad, offsets)}: NaN or infinite value; clean it, "
            f"or give None for the sample if the whole modality is missing. "
            f"graphfuse.load_dataset({{{name!r}: array, 'y': labels}}) fills NaN by the training "
            f"part of each fold"
        )


def _owner(bad: Tensor, offsets: Tensor) -> int:
    """Return the sample of the first bad row [total, ...]."""
    first = bad.flatten(1).any(1).nonzero()[0]
    return int(torch.searchsorted(offsets, first, right=True)) - 1


def _positions(name: str, given: Any, columns: Mapping[str, Ragged], dtype: Dtype) -> Tensor:
    column, what = columns[name], f"pos of {name!r}"
    listed = rows_of(given, what)
    if listed is None:
        array = to_tensor(given, what)
        listed = list(array.unsqueeze(1) if array.dim() == 2 else array) if array.dim() else []
    if len(listed) != len(column):
        raise InputError(
            f"pos of {name!r} has one entry per sample, {len(column)}, None where the modality is "
            f"missing; got {len(listed)}"
        )
    rows: list[Tensor] = []
    for number, count in enumerate(column.counts.tolist()):
        if not count:
            continue
        own = listed[number]
        row = None if own is None else to_tensor(own, f"{what}, sample {number}")
        if row is None or row.shape[:1] != (count,):
            got = None if row is None else list(row.shape)
            raise InputError(
                f"pos of {name!r}, sample {number}: one row per node is [{count}, P], got {got}"
            )
        rows.append(row.reshape(count, -1))
        if rows[-1].shape != (count, rows[0].shape[1]):
            raise InputError(
                f"pos of {name!r}, sample {number}: {rows[-1].shape[1]} coordinates per node, but "
                f"{rows[0].shape[1]} in samples before; give every node as many"
            )
    if not rows:
        raise InputError(f"pos names {name!r}, which is missing in every sample; leave it out")
    pos = _joined(rows)
    if not bool(torch.isfinite(pos).all()):
        raise InputError(
            f"pos of {name!r}, sample {_owner(~pos.isfinite(), column.offsets)}: NaN or infinite "
            f"value; each node needs a finite position"
        )
    narrow = cast(pos, dtype, what)
    if dtype is None and _merges(pos, narrow, column):
        return pos.double()
    return narrow


def _merges(pos: Tensor, narrow: Tensor, column: Ragged) -> bool:
    """Return whether rounding makes positions of one sample equal [total, P]."""
    if narrow.dtype == torch.float64 or bool((narrow.double() == pos.double()).all()):
        return False
    owner = torch.repeat_interleave(torch.arange(len(column)), column.counts).double()
    places = [torch.cat([owner.unsqueeze(1), p.double()], 1) for p in (pos, narrow)]
    before, after = (len(p.unique(dim=0)) for p in places)  # type: ignore[no-untyped-call]
    return after < before


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
        if not isinstance(name, str):
            raise InputError(f"y must be {{target: labels}} with strings as names, got {name!r}")
        target, codes = infer_target(values, task, classes)
        if len(codes) != n:
            raise InputError(f"y must have one label per sample, {n}; got {len(codes)}")
        targets[name], labels[name] = target, codes
    return targets, labels
