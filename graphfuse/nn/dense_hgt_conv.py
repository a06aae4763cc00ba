"""The heterogeneous graph transformer on padded batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphfuse._keys import module_key
from graphfuse.errors import InputError
from graphfuse.nn._attention import AttentionConv
from graphfuse.nn._typed import Metadata

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
    edge type, :math:`w` the edge weight (1 where edges are bool); the last term is there where
    input and output are of the same size. Equal to PyTorch Geometric's ``HGTConv`` with the same
    weights, to rounding, except that a node type at which no edge type points gets the update of
    an empty message instead of being left out, and that the order of a dictionary plays no role.

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
        """Draw new weights: Glorot for the relations' matrices, ones for priors and skips."""
        super().reset_parameters()
        bound = (3 / (self.out_channels // self.heads)) ** 0.5
        nn.init.uniform_(self.key_relation, -bound, bound)
        nn.init.uniform_(self.value_relation, -bound, bound)
        nn.init.ones_(self.prior)
        nn.init.ones_(self.skip)

    @classmethod
    def from_pyg(cls, conv: HGTConv) -> Self:
        """Return a dense conv with the weights of a PyTorch Geometric one."""
        sizes = {name: int(size) for name, size in conv.in_channels.items()}
        if min(sizes.values()) < 1:
            raise InputError("the HGTConv has lazy sizes; run it once on data before converting it")
        dense = cls(sizes, conv.out_channels, (conv.node_types, conv.edge_types), conv.heads)
        dense = dense.to(conv.k_rel.weight.device, conv.k_rel.weight.dtype)
        with torch.no_grad():
            for number, name in enumerate(dense.node_types):
                for own, theirs in ((dense.kqv, conv.kqv_lin), (dense.out, conv.out_lin)):
                    linear = own[module_key(name)]
                    linear.load_state_dict(theirs.lins[name].state_dict())
                dense.skip[number] = conv.skip[name].squeeze()
            total = len(conv.edge_types)
            for number, edge_type in enumerate(dense.edge_types):
                rows = conv.edge_types_map[edge_type] + total * torch.arange(conv.heads)
                dense.key_relation[number] = conv.k_rel.weight[rows]
                dense.value_relation[number] = conv.v_rel.weight[rows]
                dense.prior[number] = conv.p_rel["__".join(edge_type)].squeeze(0)
        return dense

    def carry(
        self, key: Tensor, value: Tensor, numbers: Sequence[int]
    ) -> Sequence[tuple[Tensor, Tensor]]:
        """Map keys and values by the matrices of all edge types in one product each."""
        if not numbers:
            return []
        to_key = self.key_relation[numbers] * self.prior[numbers].unsqueeze(2).unsqueeze(3)
        keys = _map_heads(key, to_key)
        values = _map_heads(value, self.value_relation[numbers])
        return list(zip(keys, values, strict=True))

    def update(self, number: int, message: Tensor, nodes: Tensor) -> Tensor:
        """Apply the output map and the gated skip connection."""
        name = self.node_types[number]
        update: Tensor = self.out[module_key(name)](F.gelu(message))
        if self.in_channels[name] != self.out_channels:
            return update
        gate = self.skip[number].sigmoid()
        return gate * update + (1 - gate) * nodes


def _map_heads(nodes: Tensor, matrices: Tensor) -> tuple[Tensor, ...]:
    """Multiply [B, N, H, d] by matrices [E, H, d, d]; return E tensors [B, N, H, d]."""
    wide = matrices.permute(1, 2, 0, 3).flatten(2)  # [H, d, E * d]
    mapped = nodes.permute(2, 0, 1, 3).flatten(1, 2) @ wide  # [H, B * N, E * d]
    heads, batch, count = nodes.shape[2], nodes.shape[0], nodes.shape[1]
    parts = mapped.view(heads, batch, count, len(matrices), -1).unbind(3)
    return tuple(part.permute(1, 2, 0, 3) for part in parts)
