"""GraphSAGE on padded batches of typed nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphfuse._keys import module_key
from graphfuse._pyg import import_pyg
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.nn._aggregate import neighbour_mean
from graphfuse.nn._pyg import check_hetero_conv
from graphfuse.nn._typed import Metadata, TypedConv, linear_of, mask_nodes

if TYPE_CHECKING:
    from torch_geometric.nn import HeteroConv


class DenseSAGEConv(TypedConv):
    r"""The GraphSAGE operator with mean aggregation on dense batches, summed over edge types.

    From `Hamilton et al. (2017) <https://arxiv.org/abs/1706.02216>`_. For a node :math:`i` of type
    :math:`t`, summed over the edge types :math:`e` that point at it,

    .. math::
        x'_i = \sum_e \frac{z_{ie}}{\lVert z_{ie} \rVert}, \qquad
        z_{ie} = W_e\, \mathrm{mean}_{j}\, x_j + b_e + R_e x_i

    where means are weighted if edges have weights. The result equals PyTorch Geometric's
    ``HeteroConv`` of ``SAGEConv``. As in the paper, updates are normalised by default; in PyG that
    is ``normalize=True``. A node type that no edge type points at gets zeros. Without the
    normalisation, this computes the same as :class:`DenseRGCNConv`.

    Args:
        in_channels: number of input features, one for all node types or ``{node type: features}``.
        out_channels: number of output features.
        metadata: the node types and the edge types.
        normalize: divide each edge type's update by its length.

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
        >>> conv = DenseSAGEConv(4, 8, (["a"], [("a", "near", "a")]))
        >>> out = conv({"a": torch.rand(1, 3, 4)}, {("a", "near", "a"): torch.ones(1, 3, 3)})
        >>> out["a"].detach().norm(dim=2).round(decimals=3)
        tensor([[1., 1., 1.]])
    """

    name = "sage"

    def __init__(
        self,
        in_channels: int | Mapping[str, int],
        out_channels: int,
        metadata: Metadata,
        normalize: bool = True,
    ) -> None:
        super().__init__(in_channels, out_channels, metadata)
        self.normalize = normalize
        self.neighbours = self.per_edge_type(out_channels)
        self.root = nn.ModuleDict(
            {
                module_key(*t): nn.Linear(self.in_channels[t[2]], out_channels)
                for t in self.edge_types
            }
        )

    @classmethod
    def from_pyg(cls, conv: HeteroConv) -> Self:
        """Return a dense conv with the weights of a ``HeteroConv`` of ``SAGEConv``."""
        import_pyg()
        from torch_geometric.nn import SAGEConv

        singles = check_hetero_conv(
            cls, conv, SAGEConv, aggr="mean", same=("out_channels", "normalize"), project=False
        )
        sizes: dict[str, int] = {}
        for (source, _, destination), single in singles.items():
            sizes[source] = single.lin_l.in_channels  # in_channels stays -1 if it was lazy
            if single.root_weight:
                sizes[destination] = single.lin_r.in_channels
        for (_, _, destination), single in singles.items():
            given = single.in_channels
            sizes.setdefault(destination, given if isinstance(given, int) else given[1])
        first = next(iter(singles.values()))
        dense = cls(sizes, first.out_channels, (list(sizes), list(singles)), first.normalize)
        dense = dense.to(first.lin_l.weight.device, first.lin_l.weight.dtype)
        with torch.no_grad():
            for edge_type, single in singles.items():
                linear_of(dense.neighbours, *edge_type).weight.copy_(single.lin_l.weight)
                root = linear_of(dense.root, *edge_type)
                root.weight.copy_(single.lin_r.weight if single.root_weight else root.weight * 0)
                bias = single.lin_l.bias
                root.bias.copy_(root.bias * 0 if bias is None else bias)
        return dense

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
            types = [t for t in self.edge_types if t[2] == name]
            if not types:
                out[name] = x[name].new_zeros(*x[name].shape[:2], self.out_channels)
                continue
            roots = [linear_of(self.root, *t) for t in types]
            own = F.linear(  # of all edge types in one product
                x[name],
                torch.cat([root.weight for root in roots]),
                torch.cat([root.bias for root in roots]),
            )
            updates = []
            for t, update in zip(types, own.chunk(len(types), dim=2), strict=True):
                if t in given:
                    real = None if mask is None else mask[t[0]]
                    mean = neighbour_mean(given[t], x[t[0]], real, x[name].shape[1])
                    update = update + linear_of(self.neighbours, *t)(mean)
                updates.append(update)
            stacked = torch.stack(updates)
            if self.normalize:
                stacked = F.normalize(stacked, dim=3)
            out[name] = mask_nodes(stacked.sum(0), mask, name)
        return out
