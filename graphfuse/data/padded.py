"""The tensors of a batch: samples padded to the same number of nodes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import torch
from torch import Tensor

from graphfuse.data.columns import Per, column, declared
from graphfuse.data.sample import EdgeType, SparseEdges

Edges = dict[EdgeType, Tensor | SparseEdges]
"""``{edge type: Tensor[B, Ns, Nd] | SparseEdges}``, bool or weights in [0, inf)."""


@dataclass
class Padded:
    """B samples as padded tensors; :class:`~graphfuse.data.Batch` describes the fields."""

    x: dict[str, Tensor] = field(metadata=column(Per.NODE))
    mask: dict[str, Tensor]
    pos: dict[str, Tensor] = field(default_factory=dict, metadata=column(Per.NODE))
    attrs: dict[str, dict[str, Tensor]] = field(
        default_factory=dict, metadata=column(Per.NODE, nested=True)
    )
    edges: Edges = field(default_factory=dict, metadata=column(Per.EDGE))
    unit: dict[str, Tensor] | None = field(default=None, metadata=column(Per.NODE))
    unit_mask: Tensor | None = None
    y: Any = field(default=None, metadata=column(Per.UNIT))
    ids: list[str] = field(default_factory=list, metadata=column(Per.SAMPLE))
    domain: list[str | None] | None = field(default=None, metadata=column(Per.SAMPLE))
    pos_unit: dict[str, str] = field(default_factory=dict)
    weight: Tensor | None = None

    def __len__(self) -> int:
        return next(iter(self.x.values())).shape[0]

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return next(iter(self.x.values())).device

    def node_values(self, modality: str) -> Iterator[tuple[str, Tensor]]:
        """Yield the values of a modality's nodes: ``x``, ``pos``, ``unit`` and each attribute."""
        for per_node in declared(type(self))[Per.NODE]:
            values = getattr(self, per_node.name) or {}
            held = values if per_node.nested else {per_node.name: values}
            for name, by_modality in held.items():
                if modality in by_modality:
                    yield name, by_modality[modality]

    def to(
        self,
        device: torch.device | str | torch.dtype | None = None,
        dtype: torch.dtype | None = None,
    ) -> Self:
        """Return the batch on a device, in a precision, or both.

        The precision applies to features, positions and edge weights. The dicts are new; a tensor
        that is there already is shared, as by ``Tensor.to``.

        Example:
            >>> batch = Padded({"a": torch.rand(2, 1, 3)}, {"a": torch.ones(2, 1).bool()})
            >>> batch.to(torch.float64).x["a"].dtype
            torch.float64
        """
        if isinstance(device, torch.dtype):
            device, dtype = None, device

        labels = {c.name for c in declared(type(self))[Per.UNIT]}
        return replace(
            self,
            **{
                f.name: _moved(getattr(self, f.name), device, None if f.name in labels else dtype)
                for f in fields(self)
            },
        )


def _moved(held: Any, device: torch.device | str | None, dtype: torch.dtype | None) -> Any:
    """Return tensors, in containers of any depth, on a device; floats in a precision as well."""
    if isinstance(held, SparseEdges):
        return held.to(device, dtype)
    if isinstance(held, Tensor):
        return held.to(device=device, dtype=dtype if held.is_floating_point() else None)
    if isinstance(held, Mapping):
        return {name: _moved(values, device, dtype) for name, values in held.items()}
    return list(held) if isinstance(held, list) else held
