"""A hash of all that the samples of a dataset hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from graphfuse.data.columns import Array, Columns, Per, arrays
from graphfuse.data.spec import StepSpec


def fingerprint(columns: Columns, steps: Sequence[StepSpec] | None) -> str:
    """Return the SHA-256 of schema, steps and arrays."""
    digest = hashlib.sha256(json.dumps(columns.schema.to_dict(), sort_keys=True).encode())
    if steps is not None:
        plain = [[spec.name, dict(spec.options)] for spec in steps]
        digest.update(json.dumps(plain, sort_keys=True, default=str).encode())
    for label, values in labelled_arrays(columns):
        array = np.ascontiguousarray(values)
        digest.update(f"|{label}|{array.dtype.str}|{array.shape}|".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def labelled_arrays(columns: Columns) -> Iterator[tuple[str, np.ndarray]]:
    """Yield every array under a unique label, in a fixed order; texts as their bytes."""
    held = list(arrays(columns))
    for per in Per:  # in the order of arrays
        for array in held:
            if array.column.per is per:
                for label, values in _labelled(array):
                    yield _numpy(label, values)
        if per is Per.UNIT and columns.y is not None and columns.unit_offsets is not None:
            yield _numpy("unit_offsets", columns.unit_offsets)


def _numpy(label: str, values: Tensor | np.ndarray) -> tuple[str, np.ndarray]:
    if isinstance(values, np.ndarray):
        joined = "\0".join(str(text) for text in values)
        return label, np.frombuffer(joined.encode(), dtype=np.uint8)
    return label + ("/bfloat16" if values.dtype == torch.bfloat16 else ""), _bits(values)


def _labelled(array: Array) -> Iterator[tuple[str, Tensor | np.ndarray]]:
    """Yield the values under a label, and the offsets that belong to no other array."""
    name, per = array.column.name, array.column.per
    if per is Per.EDGE:
        (edge_type,) = array.key
        label = json.dumps(edge_type)
        yield f"{name}/{label}", array.values
        if array.offsets is not None:
            yield f"edge_offsets/{label}", array.offsets
        if array.weight is not None:
            yield f"edge_weights/{label}", array.weight
        return
    key = json.dumps(array.key) if array.column.nested else "/".join(array.key)
    yield f"{name}/{key}" if array.key else name, array.values
    if array.column.ragged and array.offsets is not None:
        yield f"offsets/{key}", array.offsets


def _bits(values: Tensor) -> np.ndarray:
    """Return values as numpy; bfloat16, which numpy lacks, as the integers of its bits."""
    if values.dtype == torch.bfloat16:
        values = values.view(torch.int16)
    return values.numpy()
