"""The mean of all nodes."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from graphfuse.nn.readout import Readout, mean_of


class MeanReadout(Readout):
    """Average the nodes of all modalities, each node with the same weight.

    Example:
        >>> readout = MeanReadout(["a"], 2)
        >>> nodes = {"a": torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])}
        >>> readout(nodes, nodes, {"a": torch.ones(1, 1, 2).bool()})
        tensor([[[2., 3.]]])
    """

    name = "mean"

    def __init__(self, node_types: list[str], channels: int) -> None:
        super().__init__(node_types, channels)
        self.out_channels = channels

    def forward(
        self,
        inputs: Mapping[str, Tensor],
        nodes: Mapping[str, Tensor],
        groups: Mapping[str, Tensor],
    ) -> Tensor:
        """Return [B, U, channels]."""
        return mean_of(
            torch.cat([nodes[name] for name in self.node_types], dim=1),
            torch.cat([groups[name] for name in self.node_types], dim=2),
        )
