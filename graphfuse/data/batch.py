"""Samples side by side, padded to the longest: what a strategy sees."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from graphfuse.data.sample import EdgeType, SparseEdges

if TYPE_CHECKING:
    import networkx
    from torch_geometric.data import HeteroData

Edges = dict[EdgeType, Tensor | SparseEdges]
"""``{edge type: Tensor[B, Ns, Nd] | SparseEdges}``, bool or weights in [0, inf)."""


@dataclass
class Batch:
    """B samples as padded tensors.

    Every modality of the schema is a key of ``x`` and ``mask``, whatever the samples lack. It may
    be changed in place.

    Shapes:
        - ``x[m]`` [B, N, F], zero where padded; N >= 1.
        - ``mask[m]`` bool [B, N], True at a real node; a missing modality is a row of False.
        - ``pos[m]`` [B, N, P], for modalities that have positions; ``pos_unit[m]`` is what they
          count, where that is known.
        - ``attrs[name][m]`` long [B, N], -1 where padded.
        - ``edges[type]`` bool or weights [B, Ns, Nd], or :class:`SparseEdges`.
        - ``unit[m]`` long [B, N], -1 where padded, with ``unit_mask`` bool [B, U]; both None when
          each sample is one unit.
        - ``y`` [B], [B, L] for L labels, with units [B, U, ...]; a dict for several targets; -1 or
          NaN where unlabelled; None when nothing is labelled.
    """

    x: dict[str, Tensor]
    mask: dict[str, Tensor]
    pos: dict[str, Tensor] = field(default_factory=dict)
    attrs: dict[str, dict[str, Tensor]] = field(default_factory=dict)
    edges: Edges = field(default_factory=dict)
    unit: dict[str, Tensor] | None = None
    unit_mask: Tensor | None = None
    y: Any = None
    ids: list[str] = field(default_factory=list)
    domain: list[str | None] | None = None
    pos_unit: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return next(iter(self.x.values())).shape[0]

    @property
    def device(self) -> torch.device:
        """Where the tensors are."""
        return next(iter(self.x.values())).device

    def to(
        self,
        device: torch.device | str | torch.dtype | None = None,
        dtype: torch.dtype | None = None,
    ) -> Batch:
        """Return the batch on a device, in a precision, or both.

        The precision applies to features, positions and edge weights. The dicts are new; a tensor
        that is there already is shared, as by ``Tensor.to``.

        Example:
            >>> batch = Batch({"a": torch.rand(2, 1, 3)}, {"a": torch.ones(2, 1).bool()})
            >>> batch.to(torch.float64).x["a"].dtype
            torch.float64
        """
        if isinstance(device, torch.dtype):
            device, dtype = None, device

        def move(tensor: Tensor) -> Tensor:
            return tensor.to(device=device, dtype=dtype if tensor.is_floating_point() else None)

        def move_dict(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
            return {name: move(tensor) for name, tensor in tensors.items()}

        y = self.y
        if isinstance(y, dict):
            y = {name: tensor.to(device=device) for name, tensor in y.items()}
        elif y is not None:
            y = y.to(device=device)
        return Batch(
            x=move_dict(self.x),
            mask=move_dict(self.mask),
            pos=move_dict(self.pos),
            attrs={name: move_dict(values) for name, values in self.attrs.items()},
            edges={
                edge_type: edges.to(device, dtype)
                if isinstance(edges, SparseEdges)
                else move(edges)
                for edge_type, edges in self.edges.items()
            },
            unit=None if self.unit is None else move_dict(self.unit),
            unit_mask=None if self.unit_mask is None else move(self.unit_mask),
            y=y,
            ids=list(self.ids),
            domain=None if self.domain is None else list(self.domain),
            pos_unit=dict(self.pos_unit),
        )

    def to_pyg(self) -> list[HeteroData]:
        """Return one ``HeteroData`` a sample, with every node and edge type present in each.

        That makes ``torch_geometric.data.Batch.from_data_list`` safe, which otherwise drops or
        mixes up modalities that some samples lack. Features, positions, attributes, units, edges
        with their weights, labels, ids and domains are kept; ``FusionDataset.from_pyg`` reads
        them back.
        """
        from graphfuse.data._convert import to_pyg

        return to_pyg(self)

    def to_networkx(self, i: int) -> networkx.MultiDiGraph:
        """Return sample ``i`` as a networkx graph whose nodes are ``(modality, row)``."""
        from graphfuse.data._convert import to_networkx

        return to_networkx(self, i)
