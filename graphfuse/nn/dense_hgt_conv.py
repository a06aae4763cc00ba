"""The heterogeneous graph transformer on padded batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphfuse._keys import module_key
from graphfuse._pyg import import_pyg
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.nn._attention import AttentionConv, Block, attend, attend_sparsely, edge_mask
from graphfuse.nn._pyg import check_conv
from graphfuse.nn._typed import Metadata, linear_of, mask_nodes

if TYPE_CHECKING:
    from torch_geometric.nn import HGTConv


class DenseHGTConv(AttentionConv):
    r"""The heterogeneous graph transformer operator on dense batches.

    From `Hu et al. (2020) <https://arxiv.org/abs/2003.01332>`_.

    For a node :math:`i` of type :math:`t` and its incoming edges :math:`(j, e)` from nodes of type
    :math:`s`, with one softmax over all of them,

    .. math::
        \alpha_{je} &= \mathrm{softmax}_{je}\left(\frac{\mu_e}{\sqrt{d}}\,
            (K_s x_j A_e) \cdot (Q_t x_i) + \log w_{je}\right) \\
        x'_i &= \sigma(\beta_t)\, O_t\,\mathrm{gelu}\Big(\sum_{je} \alpha_{je}\, V_s x_j M_e\Big)
            + (1 - \sigma(\beta_t))\, x_i

    where :math:`A_e, M_e` are matrices per head and edge type, :math:`\mu_e` a scalar per head and
    edge type, and :math:`w` the edge weight (1 where edges are bool). The last term is used only if
    input and output have the same size. Up to rounding, the result equals PyTorch Geometric's
    ``HGTConv`` with the same weights, with two exceptions: a node type that no edge type points at
    is updated with a zero message instead of being left out, and the order of dictionaries has no
    effect.

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
        >>> metadata = (["a", "b"], [("a", "to", "b")])
        >>> conv = DenseHGTConv({"a": 3, "b": 5}, 8, metadata, heads=2)
        >>> x = {"a": torch.rand(4, 6, 3), "b": torch.rand(4, 2, 5)}
        >>> out = conv(x, {("a", "to", "b"): torch.rand(4, 6, 2) < 0.5})
        >>> {name: list(nodes.shape) for name, nodes in out.items()}
        {'a': [4, 6, 8], 'b': [4, 2, 8]}
    """

    name = "hgt"

    def __init__(
        self,
        in_channels: int | Mapping[str, int],
        out_channels: int,
        metadata: Metadata,
        heads: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, metadata, heads)
        head_size = out_channels // heads
        relations = len(self.edge_types)
        self.key_relation = nn.Parameter(torch.empty(relations, heads, head_size, head_size))
        self.value_relation = nn.Parameter(torch.empty(relations, heads, head_size, head_size))
        self.prior = nn.Parameter(torch.empty(relations, heads))
        self.skip = nn.Parameter(torch.empty(len(self.node_types)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: Glorot for the matrices of edge types, ones for priors and skips."""
        super().reset_parameters()
        bound = (3 / (self.out_channels // self.heads)) ** 0.5
        nn.init.uniform_(self.key_relation, -bound, bound)
        nn.init.uniform_(self.value_relation, -bound, bound)
        nn.init.ones_(self.prior)
        nn.init.ones_(self.skip)

    @classmethod
    def from_pyg(cls, conv: HGTConv) -> Self:
        """Return a dense conv with the weights of a PyTorch Geometric one."""
        import_pyg()
        from torch_geometric.nn import HGTConv

        check_conv(cls, conv, HGTConv, aggr="sum")
        sizes = {name: lin.in_channels for name, lin in conv.kqv_lin.lins.items()}
        dense = cls(sizes, conv.out_channels, (conv.node_types, conv.edge_types), conv.heads)
        dense = dense.to(conv.k_rel.weight.device, conv.k_rel.weight.dtype)
        with torch.no_grad():
            for number, name in enumerate(dense.node_types):
                for part in ("weight", "bias"):
                    key, query, value = getattr(conv.kqv_lin.lins[name], part).chunk(3)
                    own = getattr(linear_of(dense.kvq, name), part)
                    own.copy_(torch.cat([key, value, query]))
                linear_of(dense.out, name).load_state_dict(conv.out_lin.lins[name].state_dict())
                dense.skip[number] = conv.skip[name].squeeze()
            total = len(conv.edge_types)
            for number, edge_type in enumerate(dense.edge_types):
                rows = conv.edge_types_map[edge_type] + total * torch.arange(conv.heads)
                dense.key_relation[number] = conv.k_rel.weight[rows]
                dense.value_relation[number] = conv.v_rel.weight[rows]
                dense.prior[number] = conv.p_rel["__".join(edge_type)].squeeze(0)
        return dense

    def forward(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Update every node from its incoming edges."""
        given = self.check(x, edges, mask)
        projected = self.project(x)
        key_maps = (self.key_relation * self.prior.unsqueeze(2).unsqueeze(3)).unbind()
        value_maps = self.value_relation.unbind()
        out = {}
        for number, name in enumerate(self.node_types):
            query = projected[name].query
            blocks = []
            for i in self.incoming(given, name):
                source = self.edge_types[i][0]
                key = _map_heads(projected[source].key, key_maps[i])
                value = _map_heads(projected[source].value, value_maps[i])
                real = None if mask is None else mask[source]
                blocks.append(Block(key, value, given[self.edge_types[i]], real))
            message = _attend(query, blocks) if blocks else torch.zeros_like(query.flatten(2))
            out[name] = mask_nodes(self._update(number, message, x[name]), mask, name)
        return out

    def score(
        self, edge_type: EdgeType, sources: Tensor, destinations: Tensor, source: Tensor, at: Tensor
    ) -> Tensor:
        """Return the scores [E, H] of edges."""
        number, (s, _, d) = self.edge_types.index(edge_type), edge_type
        matrices = self.key_relation[number] * self.prior[number].unsqueeze(1).unsqueeze(2)
        key = _map_heads(self.project_type(s, sources).key, matrices).flatten(0, 1)
        query = self.project_type(d, destinations).query.flatten(0, 1)
        product: Tensor = (key[source] * query[at]).sum(2)
        return torch.mul(product, key.shape[2] ** -0.5)

    def _update(self, number: int, message: Tensor, nodes: Tensor) -> Tensor:
        """Apply the output map and the gated skip connection."""
        name = self.node_types[number]
        update: Tensor = self.out[module_key(name)](F.gelu(message))
        if self.in_channels[name] != self.out_channels:
            return update
        # Under autocast, the maps have another precision than the nodes.
        gate = self.skip[number].sigmoid().to(nodes.dtype)
        return torch.lerp(nodes, update.to(nodes.dtype), gate)


def _attend(query: Tensor, blocks: Sequence[Block]) -> Tensor:
    """Attend from nodes [B, Nd, H, d] to the sources of all blocks; return [B, Nd, H * d]."""
    dense = [block.edges for block in blocks if isinstance(block.edges, Tensor)]
    if len(dense) < len(blocks):
        return attend_sparsely(query, blocks)
    key = torch.cat([block.key.transpose(1, 2) for block in blocks], dim=2)
    value = torch.cat([block.value.transpose(1, 2) for block in blocks], dim=2)
    real = [block.source_mask for block in blocks if block.source_mask is not None] or None
    weights = edge_mask(dense, real, query.dtype)
    return attend(query.transpose(1, 2), key, value, weights, query.shape[3])


def _map_heads(nodes: Tensor, matrices: Tensor) -> Tensor:
    """Multiply nodes [B, N, H, d] by matrices [H, d, d]; return [B, N, H, d]."""
    samples, count, heads, size = nodes.shape
    mapped = nodes.flatten(0, 1).transpose(0, 1) @ matrices  # [H, B * N, d]
    return mapped.view(heads, samples, count, size).permute(1, 2, 0, 3)
