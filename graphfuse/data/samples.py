"""Turn a list of samples into the columns of a dataset, checking each against the schema."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphfuse.data._ragged import Ragged, offsets_of
from graphfuse.data.arrays import infer_target
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.sample import EdgeType, Sample, SparseEdges
from graphfuse.data.schema import Modality, Schema, Target
from graphfuse.errors import InputError, SchemaError, UnknownNameError


def from_samples(
    samples: Sequence[Sample], schema: Schema | None = None, *, name: str = ""
) -> FusionDataset:
    """Implement :meth:`FusionDataset.from_samples`.

    Raises:
        SchemaError: a modality, shape, length or label that does not fit.
    """
    samples = list(samples)
    if not samples:
        raise InputError("a dataset or batch has at least one sample, got an empty list")
    schema = schema or infer_schema(samples)
    for number, sample in enumerate(samples):
        _check(sample, schema, sample.id or f"number {number}")
    has_units = any(sample.unit is not None for sample in samples)
    y, unit_offsets = _labels(samples, schema, has_units)
    pos = {m.name: _rows(samples, m, "pos") for m in schema.modalities if m.pos_dim}
    domains = [sample.domain or "" for sample in samples]
    return FusionDataset(
        schema,
        x={
            m.name: Ragged.from_rows([_nodes(s, m, samples) for s in samples])
            for m in schema.modalities
        },
        ids=np.array([sample.id or str(number) for number, sample in enumerate(samples)]),
        y=y,
        pos=pos,
        attrs=_attrs(samples, schema),
        edges=_edges(samples),
        unit={m.name: _rows(samples, m, "unit") for m in schema.modalities} if has_units else None,
        unit_offsets=unit_offsets,
        domain=np.array(domains) if any(domains) else None,
        name=name,
    )


def infer_schema(samples: Sequence[Sample]) -> Schema:
    """Return the schema that the samples themselves show."""
    modalities: dict[str, Modality] = {}
    for sample in samples:
        for name, nodes in sample.x.items():
            pos = sample.pos.get(name)
            modalities.setdefault(
                name, Modality(name, tuple(nodes.shape[1:]), 0 if pos is None else pos.shape[1])
            )
    labels = [sample.y for sample in samples]
    known = [label for label in labels if label is not None]
    if not known:
        return Schema(tuple(modalities.values()), {})
    if isinstance(known[0], dict):
        targets = {key: _target([label[key] for label in known]) for key in known[0]}
        return Schema(tuple(modalities.values()), targets)
    return Schema(tuple(modalities.values()), {"y": _target(known)})


def _target(labels: list[Any]) -> Target:
    values = [np.asarray(label) for label in labels]
    if values[0].ndim and len({v.shape for v in values}) > 1:
        return infer_target(np.concatenate(values))[0]
    target, _ = infer_target(np.stack(values))
    if target.is_classification:  # codes, not names: they count from 0
        top = int(max(int(v.max()) for v in values)) + 1
        return Target("binary" if top <= 2 else "multiclass", max(top, 2))  # type: ignore[arg-type]
    return target


def _check(sample: Sample, schema: Schema, who: str) -> None:
    for name, nodes in sample.x.items():
        if name not in schema.names:
            raise SchemaError(f"sample {who}: {UnknownNameError('modality', name, schema.names)}")
        modality = schema[name]
        if not isinstance(nodes, Tensor) or tuple(nodes.shape[1:]) != modality.shape:
            got = list(nodes.shape) if isinstance(nodes, Tensor) else type(nodes).__name__
            raise SchemaError(
                f"sample {who}: modality {name!r} is a tensor [N, "
                f"{', '.join(map(str, modality.shape))}] by the schema, got {got}"
            )
        if nodes.is_floating_point() and not bool(torch.isfinite(nodes).all()):
            raise SchemaError(
                f"sample {who}: modality {name!r} holds NaN or infinite values; "
                f"clean them, or leave the key out if the modality is missing"
            )
        pos = sample.pos.get(name)
        shape = None if pos is None else list(pos.shape)
        if modality.pos_dim and shape != [len(nodes), modality.pos_dim]:
            raise SchemaError(
                f"sample {who}: modality {name!r} has {len(nodes)} nodes and pos_dim "
                f"{modality.pos_dim}, so pos is [{len(nodes)}, {modality.pos_dim}]; got {shape}"
            )
    for edge_type, edges in sample.edges.items():
        _check_edges(edge_type, edges, sample, schema, who)


def _check_edges(
    edge_type: EdgeType, edges: Tensor | SparseEdges, sample: Sample, schema: Schema, who: str
) -> None:
    source, _, destination = edge_type
    schema.check_names((source, destination))
    index = edges.index if isinstance(edges, SparseEdges) else edges
    limits = [len(sample.x.get(end, ())) for end in (source, destination)]
    if index.dim() != 2 or index.shape[0] != 2:
        raise SchemaError(
            f"sample {who}: edges {edge_type} are [2, E] (source row, destination row), "
            f"got shape {list(index.shape)}"
        )
    if index.shape[1] and (
        int(index.min()) < 0 or any(int(index[k].max()) >= limits[k] for k in (0, 1))
    ):
        raise SchemaError(
            f"sample {who}: edges {edge_type} point at rows up to {index.max(1).values.tolist()}, "
            f"but {source!r} has {limits[0]} nodes and {destination!r} has {limits[1]}"
        )
    if (
        isinstance(edges, SparseEdges)
        and edges.weight is not None
        and bool((edges.weight < 0).any())
    ):
        raise SchemaError(f"sample {who}: weights of edges {edge_type} lie in [0, inf)")


def _nodes(sample: Sample, modality: Modality, samples: Sequence[Sample]) -> Tensor:
    if modality.name in sample.x:
        return sample.x[modality.name]
    dtype = next(
        (other.x[modality.name].dtype for other in samples if modality.name in other.x),
        next((nodes.dtype for other in samples for nodes in other.x.values()), torch.float32),
    )
    return torch.zeros(0, *modality.shape, dtype=dtype)


def _rows(samples: Sequence[Sample], modality: Modality, what: str) -> Tensor:
    rows = []
    for sample in samples:
        values = (getattr(sample, what) or {}).get(modality.name)
        count = len(sample.x.get(modality.name, ()))
        if values is None and what == "unit" and count:
            raise SchemaError(
                f"sample {sample.id!r}: {what} of modality {modality.name!r} is missing; "
                f"give one value for each of its {count} nodes"
            )
        if values is None:
            shape = (0, modality.pos_dim) if what == "pos" else (0,)
            values = torch.zeros(shape, dtype=torch.float32 if what == "pos" else torch.long)
        rows.append(values)
    dtype = next((row.dtype for row in rows if len(row)), rows[0].dtype)
    return torch.cat([row.to(dtype) for row in rows])


def _attrs(samples: Sequence[Sample], schema: Schema) -> dict[str, dict[str, Tensor]]:
    attributes = sorted({name for sample in samples for name in sample.attrs})
    columns: dict[str, dict[str, Tensor]] = {}
    for attribute in attributes:
        carriers = {m for sample in samples for m in sample.attrs.get(attribute, {})}
        schema.check_names(carriers)
        columns[attribute] = {}
        for m in sorted(carriers):
            rows = []
            for sample in samples:
                count = len(sample.x.get(m, ()))
                values = sample.attrs.get(attribute, {}).get(m)
                values = torch.full((count,), -1) if values is None else values.long()
                if len(values) != count:
                    raise SchemaError(
                        f"sample {sample.id!r}: attribute {attribute!r} of {m!r} has one value a "
                        f"node, {count}; got {len(values)}"
                    )
                rows.append(values)
            columns[attribute][m] = torch.cat(rows)
    return columns


def _edges(samples: Sequence[Sample]) -> dict[EdgeType, tuple[Ragged, Tensor | None]]:
    types = sorted({edge_type for sample in samples for edge_type in sample.edges})
    columns: dict[EdgeType, tuple[Ragged, Tensor | None]] = {}
    for edge_type in types:
        indices, weights, weighted = [], [], False
        for sample in samples:
            edges = sample.edges.get(edge_type, torch.zeros(2, 0, dtype=torch.long))
            index = edges.index if isinstance(edges, SparseEdges) else edges
            weight = edges.weight if isinstance(edges, SparseEdges) else None
            weighted |= weight is not None
            indices.append(index.T.long())
            weights.append(torch.ones(index.shape[1]) if weight is None else weight)
        columns[edge_type] = (
            Ragged.from_rows(indices),
            torch.cat(weights) if weighted else None,
        )
    return columns


def _labels(
    samples: Sequence[Sample], schema: Schema, has_units: bool
) -> tuple[dict[str, Tensor] | None, Tensor | None]:
    if all(sample.y is None for sample in samples) or not schema.targets:
        return None, None
    columns, counts = {}, None
    for name, target in schema.targets.items():
        rows = [_label(sample, name, target, len(schema.targets) > 1) for sample in samples]
        if has_units:
            counts = torch.tensor([len(row) for row in rows])
            columns[name] = torch.cat(rows)
        else:
            columns[name] = torch.stack(rows)
    return columns, None if counts is None else offsets_of(counts)


def _label(sample: Sample, name: str, target: Target, several: bool) -> Tensor:
    given = sample.y
    if several and isinstance(given, dict):
        given = given.get(name)
    dtype = torch.long if target.is_classification else torch.float32
    if given is None:
        blank = -1 if target.is_classification else math.nan
        units = (
            0
            if sample.unit is None
            else 1 + max((int(u.max()) for u in sample.unit.values() if len(u)), default=-1)
        )
        shape = ((units,) if sample.unit is not None else ()) + (
            (target.outputs,) if target.task == "multilabel" else ()
        )
        return torch.full(shape, blank, dtype=dtype)
    label = torch.as_tensor(given)
    codes = label.long() if target.is_classification else label.to(dtype)
    if target.is_classification and codes.numel() and not -1 <= int(codes.max()) < target.outputs:
        raise SchemaError(
            f"sample {sample.id!r}: label {int(codes.max())} of a target with "
            f"{target.outputs} classes {target.classes}; labels are codes from 0"
        )
    wanted = (1 if sample.unit is not None else 0) + (1 if target.task == "multilabel" else 0)
    if codes.dim() != wanted:
        raise SchemaError(
            f"sample {sample.id!r}: the label of {name!r} ({target.task}) has {wanted} dimensions, "
            f"got shape {list(codes.shape)}"
        )
    return codes
