"""Multi-head attention along typed edges."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from graphfuse._keys import module_key
from graphfuse.nn._attention import AttentionConv
from graphfuse.nn._typed import Metadata


class TypedAttentionConv(AttentionConv):
    r"""Multi-head attention with the graph as mask and one learned scalar per head and edge type.

    For a node :math:`i` of type :math:`t` and its incoming edges :math:`(j, e)` from nodes of type
    :math:`s`, with one softmax over all of them,

    .. math::
        \alpha_{je} = \mathrm{softmax}_{je}\left(\frac{(K_s x_j) \cdot (Q_t x_i)}{\sqrt{d}}
            + b_e + \log w_{je}\right), \qquad
        x'_i = O_t \sum_{je} \alpha_{je}\, V_s x_j

    where :math:`b_e` is a scalar per head and edge type and :math:`w` the edge weight (1 where
    edges are bool). The bias per edge type is that of Simple-HGN (`Lv et al. 2021
    <https://arxiv.org/abs/2112.14936>`_, who add it to additive attention), the bias by structure
    in dot-product attention that of Graphormer (`Ying et al. 2021
    <https://arxiv.org/abs/2106.05234>`_). Several edges between two nodes count side by side.

    Args:
        in_channels: features of a node, of all types or ``{node type: features}``.
        out_channels: features of a node afterwards, a multiple of ``heads``.
        metadata: node types and edge types.
        heads: attention heads.

    Shapes:
        - ``x``: ``{node type: [B, N, F]}``
        - ``edges``: ``{edge type: bool or weights [B, Ns, Nd], or SparseEdges}``; a type may lack
        - ``mask``: ``{node type: bool [B, N]}``, None if every node is real
        - output: ``{node type: [B, N, out_channels]}``, zero at padded nodes

    Raises:
        InputError: sizes that do not fit, with the shapes expected.
        UnknownNameError: an edge type that the metadata lacks.

    Example:
        >>> conv = TypedAttentionConv(4, 8, (["a"], [("a", "near", "a")]), heads=2)
        >>> out = conv({"a": torch.rand(1, 3, 4)}, {("a", "near", "a"): torch.ones(1, 3, 3)})
        >>> list(out["a"].shape)
        [1, 3, 8]
    """

    name = "typed_attention"

    def __init__(
        self,
        in_channels: int | Mapping[str, int],
        out_channels: int,
        metadata: Metadata,
        heads: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, metadata, heads)
        self.bias = nn.Parameter(torch.empty(len(self.edge_types), heads))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights; the biases of edge types start at zero."""
        super().reset_parameters()
        nn.init.zeros_(self.bias)

    def edge_bias(self, number: int) -> Tensor:
        """Return the learned scalar per head."""
        return self.bias[number]

    def update(self, number: int, message: Tensor, nodes: Tensor) -> Tensor:
        """Apply the output map."""
        update: Tensor = self.out[module_key(self.node_types[number])](message)
        return update
