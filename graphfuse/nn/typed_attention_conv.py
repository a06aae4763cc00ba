"""Multi-head attention along typed edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphfuse.data import EdgeType, SparseEdges
from graphfuse.nn._attention import (
    AttentionConv,
    Block,
    Projected,
    attend,
    attend_sparsely,
    edge_mask,
)
from graphfuse.nn._typed import Metadata, linear_of, mask_nodes


class TypedAttentionConv(AttentionConv):
    r"""Multi-head attention masked by the graph, with a learned bias per head and edge type.

    For a node :math:`i` of type :math:`t` and its incoming edges :math:`(j, e)` from nodes of type
    :math:`s`, with one softmax over all of them,

    .. math::
        \alpha_{je} = \mathrm{softmax}_{je}\left(\frac{(K_s x_j) \cdot (Q_t x_i)}{\sqrt{d}}
            + b_e + \log w_{je}\right), \qquad
        x'_i = O_t \sum_{je} \alpha_{je}\, V_s x_j

    where :math:`b_e` is a scalar per head and edge type and :math:`w` the edge weight (1 where
    edges are bool). The bias per edge type is from Simple-HGN (`Lv et al. 2021
    <https://arxiv.org/abs/2112.14936>`_, with additive attention); a structural bias in dot-product
    attention is from Graphormer (`Ying et al. 2021 <https://arxiv.org/abs/2106.05234>`_). Edges of
    several types between two nodes are separate entries of the softmax.

    Args:
        in_channels: number of input features, one for all node types or ``{node type: features}``.
        out_channels: number of output features, a multiple of ``heads``.
        metadata: the node types and the edge types.
        heads: number of attention heads.

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

    def forward(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Update every node from its incoming edges."""
        given = self.check(x, edges, mask)
        projected = self.project(x)
        groups: dict[tuple[str, ...], list[str]] = {}
        for name in self.node_types:
            sources = tuple(self.edge_types[i][0] for i in self.incoming(given, name))
            groups.setdefault(sources, []).append(name)
        messages: dict[str, Tensor] = {}
        for sources, names in groups.items():
            if sources:
                messages |= self._attend(names, sources, given, projected, mask)
        out = {}
        for name in self.node_types:
            if name in messages:
                message = messages[name]
            else:
                message = torch.zeros_like(projected[name].query.flatten(2))
            out[name] = mask_nodes(linear_of(self.out, name)(message), mask, name)
        return out

    def _attend(
        self,
        names: Sequence[str],
        sources: Sequence[str],
        given: Mapping[EdgeType, Tensor | SparseEdges],
        projected: Mapping[str, Projected],
        mask: Mapping[str, Tensor] | None,
    ) -> dict[str, Tensor]:
        """Attend at once for all node types that have the same source types."""
        size = self.out_channels // self.heads
        weights, queries = [], []
        for name in names:
            coming = self.incoming(given, name)
            types = [self.edge_types[i] for i in coming]
            query = projected[name].query
            dense = [e for e in (given[t] for t in types) if isinstance(e, Tensor)]
            if len(dense) < len(types):
                return self._attend_sparsely(names, given, projected, mask)
            real = None if mask is None else [mask[source] for source in sources]
            weights.append(edge_mask(dense, real, query.dtype))
            bias = (self.bias[coming].T * size**0.5).to(query.dtype)  # [H, number of sources]
            queries.append(torch.cat([query, bias.expand(*query.shape[:2], -1, -1)], dim=3))
        key, value = self._side_by_side(sources, projected)
        query = torch.cat(queries, dim=1).transpose(1, 2)
        message = attend(query, key, value, torch.cat(weights, dim=1), size)
        counts = [projected[name].query.shape[1] for name in names]
        return dict(zip(names, torch.split(message, counts, dim=1), strict=True))

    def score(
        self, edge_type: EdgeType, sources: Tensor, destinations: Tensor, source: Tensor, at: Tensor
    ) -> Tensor:
        """Return the scores [E, H] of edges."""
        s, _, d = edge_type
        key = self.project_type(s, sources).key.flatten(0, 1)
        query = self.project_type(d, destinations).query.flatten(0, 1)
        product: Tensor = (key[source] * query[at]).sum(2)
        scaled = torch.mul(product, key.shape[2] ** -0.5)
        return scaled + self.bias[self.edge_types.index(edge_type)]

    def _side_by_side(
        self, sources: Sequence[str], projected: Mapping[str, Projected]
    ) -> tuple[Tensor, Tensor]:
        """Return keys and values [B, H, S, d + number of sources].

        The keys of each source type are one in an additional feature, where the queries hold the
        bias of the edge type. The bias is then not needed in the [Nd, S] mask.
        """
        keys = torch.cat([projected[source].key for source in sources], dim=1)
        values = torch.cat([projected[source].value for source in sources], dim=1)
        own = torch.eye(len(sources), dtype=keys.dtype, device=keys.device)
        marks = torch.cat(
            [
                mark.expand(projected[source].key.shape[1], -1)
                for source, mark in zip(sources, own, strict=True)
            ]
        )
        marks = marks.unsqueeze(1).expand(*keys.shape[:3], -1)
        keys = torch.cat([keys, marks], dim=3)
        return keys.transpose(1, 2), F.pad(values, (0, len(sources))).transpose(1, 2)

    def _attend_sparsely(
        self,
        names: Sequence[str],
        given: Mapping[EdgeType, Tensor | SparseEdges],
        projected: Mapping[str, Projected],
        mask: Mapping[str, Tensor] | None,
    ) -> dict[str, Tensor]:
        found = {}
        for name in names:
            blocks = []
            for i in self.incoming(given, name):
                edge_type = self.edge_types[i]
                key, value, _ = projected[edge_type[0]]
                real = None if mask is None else mask[edge_type[0]]
                blocks.append(Block(key, value, given[edge_type], real, self.bias[i]))
            found[name] = attend_sparsely(projected[name].query, blocks)
        return found
