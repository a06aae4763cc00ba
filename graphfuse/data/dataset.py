"""Many samples, each modality as values [total nodes, F] plus offsets."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from graphfuse.data._fingerprint import columns, fingerprint
from graphfuse.data._rows import as_row, as_rows
from graphfuse.data.batch import Batch
from graphfuse.data.batch_edges import batch_edges, in_one_block
from graphfuse.data.ragged import Padding, Ragged, offsets_of
from graphfuse.data.sample import EdgeType, Sample, SparseEdges
from graphfuse.data.schema import Schema
from graphfuse.data.spec import RelationSpec, StepSpec
from graphfuse.errors import EmptySampleWarning, InputError, UnknownNameError

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData


@dataclass(frozen=True, eq=False)
class FusionDataset:
    """Samples of one schema; made by ``from_...`` methods, :meth:`load` or ``load_dataset``.

    ``dataset[i]`` is a :class:`Sample`, ``dataset.batch(indices)`` a :class:`Batch` built by
    gathers. ``groups`` are kept together by every split; ``splits`` names a given part ("train",
    "validation", "test") for each sample; ``copy_of`` the sample that a row is a changed copy of,
    by its id, "" for samples themselves: copies are trained on and never tested on. ``relations``
    are those that fit this data, if known, and ``steps`` what its features go through, fitted on
    the training part of each fold (None: standardised). ``augment`` says by modality, in plain
    data, how raw nodes change anew in every epoch where a network encodes them. ``origin`` tells,
    as plain data, which encoders made it of raw samples, and what cleaning did to these.
    A dataset never changes: ``with_edges``, ``subset`` and ``dataclasses.replace`` make new ones.

    Example:
        >>> dataset = FusionDataset.from_arrays(
        ...     {"image": np.zeros((3, 9, 8)), "text": [np.ones((2, 5)), None, np.ones((1, 5))]},
        ...     y=["cat", "dog", "cat"],
        ... )
        >>> dataset.schema.classes, len(dataset)
        (('cat', 'dog'), 3)
        >>> dataset.batch([0, 1]).mask["text"]
        tensor([[ True,  True],
                [False, False]])
    """

    schema: Schema
    x: Mapping[str, Ragged]
    ids: np.ndarray
    y: Mapping[str, Tensor] | None = None
    pos: Mapping[str, Tensor] = field(default_factory=dict)
    attrs: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)
    edges: Mapping[EdgeType, tuple[Ragged, Tensor | None]] = field(default_factory=dict)
    unit: Mapping[str, Tensor] | None = None
    unit_offsets: Tensor | None = None
    domain: np.ndarray | None = None
    groups: np.ndarray | None = None
    splits: np.ndarray | None = None
    copy_of: np.ndarray | None = None
    name: str = ""
    relations: tuple[RelationSpec, ...] | None = None
    steps: tuple[StepSpec, ...] | None = None
    bayes_accuracy: float | None = None
    graph_should_win: bool | None = None
    augment: Mapping[str, Any] | None = None
    origin: Mapping[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.unit is not None and self.unit_offsets is None:
            object.__setattr__(self, "unit_offsets", _count_units(self.x, self.unit))

    @classmethod
    def from_arrays(
        cls, x: Mapping[str, Any], y: Any = None, *, task: str | None = None, **options: Any
    ) -> FusionDataset:
        """Build a dataset from arrays; see :func:`graphfuse.data.arrays.from_arrays`."""
        from graphfuse.data.arrays import from_arrays

        return from_arrays(x, y, task=task, **options)

    @classmethod
    def from_samples(
        cls, samples: Sequence[Sample], schema: Schema | None = None, **options: Any
    ) -> FusionDataset:
        """Build a dataset from samples; without a schema, one that fits them.

        Takes ``name``, and one entry a sample of ``ids``, ``groups``, ``splits`` and ``copy_of``;
        see :func:`graphfuse.data.samples.from_samples`.
        """
        from graphfuse.data.samples import from_samples

        return from_samples(samples, schema, **options)

    @classmethod
    def from_pyg(
        cls, graphs: Sequence[HeteroData], schema: Schema | None = None, **options: Any
    ) -> FusionDataset:
        """Build a dataset from ``HeteroData``: node types are modalities, edges are given edges.

        Takes the options of :meth:`from_samples`.
        """
        from graphfuse.data._convert import samples_from_pyg

        return cls.from_samples(list(samples_from_pyg(graphs)), schema, **options)

    @classmethod
    def load(cls, path: str | Path) -> FusionDataset:
        """Read a folder that :meth:`save` wrote; values are mapped, not copied, into memory.

        That the values are those saved is not looked at, as that would read them all; see
        :meth:`verify`.
        """
        from graphfuse.data.storage import load

        return load(Path(path))

    @classmethod
    def verify(cls, path: str | Path) -> None:
        """Raise an error if a saved folder does not hold what was saved; reads every value."""
        from graphfuse.data.storage import verify

        verify(Path(path))

    def save(self, path: str | Path) -> None:
        """Write a folder: ``samples.arrow`` and ``schema.json``; whole or not at all.

        A saved dataset that is there is replaced; anything else there is an error.
        """
        from graphfuse.data.storage import save

        save(self, Path(path))

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        task = "/".join(target.task for target in self.schema.targets.values()) or "unlabelled"
        sizes = ", ".join(f"{m.name}{list(m.shape)}" for m in self.schema.modalities)
        copies = len(self) - len(self.originals)
        samples = f"{len(self.originals)} samples" + (f" + {copies} copies" if copies else "")
        return f"FusionDataset({self.name!r}, {samples}, {sizes}, {task})"

    def __getitem__(self, i: int) -> Sample:
        """Return a sample, a copy that may be changed."""
        i = as_row(i, len(self))
        spans = {
            name: slice(int(column.offsets[i]), int(column.offsets[i + 1]))
            for name, column in self.x.items()
        }
        present = {name: span for name, span in spans.items() if span.stop > span.start}

        def rows(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return {m: values[m][span].clone() for m, span in present.items() if m in values}

        return Sample(
            x=rows({name: column.values for name, column in self.x.items()}),
            y=self._label(i),
            pos=rows(self.pos),
            attrs={name: rows(values) for name, values in self.attrs.items()},
            edges={edge_type: self._sample_edges(edge_type, i) for edge_type in self.edges},
            unit=None if self.unit is None else rows(self.unit),
            domain=None if self.domain is None else str(self.domain[i]),
            id=str(self.ids[i]),
        )

    def __iter__(self) -> Iterator[Sample]:
        return (self[i] for i in range(len(self)))

    @property
    def originals(self) -> np.ndarray:
        """Rows of the samples themselves, without changed copies of them.

        Example:
            >>> data = FusionDataset.from_arrays({"a": np.ones((3, 2))}, copy_of=["", "", "0"])
            >>> data.originals.tolist()
            [0, 1]
        """
        return np.flatnonzero(np.ones(len(self)) if self.copy_of is None else self.copy_of == "")

    def copies(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows of the changed copies of the samples at ``rows``."""
        if self.copy_of is None:
            return np.zeros(0, dtype=np.int64)
        return np.flatnonzero((self.copy_of != "") & np.isin(self.copy_of, self.ids[rows]))

    @property
    def edge_types(self) -> tuple[EdgeType, ...]:
        """Types of the edges that the samples carry, sorted."""
        return tuple(sorted(self.edges))

    def batch(self, indices: Sequence[int] | np.ndarray | Tensor) -> Batch:
        """Return the samples at ``indices`` as one padded batch, by gathers alone."""
        rows = as_rows(indices, len(self))
        paddings = {
            name: Padding.of(column.offsets, rows, column.width) for name, column in self.x.items()
        }
        unit_mask, y = self._targets(rows)
        return Batch(
            x={name: paddings[name].apply(column.values) for name, column in self.x.items()},
            mask={name: padding.mask for name, padding in paddings.items()},
            pos={name: paddings[name].apply(values) for name, values in self.pos.items()},
            pos_unit={m.name: m.pos_unit for m in self.schema.modalities if m.pos_unit},
            attrs={
                attribute: {m: paddings[m].apply(v, -1) for m, v in values.items()}
                for attribute, values in self.attrs.items()
            },
            edges={t: self._edges_of(t, rows, paddings) for t in self.edge_types},
            unit=None
            if self.unit is None
            else {name: paddings[name].apply(values, -1) for name, values in self.unit.items()},
            unit_mask=unit_mask,
            y=y,
            ids=self.ids[rows.numpy()].tolist(),
            domain=None
            if self.domain is None
            else [None if d == "" else str(d) for d in self.domain[rows.numpy()]],
        )

    def subset(self, indices: Sequence[int] | np.ndarray | Tensor) -> FusionDataset:
        """Return a dataset of the samples at ``indices``, in that order."""
        rows = as_rows(indices, len(self))
        where = {name: column.positions(rows)[0] for name, column in self.x.items()}
        picked = rows.numpy()
        place, unit_offsets = rows, self.unit_offsets
        if unit_offsets is not None:
            units = Ragged(torch.arange(int(unit_offsets[-1])), unit_offsets).take(rows)
            place, unit_offsets = units.values, units.offsets
        y = None if self.y is None else {name: v[place] for name, v in self.y.items()}
        edges: dict[EdgeType, tuple[Ragged, Tensor | None]] = {}
        for edge_type, (index, weight) in self.edges.items():
            chosen, _ = index.positions(rows)
            edges[edge_type] = (index.take(rows), None if weight is None else weight[chosen])
        return replace(
            self,
            x={name: column.take(rows) for name, column in self.x.items()},
            ids=self.ids[picked],
            y=y,
            pos={m: values[where[m]] for m, values in self.pos.items()},
            attrs={
                attribute: {m: v[where[m]] for m, v in values.items()}
                for attribute, values in self.attrs.items()
            },
            edges=edges,
            unit=None
            if self.unit is None
            else {m: values[where[m]] for m, values in self.unit.items()},
            unit_offsets=unit_offsets,
            domain=None if self.domain is None else self.domain[picked],
            groups=None if self.groups is None else self.groups[picked],
            splits=None if self.splits is None else self.splits[picked],
            copy_of=None if self.copy_of is None else self.copy_of[picked],
        )

    def warn_of_empty_samples(self) -> None:
        """Warn if there are samples without a node of any modality."""
        counts = torch.stack([column.counts for column in self.x.values()]).sum(0)[self.originals]
        if empty := int((counts == 0).sum()):
            warnings.warn(
                f"{empty} of {len(counts)} samples of {self.name or 'the dataset'} have no node of "
                f"any modality; every strategy predicts a constant for them",
                EmptySampleWarning,
                stacklevel=4,
            )

    def select_target(self, name: str) -> FusionDataset:
        """Return the dataset with one of its several targets alone."""
        if name not in self.schema.targets:
            raise UnknownNameError("target", name, self.schema.targets)
        schema = Schema(self.schema.modalities, {name: self.schema.targets[name]})
        return replace(self, schema=schema, y=None if self.y is None else {name: self.y[name]})

    def with_edges(self, edges: Mapping[EdgeType, tuple[Ragged, Tensor | None]]) -> FusionDataset:
        """Return the dataset with these edges in place of its own: rows [E, 2], weights [E]."""
        return replace(self, edges=dict(edges))

    def labels(self) -> np.ndarray:
        """Copy the labels of the only target to an array [n, ...]; an error if there are none."""
        _ = self.schema.target
        if self.y is None:
            raise InputError(f"dataset {self.name!r} has no labels; give y when building it")
        return next(iter(self.y.values())).numpy().copy()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the schema, the steps and all that the samples hold."""
        return fingerprint(self)

    def columns(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield every array with a label that tells it apart, in a fixed order."""
        return columns(self)

    def _label(self, i: int) -> Any:
        if self.y is None:
            return None
        span = slice(i, i + 1)
        if self.unit_offsets is not None:
            span = slice(int(self.unit_offsets[i]), int(self.unit_offsets[i + 1]))
        single = self.unit_offsets is None
        labels = {
            name: (values[span][0] if single else values[span]).clone()
            for name, values in self.y.items()
        }
        return labels if len(labels) > 1 else next(iter(labels.values()))

    def _sample_edges(self, edge_type: EdgeType, i: int) -> Tensor | SparseEdges:
        index, weight = self.edges[edge_type]
        own = index[i].T.clone()
        if weight is None:
            return own
        return SparseEdges(own, weight[int(index.offsets[i]) : int(index.offsets[i + 1])].clone())

    def _edges_of(
        self, edge_type: EdgeType, rows: Tensor, paddings: Mapping[str, Padding]
    ) -> Tensor | SparseEdges:
        if len(rows) and edge_type in self._dense_edges:
            return self._dense_edges[edge_type].index_select(0, rows)
        source, _, destination = edge_type
        return batch_edges(*self.edges[edge_type], rows, paddings[source], paddings[destination])

    @cached_property
    def _dense_edges(self) -> dict[EdgeType, Tensor]:
        return {
            edge_type: dense
            for edge_type, (index, weight) in self.edges.items()
            if (dense := in_one_block(index, weight, self.x[edge_type[0]], self.x[edge_type[2]]))
            is not None
        }

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_dense_edges"}

    def _targets(self, rows: Tensor) -> tuple[Tensor | None, Any]:
        padding = None if self.unit_offsets is None else Padding.of(self.unit_offsets, rows)
        unit_mask = None if padding is None else padding.mask
        if self.y is None:
            return unit_mask, None
        y = dict[str, Tensor]()
        for name, values in self.y.items():
            fill = float("nan") if values.is_floating_point() else -1
            y[name] = (
                values.index_select(0, rows) if padding is None else padding.apply(values, fill)
            )
        return unit_mask, (y if len(y) > 1 else next(iter(y.values())))


def _count_units(x: Mapping[str, Ragged], unit: Mapping[str, Tensor]) -> Tensor:
    """Return offsets of the units of each sample, as many as its nodes show."""
    top = torch.zeros(len(next(iter(x.values()))), dtype=torch.long)
    for m, values in unit.items():
        owner = torch.repeat_interleave(torch.arange(len(top)), x[m].counts)
        top.scatter_reduce_(0, owner, values + 1, "amax")
    return offsets_of(top)


def collate(samples: Sequence[Sample], schema: Schema) -> Batch:
    """Pad samples to one batch; every modality of the schema is a key, whatever they lack.

    A sample alone does not know the dtype of a modality that it lacks: where no sample of the
    batch has it, its empty rows are floats.

    Raises:
        SchemaError: a sample has a modality, shape or label that the schema does not know.

    Example:
        >>> from graphfuse.data import Modality
        >>> schema = Schema([Modality("a", (2,)), Modality("b", (3,))])
        >>> samples = [Sample({"a": torch.ones(2, 2)}), Sample({"b": torch.ones(1, 3)})]
        >>> batch = collate(samples, schema)
        >>> batch.mask["a"].tolist()
        [[True, True], [False, False]]
    """
    from graphfuse.data.samples import gather

    dataset = gather(samples, schema)
    batch = dataset.batch(range(len(dataset)))
    # A sample without an id has none here either: its place in the batch must mean nothing.
    return replace(batch, ids=[sample.id for sample in samples])
