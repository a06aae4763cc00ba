"""Datasets: many samples, each modality as values [total nodes, F] and offsets."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from torch import Tensor

from graphfuse._wording import count
from graphfuse.data._fingerprint import fingerprint, labelled_arrays
from graphfuse.data._per_sample import Given
from graphfuse.data._rows import as_row, as_rows
from graphfuse.data.arrays import read_arrays
from graphfuse.data.batch import Batch
from graphfuse.data.batch_edges import batch_edges, in_one_block
from graphfuse.data.columns import About, Array, Columns, Per, arrays, declared, nest, take
from graphfuse.data.from_pyg import samples_from_pyg
from graphfuse.data.ragged import Padding, Ragged
from graphfuse.data.sample import EdgeType, Sample, SparseEdges
from graphfuse.data.samples import gather, read_samples
from graphfuse.data.schema import Schema
from graphfuse.data.spec import RelationSpec
from graphfuse.data.storage import load, save
from graphfuse.errors import EmptySampleWarning, InputError, UnknownNameError

if TYPE_CHECKING:
    from torch_geometric.data import Data, HeteroData


BATCHED = {f.name for f in fields(Batch)}
"""Columns that a batch has too."""


@dataclass(frozen=True, eq=False)
class FusionDataset(Columns, About):
    """Samples of one schema, built by the ``from_...`` methods, :meth:`load` or ``load_dataset``.

    ``dataset[i]`` is a :class:`Sample`, and ``dataset.batch(indices)`` a padded :class:`Batch`.
    A dataset never changes: ``subset``, ``with_edges`` and ``dataclasses.replace`` return new ones.

    Args:
        schema: modalities and targets.
        x: features of the nodes by modality, as values and offsets.
        ids: name of each sample, unique.
        y: labels by target, one per sample or one per unit.
        pos: positions of the nodes by modality.
        unit: unit of each node by modality, counted from 0 within a sample.
        unit_offsets: where the units of each sample begin and end.
        attrs: attributes of the nodes, ``{attribute: {modality: values}}``.
        edges: given edges by type, as rows [E, 2] with offsets, and weights or None.
        domain: the site or device that each sample comes from, "" where unknown.
        groups: samples of one group are never split.
        splits: the part that each sample belongs to: "train", "validation" or "test".
        copy_of: the id of the sample that a row is a changed copy of, "" for the samples
            themselves. Copies are trained on and never tested on.
        name: what results call the dataset.
        relations: the relations that fit the data, if known.
        steps: what features go through, fitted on the training part of each fold. None means that
            they are standardised.
        bayes_accuracy: accuracy of the best possible prediction, if known.
        graph_should_win: whether a graph helps, if known.
        augment: options by modality for changing raw nodes anew in every epoch.
        origin: how raw samples became nodes.

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

    @classmethod
    def from_arrays(
        cls,
        x: Mapping[str, Any],
        y: Any = None,
        *,
        task: str | None = None,
        classes: Sequence[str] | None = None,
        pos: Mapping[str, Any] | None = None,
        shapes: Mapping[str, Sequence[int]] | None = None,
        ids: Given | None = None,
        groups: Given | None = None,
        splits: Given | None = None,
        copy_of: Given | None = None,
        name: str = "",
        relations: Sequence[RelationSpec] | None = None,
        bayes_accuracy: float | None = None,
        graph_should_win: bool | None = None,
        dtype: torch.dtype | Mapping[str, torch.dtype] | None = None,
    ) -> Self:
        """Build a dataset from arrays, one per modality.

        Arrays are numpy arrays, tensors, nested lists, DataFrames of numbers, or sparse matrices,
        which become dense.

        Args:
            x: for each modality an array ``[n, F]`` (one node per sample), an array ``[n, N, F]``
                (N nodes per sample), or a list of n arrays ``[N_i, F]`` or None. A sample that is
                None or all NaN lacks the modality. A ``TensorDataset`` of two tensors stands for
                ``{"x": first}`` and ``y``.
            y: labels ``[n]`` (names, codes or numbers), ``[n, L]`` of 0 and 1 for several labels,
                or a dict of these for several targets; None or NaN marks an unlabelled sample. A
                column ``[n, 1]`` is read as ``[n]`` unless the task is "multilabel".
            task: "binary", "multiclass", "multilabel" or "regression"; inferred from ``y`` if left
                out.
            classes: class names; codes in ``y`` are then positions in this list.
            pos: positions of the nodes, one row per node: ``[n, N, P]``, ``[n, P]`` for one node
                per sample, or a list of n arrays ``[N_i, P]``. Entries of samples that lack the
                modality, None in the list, are ignored.
            shapes: shape of a raw node, ``{"image": (3, 32, 32)}``; arrays are then
                ``[n, 3, 32, 32]``.
            ids: names of the samples; their numbers if left out.
            groups: samples of one group are never split.
            splits: a given part for each sample: "train", "validation" or "test".
            copy_of: for changed copies of samples the id of the sample each was made of, "" for
                all others. They are trained on wherever that sample is, and never tested on.
            name: what results call the dataset.
            relations: the relations that fit the data.
            bayes_accuracy: accuracy of the best possible prediction.
            graph_should_win: whether a graph helps.
            dtype: dtype of the features, one for all modalities or one per modality. By default
                single precision, or double in a modality where single precision would make
                distinct values equal.

        Raises:
            InputError: lengths differ, values are NaN, infinite or beyond the dtype, or labels do
                not fit the task.
        """
        about = About.of(name, relations, bayes_accuracy, graph_should_win)
        columns = read_arrays(
            x, y, task=task, classes=classes, pos=pos, shapes=shapes, ids=ids, groups=groups,
            splits=splits, copy_of=copy_of, dtype=dtype,
        )  # fmt: skip
        return cls(**vars(columns), **vars(about))

    @classmethod
    def from_samples(
        cls,
        samples: Sequence[Sample],
        schema: Schema | None = None,
        *,
        ids: Given | None = None,
        groups: Given | None = None,
        splits: Given | None = None,
        copy_of: Given | None = None,
        name: str = "",
    ) -> Self:
        """Build a dataset from samples; without a schema, one that fits them.

        Args:
            samples: at least one.
            schema: modalities and targets.
            ids: names of the samples; those that the samples have if left out.
            groups: samples of one group are never split.
            splits: a given part for each sample: "train", "validation" or "test".
            copy_of: the id of the sample that each changed copy was made of, "" for all others.
            name: what results call the dataset.

        Raises:
            SchemaError: a modality, shape, length or label that does not fit.
            InputError: ids that are not unique, an option without one entry per sample, or copies
                of unknown samples.
        """
        columns = read_samples(
            samples, schema, ids=ids, groups=groups, splits=splits, copy_of=copy_of
        )
        return cls(**vars(columns), **vars(About.of(name)))

    @classmethod
    def from_pyg(
        cls,
        graphs: Sequence[HeteroData | Data],
        schema: Schema | None = None,
        *,
        ids: Given | None = None,
        groups: Given | None = None,
        splits: Given | None = None,
        copy_of: Given | None = None,
        name: str = "",
    ) -> Self:
        """Build a dataset from graphs: node types are modalities, edges are given edges.

        A homogeneous ``Data`` has the one modality "node". ``edge_weight``, or ``edge_attr`` of
        shape [E] or [E, 1], are the weights of edges. Whole numbers per node are attributes.
        Labels on the nodes of the only node type make each node a unit. Takes the options of
        :meth:`from_samples`.

        Raises:
            InputError: a node or edge tensor that a sample cannot hold.
        """
        samples = list(samples_from_pyg(graphs))
        return cls.from_samples(
            samples, schema, ids=ids, groups=groups, splits=splits, copy_of=copy_of, name=name
        )

    @classmethod
    def load(cls, path: str | Path, *, verify: bool = False) -> Self:
        """Read a folder that :meth:`save` wrote; values are mapped, not copied, into memory.

        Args:
            path: the folder.
            verify: read every value, and raise an error unless all are those that were saved.

        Raises:
            InputError: there is no saved dataset, or it is damaged.
        """
        stored = load(Path(path), cls)
        dataset = cls(**stored.columns, **vars(stored.about))
        if verify:
            stored.check_fingerprint(dataset.fingerprint)
        return dataset

    @classmethod
    def verify(cls, path: str | Path) -> None:
        """Raise an error if a saved folder does not hold what was saved; reads every value."""
        cls.load(path, verify=True)

    def save(self, path: str | Path) -> None:
        """Write a folder with ``samples.arrow`` and ``schema.json``, completely or not at all.

        A dataset that was saved there is replaced; anything else there is an error.
        """
        save(self, self, self.fingerprint, Path(path))

    def __repr__(self) -> str:
        task = "/".join(target.task for target in self.schema.targets.values()) or "unlabelled"
        sizes = ", ".join(f"{m.name}{list(m.shape)}" for m in self.schema.modalities)
        copies = len(self) - len(self.originals)
        samples = count(len(self.originals), "sample") + (
            f" + {count(copies, 'copy')}" if copies else ""
        )
        return f"{type(self).__name__}({self.name!r}, {samples}, {sizes}, {task})"

    def __getitem__(self, i: int) -> Sample:
        """Return a sample, a copy that may be changed."""
        i = as_row(i, len(self))
        present = {
            c.name: dict[str, Any]()
            for c in declared(type(self))[Per.NODE]
            if c.name in SAMPLED and getattr(self, c.name) is not None
        }
        held: dict[str, Any] = present | nest(
            (array.path, value)
            for array in arrays(self)
            if array.column.name in SAMPLED and (value := _of_sample(array, i)) is not None
        )
        held["y"] = _only(held.get("y"))
        return Sample(id=held.pop("ids"), **held)

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
        paddings = {m: Padding.of(own.offsets, rows, own.width) for m, own in self.x.items()}
        units = None if self.unit_offsets is None else Padding.of(self.unit_offsets, rows)
        held = nest(
            (array.path, self._batched(array, rows, paddings, units))
            for array in arrays(self)
            if array.column.name in BATCHED
        )
        held["y"] = _only(held.get("y"))
        return Batch(
            mask={m: padding.mask for m, padding in paddings.items()},
            unit_mask=None if units is None else units.mask,
            pos_unit={m.name: m.pos_unit for m in self.schema.modalities if m.pos_unit},
            **held,
        )

    def _batched(
        self,
        array: Array,
        rows: Tensor,
        paddings: Mapping[str, Padding],
        units: Padding | None,
    ) -> Any:
        values, column = array.values, array.column
        if isinstance(values, np.ndarray):
            texts = values[rows.numpy()].tolist()
            return [text or None for text in texts] if column.optional else texts
        if column.per is Per.EDGE:
            return self._batched_edges(array.key[0], rows, paddings)
        if column.per is Per.NODE:
            return paddings[array.key[-1]].apply(values, column.fill)
        if units is not None and column.per is Per.UNIT:
            return units.apply(values, float("nan") if values.is_floating_point() else -1)
        return values.index_select(0, rows)

    def _batched_edges(
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

    def subset(self, indices: Sequence[int] | np.ndarray | Tensor) -> Self:
        """Return a dataset of the samples at ``indices``, in that order."""
        return replace(self, **take(self, as_rows(indices, len(self))))

    def warn_of_empty_samples(self) -> None:
        """Warn if there are samples without a node of any modality."""
        counts = torch.stack([column.counts for column in self.x.values()]).sum(0)[self.originals]
        if empty := int((counts == 0).sum()):
            warnings.warn(
                f"{empty} of {count(len(counts), 'sample')} of "
                f"{self.name or 'the dataset'} have no node of "
                f"any modality; every strategy predicts a constant for them",
                EmptySampleWarning,
                stacklevel=4,
            )

    def select_target(self, name: str) -> Self:
        """Return the dataset with only one of its targets."""
        if name not in self.schema.targets:
            raise UnknownNameError("target", name, self.schema.targets)
        schema = Schema(self.schema.modalities, {name: self.schema.targets[name]})
        return replace(self, schema=schema, y=None if self.y is None else {name: self.y[name]})

    def with_edges(self, edges: Mapping[EdgeType, tuple[Ragged, Tensor | None]]) -> Self:
        """Return the dataset with other edges: rows [E, 2], weights [E]."""
        return replace(self, edges=dict(edges))

    def labels(self) -> np.ndarray:
        """Return a copy of the labels of the only target, [n, ...]; an error if there are none."""
        _ = self.schema.target
        if self.y is None:
            raise InputError(f"dataset {self.name!r} has no labels; give y when building it")
        return next(iter(self.y.values())).numpy().copy()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the schema, the steps and all that the samples hold."""
        return fingerprint(self, self.steps)

    def columns(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield every array under a unique label, in a fixed order."""
        return labelled_arrays(self)


SAMPLED = {*(f.name for f in fields(Sample)), "ids"}
"""Columns that a sample has too."""


def _of_sample(array: Array, i: int) -> Any:
    """Return what sample i holds of an array, as a copy; None for a modality that it lacks."""
    values, column = array.values, array.column
    if isinstance(values, np.ndarray):
        return str(values[i]) if str(values[i]) or not column.optional else None
    if array.offsets is None:
        return values[i].clone()
    own = slice(int(array.offsets[i]), int(array.offsets[i + 1]))
    if column.per is Per.EDGE:
        index = values[own].T.clone()
        return index if array.weight is None else SparseEdges(index, array.weight[own].clone())
    if column.per is Per.NODE and own.start == own.stop:
        return None
    return values[own].clone()


def _only(labels: dict[str, Tensor] | None) -> Any:
    """Return the labels of several targets as a dict, those of one by themselves."""
    return next(iter(labels.values())) if labels and len(labels) == 1 else labels


def collate(samples: Sequence[Sample], schema: Schema) -> Batch:
    """Pad samples to one batch, in which every modality of the schema is a key.

    If no sample of the batch has a modality, its empty rows are floats.

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
    dataset = FusionDataset(**vars(gather(samples, schema)))
    batch = dataset.batch(range(len(dataset)))
    # A sample without an id has none here either: its place in the batch must mean nothing.
    return replace(batch, ids=[sample.id for sample in samples])
