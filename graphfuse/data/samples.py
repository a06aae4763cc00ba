"""Turn a list of samples into the columns of a dataset, checking each against the schema."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from graphfuse._moved import moved_names
from graphfuse.data._check_sample import check_sample, check_types
from graphfuse.data._per_sample import Given, per_sample
from graphfuse.data._sample_labels import infer_targets, label_columns
from graphfuse.data.columns import Columns
from graphfuse.data.ragged import Ragged, offsets_of
from graphfuse.data.sample import EdgeType, Sample, SparseEdges
from graphfuse.data.schema import Modality, Schema
from graphfuse.errors import InputError, SchemaError

__getattr__ = moved_names(__name__, {"from_samples": "graphfuse.data.FusionDataset.from_samples"})


def read_samples(
    samples: Sequence[Sample],
    schema: Schema | None = None,
    *,
    ids: Given | None = None,
    groups: Given | None = None,
    splits: Given | None = None,
    copy_of: Given | None = None,
) -> Columns:
    """Return the columns of a dataset; see :meth:`FusionDataset.from_samples`."""
    columns = _detached(gather(samples, schema))
    names = columns.ids if ids is None else ids
    return replace(columns, **vars(per_sample(len(columns), names, groups, splits, copy_of)))


def gather(samples: Sequence[Sample], schema: Schema | None = None) -> Columns:
    """Return the samples as columns; a sample may occur more than once."""
    try:
        samples = list(samples)
    except (RuntimeError, TypeError):
        raise InputError(
            f"samples must be a list of graphfuse.data.Sample, got {type(samples).__name__!r}"
        ) from None
    check_types(samples, schema)
    if not samples:
        raise InputError("a dataset or batch needs at least one sample, got an empty list")
    schema = schema or infer_schema(samples)
    with_units = _with_units(samples)
    names = [sample.id or f"number {number}" for number, sample in enumerate(samples)]
    for sample, who in zip(samples, names, strict=True):
        check_sample(sample, schema, with_units, who)
    y, unit_offsets = label_columns(samples, schema, with_units, names)
    domains = [sample.domain or "" for sample in samples]
    return Columns(
        schema,
        x={m.name: _nodes(samples, m) for m in schema.modalities},
        ids=np.array([sample.id or str(number) for number, sample in enumerate(samples)]),
        y=y,
        pos={m.name: _positions(samples, m) for m in schema.modalities if m.pos_dim},
        attrs=_attrs(samples),
        edges=_edges(samples),
        unit={m: _units(samples, m) for m in schema.names} if with_units else None,
        unit_offsets=unit_offsets,
        domain=np.array(domains) if any(domains) else None,
    )


def _detached(columns: Columns) -> Columns:
    """Return columns that no gradient flows through, as a dataset never changes."""
    return replace(
        columns,
        x={m: Ragged(nodes.values.detach(), nodes.offsets) for m, nodes in columns.x.items()},
        pos={m: values.detach() for m, values in columns.pos.items()},
        edges={
            edge_type: (index, None if weight is None else weight.detach())
            for edge_type, (index, weight) in columns.edges.items()
        },
    )


def infer_schema(samples: Sequence[Sample]) -> Schema:
    """Return the schema inferred from the samples.

    Raises:
        SchemaError: nodes, positions or labels that differ in shape between samples.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    pos_dims: dict[str, set[int]] = {}
    for number, sample in enumerate(samples):
        for name, values in (*sample.x.items(), *sample.pos.items()):
            if not isinstance(values, Tensor):
                raise SchemaError(
                    f"sample {sample.id or f'number {number}'}: nodes and positions of modality "
                    f"{name!r} are tensors, got {type(values).__name__!r}"
                )
        for name, nodes in sample.x.items():
            shapes.setdefault(name, tuple(nodes.shape[1:]))
            if name in sample.pos:
                width = sample.pos[name].shape[1] if sample.pos[name].dim() == 2 else 0
                pos_dims.setdefault(name, set()).add(width)
    for name, widths in pos_dims.items():
        if len(widths) > 1 or 0 in widths:
            raise SchemaError(
                f"positions of modality {name!r} are [N, P] with one P in all samples, got "
                f"P in {sorted(widths)}; give every node as many coordinates"
            )
    modalities = [Modality(m, shape, max(pos_dims.get(m, {0}))) for m, shape in shapes.items()]
    return Schema(tuple(modalities), infer_targets(samples, _with_units(samples)))


def _with_units(samples: Sequence[Sample]) -> bool:
    return any(sample.unit is not None for sample in samples)


def _nodes(samples: Sequence[Sample], modality: Modality) -> Ragged:
    rows = [sample.x[modality.name] for sample in samples if modality.name in sample.x]
    counts = torch.tensor([len(sample.x.get(modality.name, ())) for sample in samples])
    if not rows:
        floats = {n.dtype for s in samples for n in s.x.values() if n.is_floating_point()}
        dtype = reduce(torch.promote_types, floats or {torch.float32})
        rows = [torch.zeros(0, *modality.shape, dtype=dtype)]
    return Ragged(_joined(rows), offsets_of(counts))


def _positions(samples: Sequence[Sample], modality: Modality) -> Tensor:
    rows = [sample.pos[modality.name] for sample in samples if modality.name in sample.pos]
    return _joined([*rows, torch.zeros(0, modality.pos_dim)])


def _units(samples: Sequence[Sample], name: str) -> Tensor:
    given = [sample.unit[name] for sample in samples if sample.unit and name in sample.unit]
    return _joined([*(rows.long() for rows in given), torch.zeros(0, dtype=torch.long)])


def _joined(rows: Sequence[Tensor]) -> Tensor:
    """Concatenate, so that the dtype is that of the rows that hold something."""
    return torch.cat([row for row in rows if len(row)] or [rows[-1]])


def _attrs(samples: Sequence[Sample]) -> dict[str, dict[str, Tensor]]:
    attributes = sorted({name for sample in samples for name in sample.attrs})
    columns: dict[str, dict[str, Tensor]] = {}
    for attribute in attributes:
        carriers = {m for sample in samples for m in sample.attrs.get(attribute, {})}
        columns[attribute] = {}
        for m in sorted(carriers):
            rows = []
            for sample in samples:
                values = sample.attrs.get(attribute, {}).get(m)
                if values is None:
                    values = torch.full((len(sample.x.get(m, ())),), -1)
                rows.append(values.long())
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
            if weight is None:
                index = _once(index)
            weighted |= weight is not None
            indices.append(index.T.long())
            weights.append(torch.ones(index.shape[1]) if weight is None else weight)
        columns[edge_type] = (
            Ragged.from_rows(indices),
            torch.cat(weights) if weighted else None,
        )
    return columns


def _once(index: Tensor) -> Tensor:
    """Leave each edge there once: without weights nothing of it could add up."""
    unique: Tensor = index.unique(dim=1)  # type: ignore[no-untyped-call]
    return index if unique.shape == index.shape else unique
