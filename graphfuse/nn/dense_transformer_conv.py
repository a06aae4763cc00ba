"""The transformer operator of UniMP on padded batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from graphfuse._keys import module_key
from graphfuse._pyg import import_pyg
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.nn._attention import Block, attend, attend_sparsely, edge_mask
from graphfuse.nn._pyg import check_hetero_conv, new_headed
from graphfuse.nn._typed import HeadedConv, Metadata, linear_of, mask_nodes

if TYPE_CHECKING:
    from torch_geometric.nn import HeteroConv


class DenseTransformerConv(HeadedConv):
    r"""The graph transformer operator on dense batches, summed over edge types.

    From `Shi et al. (2021) <https://arxiv.org/abs/2009.03509>`_. For a node :math:`i` of type
    :math:`t`, per head, summed over the edge types :math:`e` that point at it,

    .. math::
        \alpha_{je} = \mathrm{softmax}_{j}\left(\frac{(Q_e x_i) \cdot (K_e x_j)}{\sqrt{d}}
            + \log w_{je}\right), \qquad
        x'_i = R_t x_i + \sum_e \sum_j \alpha_{je}\, V_e x_j

    with one softmax per edge type, where :math:`w` is the edge weight (1 where edges are bool).
    The result equals PyTorch Geometric's ``HeteroConv`` of ``TransformerConv`` with root weights,
    whose maps of the node itself are summed to one :math:`R_t`. The paper's edge features and its
    gate between the node and the message are left out.

    Args:
        in_channels: number of input features, one for all node types or ``{node type: features}``.
        out_channels: number of output features, a multiple of ``heads``.
        metadata: the node types and the edge types.
        heads: number of attention heads, whose results are concatenated.

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
        >>> conv = DenseTransformerConv(4, 8, (["a"], [("a", "near", "a")]), heads=2)
        >>> out = conv({"a": torch.rand(1, 3, 4)}, {("a", "near", "a"): torch.ones(1, 3, 3)})
        >>> list(out["a"].shape)
        [1, 3, 8]
    """

    name = "transformer"
    softmax_per_edge_type = True

    def __init__(
        self,
        in_channels: int | Mapping[str, int],
        out_channels: int,
        metadata: Metadata,
        heads: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, metadata, heads)
        self.root = self.per_type(out_channels)
        self.key_value, self.query = nn.ModuleDict(), nn.ModuleDict()
        for edge_type in self.edge_types:
            key = module_key(*edge_type)
            self.key_value[key] = nn.Linear(self.in_channels[edge_type[0]], 2 * out_channels)
            self.query[key] = nn.Linear(self.in_channels[edge_type[2]], out_channels)

    @classmethod
    def from_pyg(cls, conv: HeteroConv) -> Self:
        """Return a dense conv with the weights of a ``HeteroConv`` of ``TransformerConv``."""
        import_pyg()
        from torch_geometric.nn import TransformerConv

        singles = check_hetero_conv(
            cls,
            conv,
            TransformerConv,
            aggr="sum",
            same=("heads", "out_channels"),
            concat=True,
            root_weight=True,
            beta=False,
            edge_dim=None,
        )
        dense = new_headed(cls, singles, "lin_key", "lin_query")
        with torch.no_grad():
            for parameter in dense.parameters():
                parameter.zero_()
            for edge_type, single in singles.items():
                key_value = linear_of(dense.key_value, *edge_type)
                _add(key_value, slice(0, dense.out_channels), single.lin_key)
                _add(key_value, slice(dense.out_channels, None), single.lin_value)
                _add(linear_of(dense.query, *edge_type), slice(None), single.lin_query)
                _add(linear_of(dense.root, edge_type[2]), slice(None), single.lin_skip)
        return dense

    def forward(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Update every node from itself and its incoming edges."""
        given = self.check(x, edges, mask)
        out = {name: linear_of(self.root, name)(x[name]) for name in self.node_types}
        for edge_type in self.edge_types:
            if edge_type not in given:
                continue
            source, _, destination = edge_type
            sent = linear_of(self.key_value, *edge_type)(x[source])
            key, value = sent.unflatten(2, (2, self.heads, -1)).unbind(2)
            query = linear_of(self.query, *edge_type)(x[destination])
            query = query.unflatten(2, (self.heads, -1))
            real = None if mask is None else mask[source]
            drawn = given[edge_type]
            if isinstance(drawn, SparseEdges):
                message = attend_sparsely(query, [Block(key, value, drawn, real)])
            else:
                weights = edge_mask([drawn], None if real is None else [real], query.dtype)
                q, k, v = (part.transpose(1, 2) for part in (query, key, value))
                message = attend(q, k, v, weights, q.shape[3])
            out[destination] = out[destination] + message
        return {name: mask_nodes(nodes, mask, name) for name, nodes in out.items()}

    def score(
        self, edge_type: EdgeType, sources: Tensor, destinations: Tensor, source: Tensor, at: Tensor
    ) -> Tensor:
        """Return the scores [E, H] of edges."""
        size = self.out_channels // self.heads
        key = linear_of(self.key_value, *edge_type)(sources).unflatten(2, (2, self.heads, -1))
        query = linear_of(self.query, *edge_type)(destinations).unflatten(2, (self.heads, -1))
        product = (key[:, :, 0].flatten(0, 1)[source] * query.flatten(0, 1)[at]).sum(2)
        return torch.mul(product, size**-0.5)


def _add(own: nn.Linear, rows: slice, theirs: nn.Linear) -> None:
    """Add the weights of another map to some rows of one."""
    own.weight[rows] += theirs.weight
    if theirs.bias is not None:
        own.bias[rows] += theirs.bias
