"""Hyperedges for what nodes have in common, signed edges for their differences."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from graphfuse._keys import module_key
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.nn._incidence import Incidence, incidences
from graphfuse.nn._typed import Metadata, linear_of, mask_nodes
from graphfuse.nn.dense_hypergraph_conv import DenseHypergraphConv


class M3NetConv(DenseHypergraphConv):
    r"""The sum of a hypergraph convolution and a high-frequency branch, after M3Net.

    After `Chen et al. (2023) <https://doi.org/10.1109/CVPR52729.2023.01036>`_.
    For a node :math:`i` of type :math:`t`,

    .. math::
        x'_i = \big(D^{-1} H W B^{-1} H^\top X \Theta\big)_i + b +
            \sum_{je} \frac{w_{je}}{\sqrt{d_i d_j}} \tanh(q_e \cdot x_i + k_e \cdot x_j + c_e)\,
            V_s x_j

    The first part is that of :class:`DenseHypergraphConv`, with one additional hyperedge for the
    nodes of each type of a sample and one for all nodes of the sample. It is a low-pass filter. The
    second part has the signed weights of FAGCN (`Bo et al. 2021
    <https://arxiv.org/abs/2101.00797>`_; PyTorch Geometric's ``FAConv``), so that differences
    between neighbours are kept; :math:`d_i` sums the weights of a node's incoming edges,
    :math:`d_j` those of its outgoing edges.

    In the paper, there is one hyperedge per modality and per utterance (here: per sample), and the
    second branch runs along all pairs within them, in a separate stack. Here the given edges add
    hyperedges and carry the signed weights, weights and maps are per type, and both branches are
    one layer.

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
        >>> conv = M3NetConv(4, 8, (["a"], [("a", "near", "a")]))
        >>> out = conv({"a": torch.rand(1, 3, 4)}, {("a", "near", "a"): torch.ones(1, 3, 3)})
        >>> list(out["a"].shape)
        [1, 3, 8]
    """

    name = "m3net"

    def __init__(
        self, in_channels: int | Mapping[str, int], out_channels: int, metadata: Metadata
    ) -> None:
        super().__init__(in_channels, out_channels, metadata)
        self.log_weight_of_type = nn.Parameter(torch.zeros(len(self.node_types)))
        self.log_weight_of_sample = nn.Parameter(torch.zeros(()))
        self.value = nn.ModuleDict(
            {
                module_key(t): nn.Linear(size, out_channels, bias=False)
                for t, size in self.in_channels.items()
            }
        )
        self.key = self.per_edge_type(1)
        self.query = nn.ModuleDict(
            {module_key(*t): nn.Linear(self.in_channels[t[2]], 1) for t in self.edge_types}
        )

    def forward(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Update every node from its hyperedges and along its edges."""
        found = incidences(self.check(x, edges, mask), x, mask)
        low, high = self.spread(x, found, mask), self.differ(x, found, mask)
        return {t: mask_nodes(low[t] + high[t] + self.bias, mask, t) for t in self.node_types}

    def shared(
        self, nodes: Mapping[str, Tensor], mask: Mapping[str, Tensor] | None
    ) -> dict[str, Tensor]:
        """Return the means over the nodes of a type and over all nodes, times learned weights."""
        sums = {t: mask_nodes(part, mask, t).sum(1, keepdim=True) for t, part in nodes.items()}
        whole = torch.cat([sums[t] for t in self.node_types], dim=1).sum(1, keepdim=True)
        weight = self.log_weight_of_sample.exp()
        common = whole / whole[..., -1:].clamp(min=1) * weight
        out = {}
        for number, name in enumerate(self.node_types):
            mean = sums[name] / sums[name][..., -1:].clamp(min=1)
            own = common + mean * self.log_weight_of_type[number].exp()
            out[name] = own.expand_as(nodes[name])
        return out

    def differ(
        self,
        x: Mapping[str, Tensor],
        found: Mapping[EdgeType, Incidence],
        mask: Mapping[str, Tensor] | None,
    ) -> dict[str, Tensor]:
        """Return the signed messages along the edges, [B, N, out_channels]."""
        one = {t: torch.ones_like(x[t][..., :1]) for t in self.node_types}
        arriving = {t: torch.zeros_like(one[t]) for t in self.node_types}
        leaving = dict(arriving)
        for (source, _, destination), incidence in found.items():
            dtype = incidence.weight.dtype
            arriving[destination] = arriving[destination] + incidence.to_destinations(
                one[source].to(dtype)
            )
            leaving[source] = leaving[source] + incidence.to_sources(one[destination].to(dtype))
        out = {t: x[t].new_zeros(*x[t].shape[:2], self.out_channels) for t in self.node_types}
        for edge_type, incidence in found.items():
            source, _, destination = edge_type
            gated = incidence.gate(
                linear_of(self.key, *edge_type)(x[source]),
                linear_of(self.query, *edge_type)(x[destination]),
            )
            value = mask_nodes(linear_of(self.value, source)(x[source]), mask, source)
            sent = gated.to_destinations(value * _inverse_root(leaving[source]))
            out[destination] = out[destination] + sent * _inverse_root(arriving[destination])
        return {t: nodes.to(x[t].dtype) for t, nodes in out.items()}


def _inverse_root(degree: Tensor) -> Tensor:
    """Return one over the square root of a degree; 1 for a node without edges."""
    return torch.where(degree > 0, degree, 1).rsqrt()
