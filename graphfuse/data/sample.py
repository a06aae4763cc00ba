"""Samples: the nodes of each modality of one item, its label, and its given edges if any."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from graphfuse.errors import InputError

EdgeType = tuple[str, str, str]
"""(source modality, relation, destination modality), as in PyTorch Geometric."""


@dataclass
class SparseEdges:
    """Edges of one type as index pairs.

    ``index`` is a LongTensor ``[2, E]``: source row, destination row. In a batch the rows count
    through the padded nodes, ``sample * N + node``. ``weight`` is ``[E]`` in [0, inf), where 0
    means no edge; integers become floats. Without it every edge weighs 1, however often it is
    listed; the weights of an edge that is listed several times add up.

    Example:
        >>> SparseEdges(torch.tensor([[0, 1], [1, 1]])).to_dense(1, 2, 2)
        tensor([[[False,  True],
                 [False,  True]]])
    """

    index: Tensor
    weight: Tensor | None = None

    def __post_init__(self) -> None:
        for name, given in (("index", self.index), ("weight", self.weight)):
            if not isinstance(given, Tensor) and (given is not None or name == "index"):
                raise InputError(
                    f"SparseEdges.{name} must be a tensor, got {type(given).__name__!r}; write "
                    f"torch.as_tensor({name})"
                )
        if self.index.dim() != 2 or self.index.shape[0] != 2:
            raise InputError(
                f"SparseEdges.index must be [2, E] (source row, destination row), "
                f"got shape {list(self.index.shape)}"
            )
        whole = not self.index.is_floating_point() and self.index.dtype != torch.bool
        if not whole and self.index.numel():
            raise InputError(f"SparseEdges.index must hold integers, got {self.index.dtype}")
        if self.weight is not None and self.weight.shape != self.index.shape[1:]:
            raise InputError(
                f"SparseEdges.weight must have one value per edge, [{self.index.shape[1]}], "
                f"got shape {list(self.weight.shape)}"
            )
        if self.weight is not None and not self.weight.is_floating_point():
            self.weight = self.weight.to(torch.get_default_dtype())

    def to(
        self, device: torch.device | str | None = None, dtype: torch.dtype | None = None
    ) -> SparseEdges:
        """Move to a device; the dtype applies to the weights alone."""
        weight = None if self.weight is None else self.weight.to(device=device, dtype=dtype)
        return SparseEdges(self.index.to(device=device), weight)

    def coalesce(self, sources: int, destinations: int, reduce: str = "sum") -> SparseEdges:
        """Return each edge once, sorted by rows; ``reduce`` is "sum" or "amax" of weights."""
        source, destination = self.index
        pair = source * destinations + destination % destinations
        if not torch.compiler.is_compiling() and bool((pair[1:] > pair[:-1]).all()):
            return self  # a look at values, which a compiled program cannot take
        pair, parallel = pair.unique(return_inverse=True)
        source = pair // destinations
        index = torch.stack([source, source // sources * destinations + pair % destinations])
        if self.weight is None:
            return SparseEdges(index)
        none = self.weight.new_zeros(len(pair))
        return SparseEdges(index, none.scatter_reduce(0, parallel, self.weight, reduce))

    def to_dense(self, batch_size: int, sources: int, destinations: int) -> Tensor:
        """Return them as a bool or float tensor ``[B, Ns, Nd]``; weights of one edge add up."""
        shape = (batch_size, sources, destinations)
        source, destination = self.index
        sample = source.div(sources, rounding_mode="floor")
        flat = (sample * sources + source % sources) * destinations + destination % destinations
        if self.weight is None:
            dense = torch.zeros(shape, dtype=torch.bool, device=self.index.device)
            return dense.view(-1).index_fill_(0, flat, True).view(shape)
        dense = torch.zeros(shape, dtype=self.weight.dtype, device=self.weight.device)
        return dense.view(-1).index_add_(0, flat, self.weight).view(shape)


@dataclass
class Sample:
    """The nodes of every modality of one item.

    Args:
        x: ``{modality: [N, *shape]}``; a modality that is missing is an absent key.
        y: class index, number, or vector of 0 and 1 for several labels; a dict of these for
            several targets; None where the sample is unlabelled.
        pos: ``{modality: [N, P]}``, the nodes' positions in space or time.
        attrs: ``{attribute: {modality: LongTensor[N]}}``, such as the speaker of each utterance.
        edges: ``{edge type: [2, E] or SparseEdges}``, rows of this sample's own nodes. An edge
            listed twice is one edge; with weights, these add up.
        unit: ``{modality: LongTensor[N]}``, the unit of each node, counted from 0; then ``y`` is
            ``[U, ...]``.
        domain: the name of the site or device that the sample comes from.
        id: identifies the sample; unique within its dataset.

    Example:
        >>> sample = Sample({"image": torch.rand(16, 192), "text": torch.rand(3, 64)}, y=1)
        >>> sorted(sample.x)
        ['image', 'text']
    """

    x: dict[str, Tensor]
    y: Any = None
    pos: dict[str, Tensor] = field(default_factory=dict)
    attrs: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    edges: dict[EdgeType, Tensor | SparseEdges] = field(default_factory=dict)
    unit: dict[str, Tensor] | None = None
    domain: str | None = None
    id: str = ""
