"""Convert new raw samples to the columns, types and classes of the training part."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from graphfuse.data.files import decode
from graphfuse.data.labels import class_name, infer_target
from graphfuse.data.schema import Schema, Target
from graphfuse.encoders.problems import Problem
from graphfuse.errors import InputError
from graphfuse.raw import Column, Manifest
from graphfuse.raw.columns import CONTENT, MEDIA
from graphfuse.raw.tables.build import with_columns
from graphfuse.raw.tables.kinds import typed

if TYPE_CHECKING:
    from datasets import Dataset

logger = logging.getLogger(__name__)


def text_forms(manifest: Manifest) -> dict[str, str]:
    """Return the form of the cells of each text column: "text", a list of "texts", or "files"."""
    import pyarrow

    forms = {}
    for column in manifest.columns:
        if column.kind == "text":
            kind = manifest.table.features.arrow_schema.field(column.name).type
            own = getattr(kind, "value_type", None)
            files = pyarrow.types.is_struct(kind if own is None else own)
            forms[column.name] = "files" if files else "text" if own is None else "texts"
    return forms


def in_columns(manifest: Manifest, columns: Sequence[Column]) -> Manifest:
    """Return a manifest with the given columns and kinds, in place of the inferred kinds.

    Columns it does not have are treated as empty; others are left out.

    Raises:
        InputError: it has none of the columns that become nodes, or a cell has the wrong kind.
    """
    names = manifest.table.column_names
    content = [column for column in columns if column.kind in CONTENT]
    lacking = [column.name for column in content if column.name not in names]
    if len(lacking) == len(content):
        raise InputError(
            f"the preprocessor was fitted on the columns {lacking}, the samples have none of "
            f"them: {names}"
        )
    if lacking:
        logger.warning("columns %s are absent and count as missing", lacking)
    kinds = {column.name: column.kind for column in manifest.columns}
    changed = {
        column.name: typed(column, manifest.table[column.name][:])
        for column in columns
        if column.name in names and kinds.get(column.name) != column.kind
    }
    changed |= {name: [None] * len(manifest) for name in lacking}
    kept = [column for column in columns if column in content or column.name in names]
    return replace(manifest, table=with_columns(manifest.table, changed), columns=tuple(kept))


def one_row(
    columns: Sequence[Column], forms: Mapping[str, str], values: Mapping[str, Any]
) -> Dataset:
    """Return the table of a single sample ``{column: value}``.

    Raises:
        InputError: a value does not have the kind of its column.
    """
    from datasets import Dataset

    return Dataset.from_dict(
        {c.name: [_cell(c, forms.get(c.name, ""), values.get(c.name))] for c in columns}
    )


def _cell(column: Column, form: str, value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None:
        return None
    if column.kind in MEDIA:
        several = typed(column, [value])[0] if isinstance(value, str) else value
        listed = several if isinstance(several, list | tuple) else [several]
        return [_file(column, one) for one in listed if one is not None]
    if isinstance(value, Path):
        return str(value) if column.kind == "series" else [{"path": str(value)}]
    if column.kind == "text":
        if isinstance(value, bytes):
            return decode(value, f"column {column.name!r}")
        if form == "text" and isinstance(value, str):
            return value  # though it ends in .txt
    if column.kind == "series" and not isinstance(value, str | list | tuple):
        raise _strange(column, "the path of a file, or a list of numbers", value)
    return typed(column, [value])[0]


def _file(column: Column, value: Any) -> dict[str, Any]:
    if isinstance(value, bytes):
        return {"bytes": value, "path": None}
    if isinstance(value, str | Path):
        return {"bytes": None, "path": str(value)}
    raise _strange(column, "the path of a file, or its bytes", value)


def _strange(column: Column, expected: str, value: Any) -> InputError:
    return InputError(
        f"column {column.name!r} of kind {column.kind!r} holds {expected}; got "
        f"{type(value).__name__} {str(value)[:40]!r}"
    )


def labels_in(
    schema: Schema, y: Any, classes: Sequence[str] | None, ids: np.ndarray
) -> tuple[dict[str, Tensor] | None, list[Problem]]:
    """Return labels, as :func:`graphfuse.raw.facts` gives them, in the classes of a schema.

    An unknown label is a problem, and its sample counts as unlabelled.
    """
    if y is None or not schema.targets:
        return None, []
    given = y if isinstance(y, Mapping) else {next(iter(schema.targets)): y}
    labels: dict[str, Tensor] = {}
    problems: list[Problem] = []
    for name, target in schema.targets.items():
        values = np.asarray(given.get(name, [None] * len(ids)), dtype=object)
        if target.is_classification:
            labels[name], strange = _codes(target, values)
        elif target.task == "multilabel":
            labels[name], strange = _flags(target, values, classes)
        else:
            labels[name], strange = _numbers(values), {}
        problems += [
            Problem(
                str(ids[row]),
                name,
                f"sample {ids[row]}, label",
                f"{found!r} is none of the classes of the training part, {list(target.classes)}",
            )
            for row, found in strange.items()
        ]
    return labels, problems


def _codes(target: Target, values: np.ndarray) -> tuple[Tensor, dict[int, str]]:
    place = {name: code for code, name in enumerate(target.classes)}
    names = [None if _is_missing(value) else class_name(value) for value in values]
    strange = {row: n for row, n in enumerate(names) if n is not None and n not in place}
    return torch.tensor([-1 if n is None else place.get(n, -1) for n in names]), strange


def _flags(
    target: Target, values: np.ndarray, classes: Sequence[str] | None
) -> tuple[Tensor, dict[int, str]]:
    own = list(target.classes if classes is None else classes)
    flags = torch.full((len(values), len(target.classes)), float("nan"))
    strange = {}
    for row, given in enumerate(values.astype(float)):
        if np.isnan(given).any():
            continue
        names = {name for name, there in zip(own, given, strict=True) if there}
        flags[row] = torch.tensor([float(name in names) for name in target.classes])
        if unknown := names - set(target.classes):
            strange[row] = min(unknown)
    return flags, strange


def _numbers(values: np.ndarray) -> Tensor:
    if all(_is_missing(value) for value in values):
        return torch.full((len(values),), float("nan"))
    return infer_target(values, "regression")[1]


def _is_missing(value: Any) -> bool:
    return value is None or value != value
