"""Build datasets from objects in memory: arrays by name, samples, graphs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from scipy.sparse import issparse
from torch import Tensor
from torch.utils.data import TensorDataset

from graphfuse.data.dataset import FusionDataset
from graphfuse.data.missing_cells import (
    columns_with_missing_cells,
    flag_missing_cells,
    impute_cells,
)
from graphfuse.data.sample import Sample
from graphfuse.data.spec import StepSpec
from graphfuse.data.values import rows_of, to_tensor
from graphfuse.errors import InputError, UnknownNameError

LABELS = "y"
"""Key of the labels in a mapping of arrays, unless ``target`` names another."""
EXTRAS = ("groups", "ids", "splits")
"""Keys of a mapping of arrays that hold one value per sample, and no modality."""
WAYS_IN = (
    "{modality: array, 'y': labels}, a DataFrame, a list of graphfuse.data.Sample or of HeteroData "
    "graphs, a TensorDataset, a datasets.Dataset, or the path of a file or folder"
)


def is_in_memory(source: Any) -> bool:
    """Return whether :func:`from_memory` takes a source.

    A mapping whose values are arrays is data; one whose values are mappings or None is not.

    Example:
        >>> is_in_memory({"image": np.eye(2), "y": [0, 1]}), is_in_memory({"emoji": None})
        (True, False)
    """
    if issparse(source):  # of which some are mappings
        return True
    if isinstance(source, Mapping):
        return any(_is_array(value) for value in source.values())
    if isinstance(source, (list, tuple)):
        return (bool(source) and isinstance(source[0], Sample)) or _is_graphs(source)
    return isinstance(source, TensorDataset) or _is_array(source) or _is_graphs(source)


def from_memory(source: Any, target: Any = None, **options: Any) -> FusionDataset:
    """Return a dataset built from an object in memory.

    Args:
        source: arrays by modality, with labels under "y" and optionally one value per sample under
            "groups", "ids" and "splits"; a list of samples or of PyTorch Geometric graphs; or a
            ``TensorDataset`` of features, modalities "x0", "x1" and so on, with labels last.
        target: the key of the labels, or the labels themselves.
        options: of :meth:`FusionDataset.from_arrays` for arrays, of
            :meth:`FusionDataset.from_samples` for samples and graphs.

    Raises:
        InputError: the source has another type, or no modality.

    Example:
        >>> from_memory({"a": np.eye(4), "b": np.ones((4, 3, 2)), "y": list("xyxy")})
        FusionDataset('', 4 samples, a[4], b[2], binary)
    """
    if isinstance(source, Mapping) and not issparse(source):
        return _from_mapping(source, target, options)
    if isinstance(source, TensorDataset):
        return _from_mapping(*_of_tensors(source, target), options)
    if _is_array(source) and not isinstance(source, (list, tuple)):
        if target is None or isinstance(target, str):
            raise InputError(
                f"an array of shape {list(np.shape(source))} has no names and no labels; give "
                f"{{modality: array, 'y': labels}}, or the labels as target= of "
                f"graphfuse.load_dataset"
            )
        return _from_mapping({"x": source}, target, options)
    if target is not None:
        raise InputError("samples and graphs hold their labels as y; target= is for arrays")
    if _is_graphs(source):
        return FusionDataset.from_pyg(source, **options)
    return FusionDataset.from_samples(list(source), **options)


def _from_mapping(source: Mapping[Any, Any], target: Any, options: dict[str, Any]) -> FusionDataset:
    arrays = dict(source)
    for name, value in arrays.items():
        if not isinstance(name, str) or not _is_array(value):
            raise InputError(
                f"a mapping of arrays must hold one array per name, got {type(value).__name__} for "
                f"{name!r}; give the features of each modality, and the labels as 'y'"
            )
    if isinstance(target, str):
        if target not in arrays:
            raise UnknownNameError("target", target, arrays)
        labels = arrays.pop(target)
    elif target is not None:
        labels = target
    else:
        labels = arrays.pop(LABELS, None)
    extras = {name: arrays.pop(name) for name in EXTRAS if name in arrays and name not in options}
    if not arrays:
        raise InputError(
            f"a mapping of arrays must hold at least one modality beside {sorted(map(str, source))}"
        )
    return build_dataset(arrays, labels, **extras, **options)


def build_dataset(
    arrays: Mapping[str, Any],
    y: Any = None,
    *,
    flagged: Mapping[str, Sequence[int]] | None = None,
    **options: Any,
) -> FusionDataset:
    """Build a dataset from arrays by modality, with a step that imputes their missing cells.

    Args:
        arrays: features by modality.
        y: labels.
        flagged: the features by modality that are flagged where their cells are missing; those
            with missing cells if left out.
        options: of :meth:`FusionDataset.from_arrays`.

    Example:
        >>> holes = np.array([[1.0, 2.0], [np.nan, 4.0], [5.0, 6.0]])
        >>> [step.name for step in build_dataset({"a": holes}).steps]
        ['impute', 'scale']
    """
    x = plain_features(arrays)
    holes = flagged or {name: columns_with_missing_cells(value) for name, value in x.items()}
    data = FusionDataset.from_arrays(
        {name: flag_missing_cells(value, holes[name]) for name, value in x.items()}, y, **options
    )
    steps = [
        impute_cells(name, data.schema[name].features - len(columns), columns)
        for name, columns in sorted(holes.items())
        if columns
    ]
    return replace(data, steps=(*steps, StepSpec("scale"))) if steps else data


def plain_features(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return features by modality as numpy arrays, or lists with an array or None per sample."""
    return {name: _values(value, f"modality {name!r}") for name, value in arrays.items()}


def _of_tensors(source: TensorDataset, target: Any) -> tuple[dict[str, Any], Any]:
    tensors = list(source.tensors)
    if target is None:
        if len(tensors) < 2:
            raise InputError(
                "a TensorDataset must hold features and, last, labels, got 1 tensor; give the "
                "labels as target="
            )
        target = tensors.pop()
    return {f"x{number}": tensor for number, tensor in enumerate(tensors)}, target


def _values(value: Any, what: str) -> Any:
    """Return features as a plain array, or one per sample."""
    if issparse(value):
        value = value.tocsr()
    rows = rows_of(value, what)
    if rows is None:
        return _plain(value, what)
    return [None if row is None else _plain(row, what) for row in rows]


def _plain(value: Any, what: str) -> Any:
    tensor = to_tensor(value, what)
    return tensor if tensor.dtype == torch.bfloat16 else tensor.numpy()


def _is_array(value: Any) -> bool:
    if issparse(value):
        return True
    if isinstance(value, (str, bytes, Mapping)) or value is None:
        return False
    if hasattr(value, "column_names"):  # a table of the package datasets
        return False
    return isinstance(value, (list, tuple, Tensor)) or hasattr(value, "shape")


def _is_graphs(source: Any) -> bool:
    """Return whether a source is a list or a data set of PyTorch Geometric's graphs."""
    if isinstance(source, (list, tuple)):
        return bool(source) and _comes_from_pyg(source[0])
    return isinstance(source, Iterable) and _comes_from_pyg(source) and hasattr(source, "__len__")


def _comes_from_pyg(value: Any) -> bool:
    return any(cls.__module__.startswith("torch_geometric.data") for cls in type(value).__mro__)
