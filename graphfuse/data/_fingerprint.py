"""What tells two datasets apart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from graphfuse.data._numpy import bits

if TYPE_CHECKING:
    from graphfuse.data.dataset import FusionDataset


def fingerprint(dataset: FusionDataset) -> str:
    """Implement :attr:`FusionDataset.fingerprint`."""
    digest = hashlib.sha256(json.dumps(dataset.schema.to_dict(), sort_keys=True).encode())
    if dataset.steps is not None:
        plain = [[spec.name, dict(spec.options)] for spec in dataset.steps]
        digest.update(json.dumps(plain, sort_keys=True, default=str).encode())
    for label, column in columns(dataset):
        array = np.ascontiguousarray(column)
        digest.update(f"|{label}|{array.dtype.str}|{array.shape}|".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def columns(dataset: FusionDataset) -> Iterator[tuple[str, np.ndarray]]:
    """Yield every array with a label that tells it apart, in a fixed order."""
    for label, values in _tensors(dataset):
        kind = "/bfloat16" if values.dtype == torch.bfloat16 else ""
        yield label + kind, bits(values)
    for label, texts in (
        ("ids", dataset.ids),
        ("domain", dataset.domain),
        ("groups", dataset.groups),
        ("splits", dataset.splits),
        ("copy_of", dataset.copy_of),
    ):
        if texts is not None:
            joined = "\0".join(str(text) for text in texts)
            yield label, np.frombuffer(joined.encode(), dtype=np.uint8)


def _tensors(dataset: FusionDataset) -> Iterator[tuple[str, Tensor]]:
    for m in dataset.schema.names:
        yield f"x/{m}", dataset.x[m].values
        yield f"offsets/{m}", dataset.x[m].offsets
        if m in dataset.pos:
            yield f"pos/{m}", dataset.pos[m]
        if dataset.unit is not None and m in dataset.unit:
            yield f"unit/{m}", dataset.unit[m]
        for attribute in sorted(dataset.attrs):
            if m in dataset.attrs[attribute]:
                yield f"attrs/{json.dumps([attribute, m])}", dataset.attrs[attribute][m]
    for target in sorted(dataset.y or {}):
        yield f"y/{target}", (dataset.y or {})[target]
    if dataset.y is not None and dataset.unit_offsets is not None:
        yield "unit_offsets", dataset.unit_offsets
    for edge_type in dataset.edge_types:
        index, weight = dataset.edges[edge_type]
        label = json.dumps(edge_type)
        yield f"edges/{label}", index.values
        yield f"edge_offsets/{label}", index.offsets
        if weight is not None:
            yield f"edge_weights/{label}", weight
