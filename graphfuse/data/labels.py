"""Read labels of any form: what target they show, and the labels as codes or floats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphfuse.data._numpy import native
from graphfuse.data.schema import Target
from graphfuse.errors import InputError

LARGEST = 1e150
"""Size of the largest number that a regression predicts: its square fits double precision."""


def infer_target(
    y: Any, task: str | None = None, classes: Sequence[str] | None = None
) -> tuple[Target, Tensor]:
    """Return the target that labels ``y`` [n] or [n, L] show, and the labels as codes or floats."""
    import pandas as pd

    values = y.numpy() if isinstance(y, Tensor) else native(np.asarray(y))
    if values.ndim == 0:
        raise InputError(f"y is [n], one label a sample, or [n, L]; got the single value {y!r}")
    if values.ndim == 2 and values.shape[1] == 1 and task != "multilabel":
        values = values[:, 0]
    unlabelled = np.asarray(np.asarray(pd.isna(values)).reshape(len(values), -1).any(1))
    known = values[~unlabelled]
    if not len(known):
        raise InputError("y has no label at all; leave y out for unlabelled data")
    if known.dtype == object:
        known = np.array(known.tolist())
    if task is None:
        task = _infer_task(known, classes)
    if known.ndim != (2 if task == "multilabel" else 1):
        shape = "[n, L] of 0 and 1" if task == "multilabel" else "[n], one label a sample"
        raise InputError(f"{task} y is {shape}; got shape {list(values.shape)}")
    if task == "regression":
        return Target("regression"), _numbers(known, unlabelled)
    if task == "multilabel":
        if not np.isin(known, (0, 1)).all():
            raise InputError(f"multilabel y is [n, L] of 0 and 1, got {np.unique(known)[:5]}")
        names = tuple(classes) if classes else tuple(str(i) for i in range(known.shape[1]))
        flags = torch.full(values.shape, float("nan"))
        flags[torch.from_numpy(~unlabelled)] = torch.as_tensor(known, dtype=torch.float32)
        return Target(task, names), flags
    return _classes(known, unlabelled, task, classes)


def _numbers(known: np.ndarray, unlabelled: np.ndarray) -> Tensor:
    if known.dtype.kind not in "fiub":
        raise InputError(f"a regression's y is numeric, got {known.dtype}")
    numbers = torch.full((len(unlabelled),), float("nan"), dtype=torch.float64)
    numbers[torch.from_numpy(~unlabelled)] = torch.as_tensor(known, dtype=torch.float64)
    strange = numbers.abs() > LARGEST
    if bool(strange.any()):
        first = int(strange.nonzero()[0])
        raise InputError(
            f"a regression's y is finite and at most {LARGEST:g} in size, so that squared errors "
            f"fit double precision, or NaN where unlabelled; sample {first} has "
            f"{float(numbers[first]):g}"
        )
    return numbers


def _classes(
    known: np.ndarray, unlabelled: np.ndarray, task: str, classes: Sequence[str] | None
) -> tuple[Target, Tensor]:
    found = np.unique(known)
    if classes is None:
        if len(found) < 2:
            raise InputError(
                f"a {task} y has at least 2 classes, got only {found.tolist()}; add samples of "
                f"another class, or take another column as the label"
            )
        names = [class_name(value) for value in found]
        codes = np.searchsorted(found, known)
    else:
        names = [str(name) for name in classes]
        if known.dtype.kind in "iub" or (known.dtype.kind == "f" and _are_whole(known)):
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


def class_name(value: Any) -> str:
    """Return the name of a class that is given as text, code or number.

    Example:
        >>> class_name(3.0), class_name("3")
        ('3', '3')
    """
    whole = isinstance(value, float | np.floating) and float(value).is_integer()
    return str(int(value)) if whole else str(value)


def _infer_task(known: np.ndarray, classes: Sequence[str] | None) -> str:
    if known.ndim == 2:
        return "multilabel"
    if known.dtype.kind == "f" and not _are_whole(known):
        return "regression"
    return "binary" if len(np.unique(known) if classes is None else classes) <= 2 else "multiclass"


def _are_whole(numbers: np.ndarray) -> bool:
    return bool((np.isfinite(numbers) & (numbers == np.floor(numbers))).all())
