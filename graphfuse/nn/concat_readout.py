"""The mean nodes of each modality before and after the core, concatenated."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from graphfuse.nn.readout import Readout, mean_of


class ConcatReadout(Readout):
    """Concatenate each modality's mean node before the core and after it.

    The prediction of a graph strategy then has all the inputs of plain concatenation. If a group
    has no nodes of a modality, a learned vector replaces their mean.

    Example:
        >>> readout = ConcatReadout(["a", "b"], 4)
        >>> nodes = {"a": torch.rand(3, 5, 4), "b": torch.rand(3, 2, 4)}
        >>> groups = {"a": torch.ones(3, 1, 5).bool(), "b": torch.zeros(3, 1, 2).bool()}
        >>> list(readout(nodes, nodes, groups).shape)
        [3, 1, 16]
    """

    name = "concat"

    def __init__(self, node_types: list[str], channels: int) -> None:
        super().__init__(node_types, channels)
        self.out_channels = 2 * len(self.node_types) * channels
        self.absent = nn.Parameter(torch.zeros(len(self.node_types), 2 * channels))

    def forward(
        self,
        inputs: Mapping[str, Tensor],
        nodes: Mapping[str, Tensor],
        groups: Mapping[str, Tensor],
    ) -> Tensor:
        """Return [B, U, 2 * modalities * channels]."""
        parts = []
        for i, name in enumerate(self.node_types):
            both = mean_of(torch.cat([inputs[name], nodes[name]], dim=2), groups[name])
            parts.append(torch.where(groups[name].any(2, keepdim=True), both, self.absent[i]))
        return torch.cat(parts, dim=2)
