"""A weighted mean of all nodes, with learned weights."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from graphfuse.nn.readout import Readout


class AttentionReadout(Readout):
    r"""Average the nodes of each group with softmax weights.

    .. math:: \sum_i \mathrm{softmax}_i(v \cdot \tanh(W x_i) + b_t)\; x_i

    with a scalar :math:`b_t` per node type; attention pooling after Ilse et al. (2018),
    https://arxiv.org/abs/1802.04712. An empty group gives zeros.

    Example:
        >>> readout = AttentionReadout(["a", "b"], 4)
        >>> nodes = {"a": torch.rand(3, 5, 4), "b": torch.rand(3, 2, 4)}
        >>> groups = {"a": torch.ones(3, 1, 5).bool(), "b": torch.zeros(3, 1, 2).bool()}
        >>> list(readout(nodes, nodes, groups).shape)
        [3, 1, 4]
    """

    name = "attention"

    def __init__(self, node_types: list[str], channels: int) -> None:
        super().__init__(node_types, channels)
        self.out_channels = channels
        self.hidden = nn.Linear(channels, channels)
        self.score = nn.Linear(channels, 1, bias=False)
        self.type_bias = nn.Parameter(torch.zeros(len(self.node_types)))

    def forward(
        self,
        inputs: Mapping[str, Tensor],
        nodes: Mapping[str, Tensor],
        groups: Mapping[str, Tensor],
    ) -> Tensor:
        """Return [B, U, channels]."""
        x = torch.cat([nodes[name] for name in self.node_types], dim=1)
        group = torch.cat([groups[name] for name in self.node_types], dim=2)
        sizes = torch.cat(
            [self.type_bias[i].expand(nodes[t].shape[1]) for i, t in enumerate(self.node_types)]
        )
        score = self.score(self.hidden(x).tanh()).squeeze(2) + sizes
        minus_infinity = torch.finfo(score.dtype).min / 2
        weight = torch.where(group, score.unsqueeze(1), minus_infinity).softmax(2) * group
        return weight @ x
