"""Turn arrays, one a modality, into a dataset: the usual way in for one's own data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphfuse.data._ragged import Ragged, offsets_of
from graphfuse.data.dataset import FusionDataset, RelationSpec
from graphfuse.data.schema import Modality, Schema, Target
from graphfuse.errors import InputError


def from_arrays(
    x: Mapping[str, Any],
    y: Any = None,
    *,
    task: str | None = None,
    classes: Sequence[str] | None = None,
    pos: Mapping[str, Any] | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    ids: Sequence[str] | None = None,
    groups: Sequence[Any] | np.ndarray | None = None,
    splits: Sequence[str] | np.ndarray | None = None,
    name: str = "",
    relations: Sequence[RelationSpec] | None = None,
    bayes_accuracy: float | None = None,
    graph_should_win: bool | None = None,
    dtype: torch.dtype = torch.float32,
) -> FusionDataset:
    """Build a dataset from arrays; features become ``dtype``.

    Args:
        x: for each modality an array ``[n, F]`` (one node a sample; a row that is all NaN is a
            missing modality), an array ``[n, N, F]`` (N nodes a sample), or a list of n arrays
            ``[N_i, F]`` or None (missing).
        y: labels ``[n]`` (names, codes or numbers), ``[n, L]`` of 0 and 1 for several labels, or
            a dict of these for several targets; None or NaN marks an unlabelled sample.
        task: "binary", "multiclass", "multilabel" or "regression"; told from ``y`` if left out:
            numbers with a fractional part are a regression, everything else is classes.
        classes: class names; codes in ``y`` then count through them.
        pos: positions of the nodes, ``[n, N, P]`` or a list of ``[N_i, P]``.
        shapes: shape of a raw node, ``{"image": (3, 32, 32)}``; arrays are then ``[n, 3, 32, 32]``.
        ids: names of the samples; their numbers if left out.
        groups: samples of one group are never split.
        splits: a given part for each sample, "train", "validation" or "test".

    Raises:
        InputError: lengths differ, values are NaN or infinite, or labels do not fit the task.
    """
    if not x:
        raise InputError("x holds at least one modality, {name: array}; got an empty dict")
    shapes = shapes or {}
    columns = {m: _column(m, given, shapes.get(m), dtype) for m, given in x.items()}
    n = len(next(iter(columns.values())))
    lengths = {m: len(column) for m, column in columns.items()}
    if len(set(lengths.values())) > 1:
        raise InputError(f"modalities have different numbers of samples: {lengths}")
    positions = {m: _positions(m, given, columns, dtype) for m, given in (pos or {}).items()}
    targets, labels = _targets(y, task, classes, n)
    modalities = [
        Modality(m, tuple(column.values.shape[1:]), positions[m].shape[1] if m in positions else 0)
        for m, column in columns.items()
    ]
    schema = Schema(tuple(modalities), targets)
    for label, given in (("ids", ids), ("groups", groups), ("splits", splits)):
        if given is not None and len(given) != n:
            raise InputError(f"{label} has one entry a sample, {n}; got {len(given)}")
    names = np.array([str(i) for i in (range(n) if ids is None else ids)])
    if len(np.unique(names)) < n:
        values, counts = np.unique(names, return_counts=True)
        raise InputError(f"ids are unique, but {values[counts > 1][0]!r} occurs more than once")
    return FusionDataset(
        schema,
        x={m: columns[m] for m in schema.names},
        ids=names,
        y=labels,
        pos=positions,
        groups=None if groups is None else np.asarray(groups).astype(str),
        splits=None if splits is None else np.asarray(splits).astype(str),
        name=name,
        relations=None if relations is None else tuple(relations),
        bayes_accuracy=bayes_accuracy,
        graph_should_win=graph_should_win,
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
            values = np.asarray(given)
            given = torch.from_numpy(values if values.flags.writeable else values.copy())
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
    if isinstance(given, (list, tuple)):
        rows = [_tensor(name, row, dtype) for row in given if row is not None]
        pos = torch.cat([row.reshape(len(row), -1) for row in rows])
    else:
        array = _tensor(name, given, dtype)
        pos = array.reshape(-1, array.shape[-1])
    if len(pos) != len(column.values):
        raise InputError(
            f"pos of {name!r} has one row a node, {len(column.values)} in all; got {len(pos)}"
        )
    return pos.contiguous()


def _targets(
    y: Any, task: str | None, classes: Sequence[str] | None, n: int
) -> tuple[dict[str, Target], dict[str, Tensor] | None]:
    if y is None:
        return {}, None
    given = y if isinstance(y, Mapping) else {"y": y}
    targets, labels = {}, {}
    for name, values in given.items():
        target, codes = infer_target(values, task, classes)
        if len(codes) != n:
            raise InputError(f"y has one label a sample, {n}; got {len(codes)}")
        targets[name], labels[name] = target, codes
    return targets, labels


def infer_target(
    y: Any, task: str | None = None, classes: Sequence[str] | None = None
) -> tuple[Target, Tensor]:
    """Return the target that labels ``y`` [n] or [n, L] show, and the labels as codes or floats."""
    values = y.numpy() if isinstance(y, Tensor) else np.asarray(y)
    if values.dtype == object:
        unlabelled = np.array([v is None or v != v for v in values])
    elif values.dtype.kind == "f":
        unlabelled = np.isnan(values) if values.ndim == 1 else np.isnan(values).any(1)
    else:
        unlabelled = np.zeros(len(values), dtype=bool)
    known = values[~unlabelled]
    if not len(known):
        raise InputError("y has no label at all; leave y out for unlabelled data")
    if known.dtype == object:
        known = np.array(known.tolist())
    if task is None:
        task = _infer_task(known)
    if task == "regression":
        if known.dtype.kind not in "fiub":
            raise InputError(f"a regression's y is numeric, got {known.dtype}")
        numbers = torch.full((len(values),), float("nan"))
        numbers[torch.from_numpy(~unlabelled)] = torch.as_tensor(
            known, dtype=torch.float32
        ).reshape(-1)
        return Target("regression"), numbers
    if task == "multilabel":
        if known.ndim != 2 or not np.isin(known, (0, 1)).all():
            raise InputError(f"multilabel y is [n, L] of 0 and 1, got shape {list(values.shape)}")
        names = tuple(classes) if classes else tuple(str(i) for i in range(known.shape[1]))
        flags = torch.full(values.shape, float("nan"))
        flags[torch.from_numpy(~unlabelled)] = torch.as_tensor(known, dtype=torch.float32)
        return Target(task, names), flags
    if known.ndim != 1:
        raise InputError(f"{task} y is [n], one class a sample; got shape {list(values.shape)}")
    return _classes(known, unlabelled, task, classes)


def _classes(
    known: np.ndarray, unlabelled: np.ndarray, task: str, classes: Sequence[str] | None
) -> tuple[Target, Tensor]:
    found = np.unique(known)
    if classes is None:
        if len(found) < 2:
            raise InputError(f"a {task} y has at least 2 classes, got only {found.tolist()}")
        names = [_class_name(value) for value in found]
        codes = np.searchsorted(found, known)
    else:
        names = [str(name) for name in classes]
        if known.dtype.kind in "iub" or (known.dtype.kind == "f" and (known % 1 == 0).all()):
            codes = known.astype(np.int64)
            strange = [str(int(c)) for c in found if not 0 <= c < len(names)]
        else:
            place = {name: code for code, name in enumerate(names)}
            strange = [str(v) for v in found if str(v) not in place]
            codes = np.array([place.get(str(v), -1) for v in known])
        if strange:
            raise InputError(f"y holds {strange[:5]}, which classes {names} do not cover")
    labels = torch.full((len(unlabelled),), -1)
    labels[torch.from_numpy(~unlabelled)] = torch.as_tensor(codes, dtype=torch.long)
    return Target(task, tuple(names)), labels


def _class_name(value: Any) -> str:
    return (
        str(int(value))
        if isinstance(value, np.floating) and float(value).is_integer()
        else str(value)
    )


def _infer_task(known: np.ndarray) -> str:
    if known.ndim == 2:
        return "multilabel"
    if known.dtype.kind == "f" and not (known % 1 == 0).all():
        return "regression"
    return "binary" if len(np.unique(known)) <= 2 else "multiclass"
