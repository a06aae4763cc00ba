"""Turn a list of samples into the columns of a dataset, checking each against the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import reduce

import numpy as np
import torch
from torch import Tensor

from graphfuse._moved import moved_names
from graphfuse.data._check_sample import check_sample, check_types
from graphfuse.data._per_sample import Given, per_sample
from graphfuse.data._sample_labels import infer_targets, label_columns
from graphfuse.data.columns import Array, Column, Columns, Per, arrays, declared, fields_of
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
    held = fields_of(_arrays(samples, schema))
    ids = np.array([sample.id or str(number) for number, sample in enumerate(samples)])
    return Columns(schema, ids=ids, y=y, unit_offsets=unit_offsets, **held)


def _detached(columns: Columns) -> Columns:
    """Return columns that no gradient flows through, as a dataset never changes."""
    return replace(columns, **fields_of(map(_without_gradient, arrays(columns))))


def _without_gradient(array: Array) -> Array:
    if isinstance(array.values, np.ndarray):
        return array
    weight = None if array.weight is None else array.weight.detach()
    return array._replace(values=array.values.detach(), weight=weight)


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


def _arrays(samples: Sequence[Sample], schema: Schema) -> Iterator[Array]:
    """Yield what samples hold of each column that they have by the same name, but the labels."""
    of = declared(Columns)
    offsets = {
        m: offsets_of(torch.tensor([len(sample.x.get(m, ())) for sample in samples]))
        for m in schema.names
    }
    for per_node in of[Per.NODE]:
        yield from _of_nodes(per_node, samples, schema, offsets)
    for per_edge in of[Per.EDGE]:
        yield from _of_edges(per_edge, [getattr(sample, per_edge.name) for sample in samples])
    for by_sample in of[Per.SAMPLE]:
        texts = [getattr(sample, by_sample.name, None) or "" for sample in samples]
        if any(texts):
            yield Array(by_sample, (), np.array(texts))


def _of_nodes(
    column: Column, samples: Sequence[Sample], schema: Schema, offsets: Mapping[str, Tensor]
) -> Iterator[Array]:
    for key, given in _by_key(column, samples):
        shapes = {
            m.name: shape for m in schema.modalities if (shape := column.shape(m)) is not None
        }
        of = {m: [own.get(m) for own in given] for m in shapes}
        every = [row for rows in of.values() for row in rows if row is not None]
        floats = {row.dtype for row in every if row.is_floating_point()} or {torch.float32}
        none = torch.zeros(0, dtype=reduce(torch.promote_types, floats))
        for m, rows in of.items():
            if column.nested and all(row is None for row in rows):
                continue
            if column.index:
                counts = offsets[m].diff().tolist()
                rows = [_indices(row, n) for row, n in zip(rows, counts, strict=True)]
            yield Array(column, (*key, m), _joined(rows, none.new_zeros(0, *shapes[m])), offsets[m])


def _by_key(
    column: Column, samples: Sequence[Sample]
) -> Iterator[tuple[tuple[str, ...], list[Mapping[str, Tensor]]]]:
    """Yield what each sample gives by modality, of nested columns for each attribute."""
    held = [getattr(sample, column.name) for sample in samples]
    if column.nested:
        for name in sorted({name for own in held for name in own}):
            yield (name,), [own.get(name, {}) for own in held]
    elif any(own is not None for own in held):
        yield (), [own or {} for own in held]


def _indices(row: Tensor | None, count: int) -> Tensor:
    return torch.full((count,), -1) if row is None else row.long()


def _joined(rows: Sequence[Tensor | None], none: Tensor) -> Tensor:
    """Concatenate, so that the dtype is that of the rows that hold something."""
    given = [row for row in rows if row is not None]
    return torch.cat([row for row in given if len(row)] or given[-1:] or [none])


def _of_edges(
    column: Column, held: Sequence[Mapping[EdgeType, Tensor | SparseEdges]]
) -> Iterator[Array]:
    for edge_type in sorted({edge_type for own in held for edge_type in own}):
        indices, weights, weighted = [], [], False
        for own in held:
            edges = own.get(edge_type, torch.zeros(2, 0, dtype=torch.long))
            index = edges.index if isinstance(edges, SparseEdges) else edges
            weight = edges.weight if isinstance(edges, SparseEdges) else None
            if weight is None:
                index = _once(index)
            weighted |= weight is not None
            indices.append(index.T.long())
            weights.append(torch.ones(index.shape[1]) if weight is None else weight)
        rows = Ragged.from_rows(indices)
        weight = torch.cat(weights) if weighted else None
        yield Array(column, (edge_type,), rows.values, rows.offsets, weight)


def _once(index: Tensor) -> Tensor:
    """Leave each edge there once: without weights nothing of it could add up."""
    unique: Tensor = index.unique(dim=1)  # type: ignore[no-untyped-call]
    return index if unique.shape == index.shape else unique
