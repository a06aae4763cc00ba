"""The columns of a dataset, each declared once, and a walk over the arrays in them.

All code that handles every column (subset, batch, file, fingerprint, conversion) loops over the
declaration. A new column is a field of :class:`Columns` with ``metadata=column(...)``.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from functools import cache
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from graphfuse._origin import Origin
from graphfuse.data.ragged import Ragged, offsets_of
from graphfuse.data.sample import EdgeType
from graphfuse.data.schema import Modality, Schema
from graphfuse.data.spec import RelationSpec, StepSpec
from graphfuse.errors import InputError

MOST_UNITS = 1_000_000
"""Units of a sample that few nodes may name."""


class Per(Enum):
    """Which items a column has one entry per."""

    NODE = "node"
    UNIT = "unit"  # the sample itself where samples have no units
    EDGE = "edge"
    SAMPLE = "sample"


Shape = Callable[[Modality], tuple[int, ...] | None]


def one_value(modality: Modality) -> tuple[int, ...]:
    """Return the shape of a single value."""
    return ()


@dataclass(frozen=True)
class Column:
    """The declaration of a column.

    ``nested`` columns per node are ``{attribute: {modality: values}}``, others
    ``{modality: values}``. ``ragged`` values carry the offsets that separate samples. An ``index``
    counts from 0; -1 stands for none. ``shape`` is that of one node's value by modality, None
    where a modality has no such values. An ``optional`` column may be None, and its text per
    sample may be empty.
    """

    per: Per
    nested: bool = False
    ragged: bool = False
    index: bool = False
    shape: Shape = one_value
    name: str = ""
    optional: bool = False

    @property
    def fill(self) -> int:
        """The value at the padded nodes of a batch."""
        return -1 if self.index else 0

    @property
    def key(self) -> tuple[str, ...]:
        """What the key of each array stands for."""
        if self.per is Per.NODE:
            return ("attribute", "modality") if self.nested else ("modality",)
        return {Per.UNIT: ("target",), Per.EDGE: ("edge_type",), Per.SAMPLE: ()}[self.per]


def column(
    per: Per,
    *,
    nested: bool = False,
    ragged: bool = False,
    index: bool = False,
    shape: Shape = one_value,
) -> dict[str, Column]:
    """Return the metadata that declares a dataclass field to be a column."""
    return {"column": Column(per, nested, ragged, index, shape)}


def declared(owner: type) -> Mapping[Per, tuple[Column, ...]]:
    """Return the columns that a dataclass declares, in the order of its fields.

    Example:
        >>> [column.name for column in declared(Columns)[Per.SAMPLE]]
        ['ids', 'domain', 'groups', 'splits', 'copy_of']
    """
    found: Mapping[Per, tuple[Column, ...]] = _declared(owner)
    return found


@cache
def _declared(owner: type) -> Mapping[Per, tuple[Column, ...]]:
    columns = [
        replace(f.metadata["column"], name=f.name, optional=f.default is None)
        for f in fields(owner)
        if "column" in f.metadata
    ]
    return {per: tuple(c for c in columns if c.per is per) for per in Per}


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a dataset."""

    schema: Schema
    x: Mapping[str, Ragged] = field(
        metadata=column(Per.NODE, ragged=True, shape=lambda modality: modality.shape)
    )
    ids: np.ndarray = field(metadata=column(Per.SAMPLE))
    y: Mapping[str, Tensor] | None = field(default=None, metadata=column(Per.UNIT))
    pos: Mapping[str, Tensor] = field(
        default_factory=dict,
        metadata=column(Per.NODE, shape=lambda m: (m.pos_dim,) if m.pos_dim else None),
    )
    unit: Mapping[str, Tensor] | None = field(default=None, metadata=column(Per.NODE, index=True))
    unit_offsets: Tensor | None = None
    attrs: Mapping[str, Mapping[str, Tensor]] = field(
        default_factory=dict, metadata=column(Per.NODE, nested=True, index=True)
    )
    edges: Mapping[EdgeType, tuple[Ragged, Tensor | None]] = field(
        default_factory=dict, metadata=column(Per.EDGE)
    )
    domain: np.ndarray | None = field(default=None, metadata=column(Per.SAMPLE))
    groups: np.ndarray | None = field(default=None, metadata=column(Per.SAMPLE))
    splits: np.ndarray | None = field(default=None, metadata=column(Per.SAMPLE))
    copy_of: np.ndarray | None = field(default=None, metadata=column(Per.SAMPLE))

    def __post_init__(self) -> None:
        if self.unit is not None and self.unit_offsets is None:
            object.__setattr__(self, "unit_offsets", _count_units(self.x, self.unit))

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, kw_only=True, eq=False)
class About:
    """Facts about a dataset as a whole."""

    name: str = ""
    relations: tuple[RelationSpec, ...] | None = None
    steps: tuple[StepSpec, ...] | None = None
    bayes_accuracy: float | None = None
    graph_should_win: bool | None = None
    augment: Mapping[str, Any] | None = None
    origin: Origin | None = None

    @classmethod
    def of(
        cls,
        name: Any,
        relations: Any = None,
        bayes_accuracy: Any = None,
        graph_should_win: Any = None,
    ) -> About:
        """Return the facts that a caller gives about a dataset, with their types checked.

        Raises:
            InputError: a value of another type.
        """
        if not isinstance(name, str):
            raise InputError(f"name must be the name of the dataset, got {reprlib.repr(name)}")
        if not isinstance(relations, list | tuple | None):
            raise InputError(
                f"relations must be a list of names or specs, got {reprlib.repr(relations)}"
            )
        if not isinstance(bayes_accuracy, Real | None):
            raise InputError(
                f"bayes_accuracy must be a number or None, got {reprlib.repr(bayes_accuracy)}"
            )
        if not isinstance(graph_should_win, bool | np.bool_ | None):
            raise InputError(
                f"graph_should_win must be True, False or None, got "
                f"{reprlib.repr(graph_should_win)}"
            )
        return cls(
            name=name,
            relations=None if relations is None else tuple(map(RelationSpec.of, relations)),
            bayes_accuracy=None if bayes_accuracy is None else float(bayes_accuracy),
            graph_should_win=None if graph_should_win is None else bool(graph_should_win),
        )


class Array(NamedTuple):
    """One array of a column: ``values`` [rows, ...], and which rows belong to which sample.

    ``key`` says where the array stands in its column: the modality, the attribute and modality,
    the target or the edge type. Without ``offsets`` there is one row per sample. ``weight`` is
    that of edges.
    """

    column: Column
    key: tuple[Any, ...]
    values: Tensor | np.ndarray
    offsets: Tensor | None = None
    weight: Tensor | None = None

    @property
    def path(self) -> tuple[Any, ...]:
        """Name of the column, and the key."""
        return (self.column.name, *self.key)


def arrays(columns: Columns) -> Iterator[Array]:
    """Yield every array in a fixed order: by modality, target, edge type, then per sample."""
    of = declared(type(columns))
    for m in columns.schema.names:
        offsets = columns.x[m].offsets
        for per_node in of[Per.NODE]:
            held = getattr(columns, per_node.name) or {}
            if per_node.nested:
                for name in sorted(held):
                    if m in held[name]:
                        yield Array(per_node, (name, m), held[name][m], offsets)
            elif m in held:
                values = held[m].values if per_node.ragged else held[m]
                yield Array(per_node, (m,), values, offsets)
    for per_unit in of[Per.UNIT]:
        for target, labels in sorted((getattr(columns, per_unit.name) or {}).items()):
            yield Array(per_unit, (target,), labels, columns.unit_offsets)
    for per_edge in of[Per.EDGE]:
        for edge_type, (index, weight) in sorted(getattr(columns, per_edge.name).items()):
            yield Array(per_edge, (edge_type,), index.values, index.offsets, weight)
    for per_sample in of[Per.SAMPLE]:
        texts = getattr(columns, per_sample.name)
        if texts is not None:
            yield Array(per_sample, (), texts)


def nest(entries: Iterable[tuple[tuple[Any, ...], Any]]) -> dict[str, Any]:
    """Put each value at its path of nested dicts.

    Example:
        >>> nest([(("ids",), [1]), (("attrs", "speaker", "text"), 2)])
        {'ids': [1], 'attrs': {'speaker': {'text': 2}}}
    """
    nested: dict[str, Any] = {}
    for path, value in entries:
        place = nested
        for part in path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = value
    return nested


def fields_of(held: Iterable[Array]) -> dict[str, Any]:
    """Return the fields of :class:`Columns` that arrays fill: the inverse of :func:`arrays`."""
    return nest((array.path, _stored(array)) for array in held)


def _stored(array: Array) -> Any:
    values, offsets = array.values, array.offsets
    if offsets is None or isinstance(values, np.ndarray):
        return values
    if array.column.per is Per.EDGE:
        return Ragged(values, offsets), array.weight
    return Ragged(values, offsets) if array.column.ragged else values


def in_schema(columns: Columns, schema: Schema) -> dict[str, Any]:
    """Return the fields of :class:`Columns` by a schema whose other modalities are all missing."""
    missing = [m for m in schema.modalities if m.name not in columns.x]
    offsets = torch.zeros(len(columns) + 1, dtype=torch.long)
    empty = [
        Array(column, (m.name,), torch.zeros(0, *shape), offsets)
        for column in declared(type(columns))[Per.NODE]
        for m in missing
        if not column.index and (shape := column.shape(m)) is not None
    ]
    return {"schema": schema, **fields_of([*arrays(columns), *empty])}


def take(columns: Columns, rows: Tensor) -> dict[str, Any]:
    """Return the fields of :class:`Columns` for the samples at the given rows."""
    places: dict[int, tuple[Tensor, Tensor]] = {}

    def place(offsets: Tensor) -> tuple[Tensor, Tensor]:
        # The arrays of a modality share their offsets.
        if id(offsets) not in places:
            own = Ragged(offsets, offsets)
            places[id(offsets)] = own.positions(rows)[0], offsets_of(own.counts[rows])
        return places[id(offsets)]

    def taken(array: Array) -> Array:
        if isinstance(array.values, np.ndarray):
            return array._replace(values=array.values[rows.numpy()])
        if array.offsets is None:
            return array._replace(values=array.values[rows])
        position, offsets = place(array.offsets)
        weight = None if array.weight is None else array.weight[position]
        return array._replace(values=array.values[position], offsets=offsets, weight=weight)

    units = columns.unit_offsets
    picked = fields_of(taken(array) for array in arrays(columns))
    return picked | {"unit_offsets": None if units is None else place(units)[1]}


def _count_units(x: Mapping[str, Ragged], unit: Mapping[str, Tensor]) -> Tensor:
    """Return offsets of the units of each sample, as many as its nodes show."""
    top = torch.zeros(len(next(iter(x.values()))), dtype=torch.long)
    for m, values in unit.items():
        owner = torch.repeat_interleave(torch.arange(len(top)), x[m].counts)
        top.scatter_reduce_(0, owner, values + 1, "amax")
    most = max(MOST_UNITS, 100 * sum(map(len, unit.values())))
    if len(top) and int(top.max()) > most:
        raise InputError(
            f"units must be numbered from 0 without gaps, but sample {int(top.argmax())} names "
            f"unit {int(top.max()) - 1}; renumber the units"
        )
    return offsets_of(top)
