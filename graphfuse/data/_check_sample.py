"""Check samples: their types, and whether they fit the schema."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from graphfuse.data.columns import Column, Columns, Per, declared
from graphfuse.data.sample import EdgeType, Sample, SparseEdges
from graphfuse.data.schema import Schema
from graphfuse.data.values import check_tensor
from graphfuse.errors import InputError, SchemaError, UnknownNameError


def check_types(samples: Sequence[Sample], schema: Schema | None) -> None:
    """Raise an error unless the fields of samples are dicts of tensors.

    Raises:
        InputError: an entry is not a sample, or a field has the wrong type.
    """
    if not isinstance(schema, Schema | None):
        raise InputError(f"schema must be a graphfuse.data.Schema, got {_shape_of(schema)}")
    for number, sample in enumerate(samples):
        if not isinstance(sample, Sample):
            raise InputError(
                f"samples are a list of graphfuse.data.Sample; entry {number} is "
                f"{_shape_of(sample)}. Arrays go to FusionDataset.from_arrays, graphs to .from_pyg"
            )
        _check_fields(sample, f"sample number {number}")


def _check_fields(sample: Sample, who: str) -> None:
    if not isinstance(sample.id, str) or not isinstance(sample.domain, str | None):
        raise InputError(
            f"{who}: id and domain must be strings, got {reprlib.repr(sample.id)} and "
            f"{reprlib.repr(sample.domain)}"
        )
    who = f"sample {sample.id}" if sample.id else who
    of = declared(Columns)
    for column in (*of[Per.NODE], *of[Per.EDGE]):
        held = getattr(sample, column.name)
        if held is not None or not column.optional:
            _check_mapping(held, column.name, who)
        if column.per is Per.NODE:
            _check_values(column, held or {}, who)
    for edge_type, edges in sample.edges.items():
        if not isinstance(edge_type, tuple) or len(edge_type) != 3:
            raise InputError(
                f"{who}: an edge type must be (source modality, relation, destination modality), "
                f"got {reprlib.repr(edge_type)}"
            )
        index = edges.index if isinstance(edges, SparseEdges) else edges
        _check_integer(index, f"{who}: edges {edge_type}")


def _check_mapping(given: object, what: str, who: str) -> None:
    if not isinstance(given, Mapping):
        raise InputError(f"{who}: {what} must be a dict, got {_shape_of(given)}")


def _check_values(column: Column, held: Mapping[str, Any], who: str) -> None:
    for attribute, by_modality in held.items() if column.nested else [("", held)]:
        name = f"attribute {attribute!r}" if column.nested else column.name
        if column.nested:
            _check_mapping(by_modality, f"{column.name}[{attribute!r}]", who)
        for modality, values in by_modality.items():
            what = f"{who}: {name} of modality {modality!r}"
            if column.index:
                _check_integer(values, what)
            elif isinstance(values, Tensor):  # what else it is, is said with its shape
                check_tensor(values, what)


def _check_integer(given: object, what: str) -> None:
    if not isinstance(given, Tensor):
        return  # what it is instead, is said with its shape
    values = check_tensor(given, what)
    strange = values[values != values.floor()] if values.is_floating_point() else values[:0]
    if len(strange) or values.dtype == torch.bool:
        shown = values.dtype if values.dtype == torch.bool else f"{strange[0].item():g}"
        raise InputError(f"{what} holds integers, got {shown}")


def check_sample(sample: Sample, schema: Schema, with_units: bool, who: str) -> None:
    """Raise an error unless everything but the label fits; ``who`` names the sample.

    Raises:
        SchemaError: a modality, shape, length, value or edge that does not fit.
    """
    for name, nodes in sample.x.items():
        _check_nodes(name, nodes, schema, who)
    _check_pos(sample, schema, who)
    for attribute, values in sample.attrs.items():
        _check_lengths(f"attribute {attribute!r}", values, sample, schema, who)
    if with_units:
        _check_unit(sample, schema, who)
    for edge_type, edges in sample.edges.items():
        _check_edges(edge_type, edges, sample, schema, who)


def _known(name: str, schema: Schema, who: str) -> None:
    if name not in schema.names:
        raise SchemaError(f"sample {who}: {UnknownNameError('modality', name, schema.names)}")


def _check_nodes(name: str, nodes: Tensor, schema: Schema, who: str) -> None:
    _known(name, schema, who)
    shape = schema[name].shape
    if not isinstance(nodes, Tensor) or not nodes.dim() or tuple(nodes.shape[1:]) != shape:
        raise SchemaError(
            f"sample {who}: modality {name!r} must be a tensor "
            f"[N, {', '.join(map(str, shape))}] by "
            f"the schema, got {_shape_of(nodes)}"
        )
    if nodes.is_floating_point() and not bool(torch.isfinite(nodes).all()):
        raise SchemaError(
            f"sample {who}: modality {name!r} holds NaN or infinite values; "
            f"clean them, or leave the key out if the modality is missing"
        )


def _check_pos(sample: Sample, schema: Schema, who: str) -> None:
    for name in sample.pos:
        _known(name, schema, who)
    for modality in schema.modalities:
        count = len(sample.x.get(modality.name, ()))
        pos = sample.pos.get(modality.name)
        if not modality.pos_dim or (pos is None and not count):
            continue
        if not isinstance(pos, Tensor) or pos.shape != (count, modality.pos_dim):
            raise SchemaError(
                f"sample {who}: modality {modality.name!r} has {count} nodes and pos_dim "
                f"{modality.pos_dim}, so pos is [{count}, {modality.pos_dim}]; "
                f"got {_shape_of(pos)}"
            )
        if not bool(torch.isfinite(pos).all()):
            raise SchemaError(
                f"sample {who}: positions of modality {modality.name!r} hold NaN or infinite "
                f"values; each of its nodes has a position"
            )


def _check_lengths(
    what: str, values: Mapping[str, Tensor], sample: Sample, schema: Schema, who: str
) -> None:
    for name, rows in values.items():
        _known(name, schema, who)
        count = len(sample.x.get(name, ()))
        if not isinstance(rows, Tensor) or rows.shape != (count,):
            raise SchemaError(
                f"sample {who}: {what} of modality {name!r} has one value per node, [{count}]; "
                f"got {_shape_of(rows)}"
            )


def _check_unit(sample: Sample, schema: Schema, who: str) -> None:
    if sample.unit is None:
        raise SchemaError(
            f"sample {who}: unit is missing, but other samples have it; give unit={{modality: "
            f"LongTensor[N]}} to all samples or to none"
        )
    _check_lengths("unit", sample.unit, sample, schema, who)
    for name, nodes in sample.x.items():
        if len(nodes) and name not in sample.unit:
            raise SchemaError(
                f"sample {who}: unit of modality {name!r} is missing; "
                f"give one value for each of its {len(nodes)} nodes"
            )


def _check_edges(
    edge_type: EdgeType, edges: Tensor | SparseEdges, sample: Sample, schema: Schema, who: str
) -> None:
    source, _, destination = edge_type
    schema.check_names((source, destination))
    index = edges.index if isinstance(edges, SparseEdges) else edges
    limits = [len(sample.x.get(end, ())) for end in (source, destination)]
    if not isinstance(index, Tensor) or index.dim() != 2 or index.shape[0] != 2:
        raise SchemaError(
            f"sample {who}: edges {edge_type} must be [2, E] (source row, destination row), got "
            f"{_shape_of(index)}"
        )
    if index.shape[1] and (
        int(index.min()) < 0 or any(int(index[k].max()) >= limits[k] for k in (0, 1))
    ):
        raise SchemaError(
            f"sample {who}: edges {edge_type} point at rows up to {index.max(1).values.tolist()}, "
            f"but {source!r} has {limits[0]} nodes and {destination!r} has {limits[1]}"
        )
    weight = edges.weight if isinstance(edges, SparseEdges) else None
    if weight is not None and not bool((weight.isfinite() & (weight >= 0)).all()):
        raise SchemaError(
            f"sample {who}: weights of edges {edge_type} must lie in [0, inf), got "
            f"{weight.min().item()} to {weight.max().item()}; shift or clean them, or leave the "
            f"edges out"
        )


def _shape_of(given: object) -> str:
    if isinstance(given, Tensor) and not given.is_nested:
        return f"shape {list(given.shape)}"
    return repr(type(given).__name__)
