"""Read labels of any form: infer the target, and return the labels as codes or numbers."""

from __future__ import annotations

import logging
import reprlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphfuse.data.schema import TASKS, Target
from graphfuse.data.values import UNREADABLE, to_tensor
from graphfuse.errors import InputError, UnknownNameError

logger = logging.getLogger(__name__)

MOST_CLASSES = 10
"""Different integers up to which they are classes, whatever they are."""
UNCLEAR = 5
"""Different integers from which on a warning says how they are read, unless they are codes."""
LEAST_OF_CLASS = 5
"""Samples of each class, at least, for many integers to be codes."""

NAN = "nan"
"""What numpy makes of NaN beside text."""

LARGEST = 1e150
"""Size of the largest number that a regression predicts: its square fits double precision."""


def infer_target(
    y: Any, task: str | None = None, classes: Sequence[str] | None = None
) -> tuple[Target, Tensor]:
    """Return the target inferred from ``y`` [n] or [n, L], and the labels as codes or numbers.

    Without a task, numbers with a fraction are a regression, and so are more than 10 different
    integers, unless they are codes, which count from 0 or 1 with few gaps and at least 5
    samples each; all other labels are classes. A warning names ``task=`` where integers may be
    either.

    Raises:
        InputError: values that cannot be labels, or that do not fit the task or the classes.
        UnknownNameError: an unknown task.
    """
    if task is not None and (not isinstance(task, str) or task not in TASKS):
        raise UnknownNameError("task", task, TASKS)
    names = None if classes is None else _class_names(classes)
    values, unlabelled = _read(y)
    if values.ndim == 2 and values.shape[1] == 1 and task != "multilabel":
        values = values[:, 0]
    known = _typed(values[~unlabelled])
    if not len(known):
        raise InputError("all labels in y are missing; leave y out for unlabelled data")
    if task is None:
        task = _infer_task(known, names)
    if known.ndim != (2 if task == "multilabel" else 1):
        shape = "[n, L] of 0 and 1" if task == "multilabel" else "[n], one label per sample"
        raise InputError(f"{task} y must be {shape}, got shape {list(values.shape)}")
    if task == "regression":
        return Target("regression"), _numbers(known, unlabelled)
    if task == "multilabel":
        return _flags(known, unlabelled, names)
    return _classes(known, unlabelled, task, names)


def _read(y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return labels [n, ...], and which of the n are missing: None, NaN or masked."""
    import pandas as pd
    from scipy import sparse

    try:
        if isinstance(y, Tensor) or sparse.issparse(y):
            values = to_tensor(y, "y").numpy()
        elif isinstance(y, np.ndarray | pd.DataFrame | pd.Series | pd.Index):
            values = np.asarray(y)
        else:  # as objects: text beside NaN would become the text "nan"
            values = np.asarray(None if isinstance(y, str | bytes | set) else y, dtype=object)
        if values.ndim not in (1, 2):
            raise InputError(
                f"y must be [n], one label per sample, or [n, L], got "
                f"{f'the single value {y!r}' if values.ndim == 0 else list(values.shape)}"
            )
        unlabelled = np.asarray(pd.isna(values))
        if values.dtype.kind == "U" and (values == NAN).any():
            unlabelled = values == NAN
            logger.warning(
                "y is an array of text with %d x %r, which numpy makes of NaN beside text; these "
                "count as missing. For a class of that name, give y as a list",
                int(unlabelled.sum()), NAN,
            )  # fmt: skip
        if isinstance(y, np.ma.MaskedArray):
            unlabelled = unlabelled | np.ma.getmaskarray(y)
    except InputError:
        raise
    except UNREADABLE as error:
        raise InputError(
            f"y must be an array or list of labels, got {type(y).__name__!r} ({error})"
        ) from None
    return values, np.asarray(unlabelled.any(1) if values.ndim == 2 else unlabelled)


def _typed(known: np.ndarray) -> np.ndarray:
    """Return labels as numbers, truth values or text."""
    if known.dtype == object:
        try:
            known = np.array(known.tolist())
        except UNREADABLE:
            raise InputError("y has one label per sample, or as many for each sample") from None
    if known.dtype.kind == "S":
        return np.char.decode(known, "utf-8", "replace")
    if known.dtype.kind not in "biufU":
        given = known.flat[0] if known.size else known.dtype
        raise InputError(
            f"labels must be names, codes or real numbers, got {type(given).__name__!r} such as "
            f"{reprlib.repr(given)}"
        )
    return known


def _class_names(given: Any) -> list[str]:
    try:
        if not isinstance(given, str):
            return [str(name) for name in given]
    except UNREADABLE:
        pass
    raise InputError(
        f"classes must be the names of the classes, such as ['no', 'yes'], "
        f"got {reprlib.repr(given)}"
    )


def _flags(
    known: np.ndarray, unlabelled: np.ndarray, names: Sequence[str] | None
) -> tuple[Target, Tensor]:
    if not np.isin(known, (0, 1)).all():
        raise InputError(f"multilabel y must be [n, L] of 0 and 1, got {np.unique(known)[:5]}")
    names = [str(i) for i in range(known.shape[1])] if names is None else names
    if len(names) != known.shape[1]:
        raise InputError(f"y has {known.shape[1]} labels per sample, but classes are {names}")
    flags = torch.full((len(unlabelled), known.shape[1]), float("nan"))
    flags[torch.from_numpy(~unlabelled)] = torch.from_numpy(known.astype(np.float32))
    return Target("multilabel", tuple(names)), flags


def _numbers(known: np.ndarray, unlabelled: np.ndarray) -> Tensor:
    if known.dtype.kind not in "fiub":
        raise InputError(f"y of a regression must be numeric, got {known.dtype}")
    numbers = torch.full((len(unlabelled),), float("nan"), dtype=torch.float64)
    numbers[torch.from_numpy(~unlabelled)] = torch.from_numpy(known.astype(np.float64))
    strange = numbers.abs() > LARGEST
    if bool(strange.any()):
        first = int(strange.nonzero()[0])
        raise InputError(
            f"y of a regression must be finite and at most {LARGEST:g} in size, so that squared "
            f"errors fit double precision, or NaN where unlabelled; sample {first} has "
            f"{float(numbers[first]):g}"
        )
    return numbers


def _classes(
    known: np.ndarray, unlabelled: np.ndarray, task: str, given: Sequence[str] | None
) -> tuple[Target, Tensor]:
    found = np.unique(known)
    if given is None:
        if len(found) < 2:
            raise InputError(
                f"a {task} y must have at least 2 classes, got only {found.tolist()}; add "
                f"samples of another class, or take another column as the label"
            )
        names = [class_name(value) for value in found]
        codes = np.searchsorted(found, known)
    else:
        names = list(given)
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
    """Infer the task from the labels; warn if integers may be classes or numbers."""
    if known.ndim == 2:
        return "multilabel"
    if known.dtype.kind == "f" and not _are_whole(known):
        return "regression"
    different, counts = np.unique(known, return_counts=True)
    named = "binary" if len(different if classes is None else classes) <= 2 else "multiclass"
    if classes is not None or known.dtype.kind not in "fiu":
        return named
    codes = _are_codes(different, counts, known.dtype.kind != "f")
    if codes or len(different) < UNCLEAR:
        return named
    task = named if len(different) <= MOST_CLASSES else "regression"
    other = "regression" if task == named else "multiclass"
    logger.warning(
        "the labels are %d different integers from %g to %g and are read as %s; if that is "
        "wrong, give task=%r (--task %s)",
        len(different), different[0], different[-1],
        "a regression" if task == "regression" else "classes", other, other,
    )  # fmt: skip
    return task


def _are_codes(different: np.ndarray, counts: np.ndarray, integers: bool) -> bool:
    """Return whether integers are codes of classes: they count from 0 or 1, with few gaps.

    Where there are many, each has a few samples, unless the array is one of integers: counts of
    things, unlike codes, have rare large values.
    """
    span = float(different[-1]) - float(different[0]) + 1
    if float(different[0]) not in (0, 1) or len(different) < 0.5 * span:
        return False
    return integers or len(different) <= MOST_CLASSES or int(counts.min()) >= LEAST_OF_CLASS


def _are_whole(numbers: np.ndarray) -> bool:
    return bool((np.isfinite(numbers) & (numbers == np.floor(numbers))).all())
