"""Hypergraph convolution on padded batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphfuse._keys import module_key
from graphfuse._pyg import import_pyg
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.nn._incidence import Incidence, incidences
from graphfuse.nn._pyg import check_conv
from graphfuse.nn._typed import Metadata, TypedConv, linear_of, mask_nodes

if TYPE_CHECKING:
    from torch_geometric.nn import HypergraphConv


class DenseHypergraphConv(TypedConv):
    r"""The hypergraph convolutional operator on dense batches, with one hyperedge per star.

    From `Bai et al. (2021) <https://arxiv.org/abs/1901.08150>`_. With the nodes of all types of a
    sample stacked into :math:`X`,

    .. math:: X' = D^{-1} H W B^{-1} H^\top X \Theta + b

    where :math:`H` is the incidence matrix of nodes and hyperedges, :math:`W` holds the weights of
    the hyperedges, :math:`D` sums the weights of a node's hyperedges and :math:`B` sums the
    incidences of a hyperedge.

    The paper does not define how hyperedges are found. Here, a node and the sources of its incoming
    edges of one type form a hyperedge (a star). So each edge type gives at most one hyperedge per
    node, and messages flow in both directions along an edge and between the neighbours of a node.
    The incidence of a neighbour is the weight of its edge (1 where edges are bool), the incidence
    of the node itself is 1 plus the weight of an edge to itself. A node in no hyperedge gets the
    bias. :math:`W` is one learned weight per edge type, initially 1, and :math:`\Theta` one map per
    node type. The result equals PyTorch Geometric's ``HypergraphConv`` without attention on the
    same hyperedges as long as all weights are 1: PyG has one :math:`\Theta` for all types, and uses
    :math:`W` in :math:`D` but not in the product.

    Args:
        in_channels: number of input features, one for all node types or ``{node type: features}``.
        out_channels: number of output features.
        metadata: the node types and the edge types.

    Shapes:
        - ``x``: ``{node type: [B, N, F]}``
        - ``edges``: ``{edge type: bool or weights [B, Ns, Nd], or SparseEdges}``;
          edge types may be missing
        - ``mask``: ``{node type: bool [B, N]}``, None if every node is real
        - output: ``{node type: [B, N, out_channels]}``, zero at padded nodes

    Raises:
        InputError: shapes that do not match; the message gives the expected shapes.
        UnknownNameError: an edge type that is not in the metadata.

    Example:
        >>> conv = DenseHypergraphConv(4, 8, (["a"], [("a", "near", "a")]))
        >>> out = conv({"a": torch.rand(1, 3, 4)}, {("a", "near", "a"): torch.ones(1, 3, 3)})
        >>> list(out["a"].shape)
        [1, 3, 8]
    """

    name = "hypergraph"

    def __init__(
        self, in_channels: int | Mapping[str, int], out_channels: int, metadata: Metadata
    ) -> None:
        super().__init__(in_channels, out_channels, metadata)
        self.theta = nn.ModuleDict(
            {
                module_key(t): nn.Linear(size, out_channels, bias=False)
                for t, size in self.in_channels.items()
            }
        )
        self.log_weight = nn.Parameter(torch.zeros(len(self.edge_types)))
        self.bias = nn.Parameter(torch.zeros(out_channels))

    @classmethod
    def from_pyg(cls, conv: HypergraphConv, metadata: Metadata) -> Self:
        """Return a dense conv with the weights of a PyTorch Geometric one; hyperedges weigh 1."""
        import_pyg()
        from torch_geometric.nn import HypergraphConv

        check_conv(cls, conv, HypergraphConv, aggr="sum", use_attention=False)
        dense = cls(conv.lin.in_channels, conv.out_channels, metadata)
        dense = dense.to(conv.lin.weight.device, conv.lin.weight.dtype)
        with torch.no_grad():
            for name in dense.node_types:
                linear_of(dense.theta, name).weight.copy_(conv.lin.weight)
            dense.bias.copy_(dense.bias * 0 if conv.bias is None else conv.bias)
        return dense

    def forward(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Update every node from the hyperedges that it belongs to."""
        given = self.check(x, edges, mask)
        spread = self.spread(x, incidences(given, x, mask), mask)
        return {t: mask_nodes(nodes + self.bias, mask, t) for t, nodes in spread.items()}

    def spread(
        self,
        x: Mapping[str, Tensor],
        found: Mapping[EdgeType, Incidence],
        mask: Mapping[str, Tensor] | None,
    ) -> dict[str, Tensor]:
        """Return the messages from hyperedges to nodes, before the bias, [B, N, out_channels]."""
        mapped = {t: mask_nodes(linear_of(self.theta, t)(x[t]), mask, t) for t in self.node_types}
        # An additional feature of ones, so that weights are summed together with nodes.
        nodes = {t: F.pad(part, (0, 1), value=1.0) for t, part in mapped.items()}
        total = self.shared(nodes, mask)
        for edge_type, incidence in found.items():
            source, _, destination = edge_type
            dtype = incidence.weight.dtype
            gathered = incidence.to_destinations(nodes[source].to(dtype))
            exists = gathered[..., -1:] > 0
            star = (gathered + nodes[destination]) * exists
            # Its mean and a 1, times the weight of the hyperedge; zeros if there is no hyperedge.
            number = self.edge_types.index(edge_type)
            sent = star / torch.where(exists, star[..., -1:], 1) * self.log_weight[number].exp()
            total[source] = total[source] + incidence.to_sources(sent)
            total[destination] = total[destination] + sent
        return {
            t: (sums[..., :-1] / torch.where(sums[..., -1:] > 0, sums[..., -1:], 1)).to(x[t].dtype)
            for t, sums in total.items()
        }

    def shared(
        self, nodes: Mapping[str, Tensor], mask: Mapping[str, Tensor] | None
    ) -> dict[str, Tensor]:
        """Return the messages of hyperedges other than stars, times their weight, and weights."""
        return {t: torch.zeros_like(part) for t, part in nodes.items()}
