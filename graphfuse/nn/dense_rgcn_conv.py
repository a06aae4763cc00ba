"""The relational graph convolution on padded batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from graphfuse._pyg import import_pyg
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.errors import InputError
from graphfuse.nn._aggregate import neighbour_mean
from graphfuse.nn._pyg import check_conv
from graphfuse.nn._typed import Metadata, TypedConv, linear_of, mask_nodes

if TYPE_CHECKING:
    from torch_geometric.nn import RGCNConv


class DenseRGCNConv(TypedConv):
    r"""The relational graph convolutional operator on dense batches.

    From `Schlichtkrull et al. (2018) <https://arxiv.org/abs/1703.06103>`_. For a node :math:`i` of
    type :math:`t`,

    .. math::
        x'_i = W_t x_i + b_t + \sum_e \frac{1}{\sum_{j} w_{je}} \sum_{j} w_{je}\, W_e x_j

    over the edge types :math:`e` that point at :math:`t` and their edges from nodes :math:`j` with
    weight :math:`w` (1 where edges are bool). The result equals PyTorch Geometric's ``RGCNConv``
    with mean aggregation, which has one :math:`W_t` for all types. :meth:`from_pyg` also converts
    weights :math:`W_e` given as bases or blocks.

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
        >>> conv = DenseRGCNConv(4, 8, (["a"], [("a", "near", "a")]))
        >>> out = conv({"a": torch.rand(1, 3, 4)}, {("a", "near", "a"): torch.ones(1, 3, 3)})
        >>> list(out["a"].shape)
        [1, 3, 8]
    """

    name = "rgcn"

    def __init__(
        self, in_channels: int | Mapping[str, int], out_channels: int, metadata: Metadata
    ) -> None:
        super().__init__(in_channels, out_channels, metadata)
        self.root = self.per_type(out_channels)
        self.relation = self.per_edge_type(out_channels)

    def forward(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Update every node from itself and the means of its neighbours."""
        given = self.check(x, edges, mask)
        out = {}
        for name in self.node_types:
            root = linear_of(self.root, name)
            parts, weights = [x[name]], [root.weight]
            for edge_type in self.edge_types:
                source = edge_type[0]
                if edge_type[2] != name or edge_type not in given:
                    continue
                real = None if mask is None else mask[source]
                count = x[name].shape[1]
                parts.append(neighbour_mean(given[edge_type], x[source], real, count))
                weights.append(linear_of(self.relation, *edge_type).weight)
            # One matrix product for all edge types.
            update = F.linear(torch.cat(parts, dim=2), torch.cat(weights, dim=1), root.bias)
            out[name] = mask_nodes(update, mask, name)
        return out

    @classmethod
    def from_pyg(cls, conv: RGCNConv, metadata: Metadata) -> Self:
        """Return a dense conv with the weights of a PyTorch Geometric one.

        The relation with index r in ``conv`` is the edge type with index r in ``metadata``.
        """
        import_pyg()
        from torch_geometric.nn import RGCNConv

        check_conv(cls, conv, RGCNConv, aggr="mean")
        if len(metadata[1]) != conv.num_relations:
            raise InputError(
                f"the RGCNConv has {conv.num_relations} relations, but metadata has "
                f"{len(metadata[1])} edge types"
            )
        if conv.root is not None and conv.root.shape[0] != conv.in_channels_l:
            raise InputError(
                f"DenseRGCNConv takes the weights of an RGCNConv with one number of in_channels, "
                f"got {conv.in_channels}"
            )
        weight = _whole_weights(conv)
        dense = cls(conv.in_channels_l, conv.out_channels, metadata).to(weight.device, weight.dtype)
        with torch.no_grad():
            for number, edge_type in enumerate(metadata[1]):
                linear_of(dense.relation, *edge_type).weight.copy_(weight[number].T)
            for name in dense.node_types:
                root = linear_of(dense.root, name)
                root.weight.copy_(0 * weight[0].T if conv.root is None else conv.root.T)
                root.bias.copy_(root.bias * 0 if conv.bias is None else conv.bias)
        return dense


def _whole_weights(conv: RGCNConv) -> Tensor:
    """Return the weights [R, in, out], also if they are given as bases or blocks."""
    weight: Tensor = conv.weight
    if conv.num_bases is not None:
        return torch.einsum("rb,bio->rio", conv.comp, weight)
    if conv.num_blocks is not None:
        return torch.stack(
            [
                torch.block_diag(*blocks)  # type: ignore[no-untyped-call]
                for blocks in weight
            ]
        )
    return weight
