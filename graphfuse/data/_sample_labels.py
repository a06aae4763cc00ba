"""The labels of a list of samples as columns, each checked against its target."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from graphfuse.data.labels import LARGEST, infer_target
from graphfuse.data.ragged import offsets_of
from graphfuse.data.sample import Sample
from graphfuse.data.schema import Schema, Target
from graphfuse.data.values import to_tensor
from graphfuse.errors import InputError, SchemaError, UnknownNameError

MOST_CODES = 10_000
"""Classes or units that codes may stand for, however few of them occur."""


def label_columns(
    samples: Sequence[Sample], schema: Schema, with_units: bool, names: Sequence[str]
) -> tuple[dict[str, Tensor] | None, Tensor | None]:
    """Return the labels [n, ...] of each target, with units [units in all, ...] and offsets.

    ``names`` are those of the samples, for errors.

    Raises:
        SchemaError: a label that does not fit its target, or an unknown target or unit.
    """
    given = [_by_target(s, schema, with_units, n) for s, n in zip(samples, names, strict=True)]
    counts = None
    if with_units:
        every = zip(samples, given, names, strict=True)
        counts = torch.tensor([_count_units(s, labels, who) for s, labels, who in every])
    if all(sample.y is None for sample in samples) or not schema.targets:
        return None, None if counts is None else offsets_of(counts)
    columns = {}
    for name, target in schema.targets.items():
        rows = [
            labels[name]
            if name in labels
            else _blank(target, None if counts is None else counts[i])
            for i, labels in enumerate(given)
        ]
        columns[name] = torch.stack(rows) if counts is None else torch.cat(rows)
    return columns, None if counts is None else offsets_of(counts)


def infer_targets(samples: Sequence[Sample], with_units: bool) -> dict[str, Target]:
    """Return the targets inferred from the labels; codes count from 0.

    Raises:
        SchemaError: labels that differ in form or shape between samples.
    """
    known = [sample.y for sample in samples if sample.y is not None]
    named = [isinstance(y, Mapping) for y in known]
    if any(named) and not all(named):
        raise SchemaError(
            "some samples have a dict of labels, {target: label}, and others a single label; "
            "give all of them the same form"
        )
    labels = known if any(named) else [{"y": y} for y in known]
    return {
        name: _infer(name, [y[name] for y in labels if y.get(name) is not None], with_units)
        for name in dict.fromkeys(name for y in labels for name in y)
    }


def _infer(name: str, labels: Sequence[Any], with_units: bool) -> Target:
    values = [_number(label, f"a label of {name!r}") for label in labels]
    shapes = sorted({tuple(value.shape)[1 if with_units else 0 :] for value in values})
    if len(shapes) != 1:
        raise SchemaError(
            f"labels of {name!r} must have one shape in all samples, got {shapes or 'no label'}; "
            f"give a schema, or leave the target out"
        )
    joined = (
        torch.cat([v if v.dim() else v.reshape(1) for v in values])
        if with_units
        else torch.stack(values)
    )
    codes = None if joined.is_floating_point() else "multiclass"
    target, _ = infer_target(joined, "multilabel" if joined.dim() == 2 else codes)
    if target.is_classification:  # codes, not names: they count from 0
        top = int(joined.max()) + 1
        if top > max(MOST_CODES, 100 * len(joined)):
            raise SchemaError(
                f"labels of {name!r} must be class codes from 0, but the highest of "
                f"{len(joined)} is {top - 1}, which would make as many classes; number the classes "
                f"that occur, or give a schema"
            )
        return Target("binary" if top <= 2 else "multiclass", max(top, 2))  # type: ignore[arg-type]
    return target


def _by_target(sample: Sample, schema: Schema, with_units: bool, who: str) -> dict[str, Tensor]:
    y, targets = sample.y, schema.targets
    if y is None or not targets:
        return {}
    if not isinstance(y, Mapping):
        if len(targets) > 1:
            raise SchemaError(
                f"sample {who}: with several targets y must be a dict, {{target: label}} of "
                f"{sorted(targets)}; got {reprlib.repr(y)}"
            )
        y = {next(iter(targets)): y}
    for name in y:
        if name not in targets:
            raise SchemaError(f"sample {who}: {UnknownNameError('target', name, targets)}")
    return {
        name: _label(label, targets[name], with_units, f"sample {who}: the label of {name!r}")
        for name, label in y.items()
        if label is not None
    }


def _number(given: Any, what: str) -> Tensor:
    try:
        return to_tensor(given, what)
    except InputError:
        raise SchemaError(
            f"{what} must be a number, or a tensor of numbers; "
            f"got {reprlib.repr(given)}. Classes are "
            f"codes that count from 0; FusionDataset.from_arrays takes their names"
        ) from None


def _label(given: Any, target: Target, with_units: bool, what: str) -> Tensor:
    label = _number(given, what)
    wanted = int(with_units) + int(target.task == "multilabel")
    if target.task == "multilabel" and len(target.classes) == 1 and label.dim() == wanted - 1:
        label = label.unsqueeze(-1)  # a single label may come as a number
    if label.dim() != wanted:
        raise SchemaError(
            f"{what} ({target.task}) has {wanted} dimensions, got shape {list(label.shape)}"
        )
    if target.task == "multilabel" and label.shape[-1] != target.outputs:
        raise SchemaError(
            f"{what} has one value for each of the {target.outputs} labels {target.classes}, "
            f"got {label.shape[-1]}"
        )
    if target.is_classification:
        codes = label.long()
        strange = label[(codes < -1) | (codes >= target.outputs) | (label != codes)]
        if len(strange):
            raise SchemaError(
                f"{what}: label {strange[0].item():.7g} of a target with {target.outputs} classes "
                f"{target.classes}; labels are whole codes from 0, or -1 where unlabelled"
            )
        return codes
    label = label.to(torch.float64 if target.task == "regression" else torch.float32)
    strange = label[label.abs() > LARGEST]
    if target.task == "multilabel":
        strange = label[(label != 0) & (label != 1) & ~label.isnan()]
    if len(strange):
        numbers = f"finite numbers of at most {LARGEST:g} in size"
        values = "0 and 1" if target.task == "multilabel" else numbers
        raise SchemaError(
            f"{what} ({target.task}) holds {strange[0].item():.7g}; labels are {values}, "
            f"or NaN where unlabelled"
        )
    return label


def _count_units(sample: Sample, labels: Mapping[str, Tensor], who: str) -> int:
    """Return U of one sample: as many as it has labels, else as its nodes show."""
    used = {m: unit for m, unit in (sample.unit or {}).items() if len(unit)}
    top = max((int(unit.max()) for unit in used.values()), default=-1)
    sizes = {name: len(label) for name, label in labels.items()} or {"": top + 1}
    total = next(iter(sizes.values()))
    nodes = sum(map(len, used.values()))
    if not labels and total > max(MOST_CODES, 100 * nodes):
        raise SchemaError(
            f"sample {who}: units must be numbered from 0 without gaps, but {nodes} nodes name "
            f"unit {top}; renumber the units"
        )
    if len(set(sizes.values())) > 1:
        raise SchemaError(
            f"sample {who}: targets have labels of different numbers of units, {sizes}"
        )
    if top >= total or any(int(unit.min()) < 0 for unit in used.values()):
        spans = {m: (int(unit.min()), int(unit.max())) for m, unit in used.items()}
        raise SchemaError(
            f"sample {who}: units must lie in [0, {total}), one for each label, "
            f"got {spans} (lowest and highest per modality)"
        )
    return total


def _blank(target: Target, units: Tensor | None) -> Tensor:
    shape = () if units is None else (int(units),)
    if target.task == "multilabel":
        shape = (*shape, target.outputs)
    if target.is_classification:
        return torch.full(shape, -1)
    return torch.full(
        shape, math.nan, dtype=torch.float64 if target.task == "regression" else torch.float32
    )
