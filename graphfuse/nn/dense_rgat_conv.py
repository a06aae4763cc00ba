"""Relational graph attention on padded batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphfuse._keys import module_key
from graphfuse._pyg import import_pyg
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.errors import InputError
from graphfuse.nn._pyg import check_conv
from graphfuse.nn._sparse import flatten_edges, segment_softmax, sum_at
from graphfuse.nn._typed import HeadedConv, Metadata, linear_of, mask_nodes

if TYPE_CHECKING:
    from torch_geometric.nn import RGATConv

SLOPE = 0.2


class DenseRGATConv(HeadedConv):
    r"""The relational graph attention operator on dense batches.

    From `Busbridge et al. (2019) <https://arxiv.org/abs/1904.05811>`_, additive attention with one
    softmax across relations. For a node :math:`i` and its incoming edges :math:`(j, e)`, per head,

    .. math::
        \alpha_{je} = \mathrm{softmax}_{je}\left(
            \mathrm{LeakyReLU}(q_e \cdot x_i + k_e \cdot x_j) + \log w_{je}\right), \qquad
        x'_i = b_t + \sum_{je} \alpha_{je}\, W_e x_j

    where :math:`w` is the edge weight (1 where edges are bool). In the paper, scores are computed
    from mapped nodes, :math:`q_e = W_e \tilde q_e`. Here that product is one learned vector, so
    that the two ends of an edge may have different sizes and no tensor of pairs times features is
    needed. The result equals PyTorch Geometric's ``RGATConv`` with
    ``attention_mechanism="across-relation"`` and ``attention_mode="additive-self-attention"``,
    which shares :math:`\tilde q, \tilde k` between relations.

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
        >>> conv = DenseRGATConv(4, 8, (["a"], [("a", "near", "a")]), heads=2)
        >>> out = conv({"a": torch.rand(1, 3, 4)}, {("a", "near", "a"): torch.ones(1, 3, 3)})
        >>> list(out["a"].shape)
        [1, 3, 8]
    """

    name = "rgat"

    def __init__(
        self,
        in_channels: int | Mapping[str, int],
        out_channels: int,
        metadata: Metadata,
        heads: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, metadata, heads)
        self.value = self.per_edge_type(out_channels)
        self.key = self.per_edge_type(heads)
        self.query = nn.ModuleDict(
            {
                module_key(*t): nn.Linear(self.in_channels[t[2]], heads, bias=False)
                for t in self.edge_types
            }
        )
        self.bias = nn.Parameter(torch.zeros(len(self.node_types), out_channels))

    @classmethod
    def from_pyg(cls, conv: RGATConv, metadata: Metadata) -> Self:
        """Return a dense conv with the weights of a PyTorch Geometric one.

        The relation with index r in ``conv`` is the edge type with index r in ``metadata``.
        """
        import_pyg()
        from torch_geometric.nn import RGATConv

        check_conv(
            cls,
            conv,
            RGATConv,
            aggr="sum",
            attention_mechanism="across-relation",
            attention_mode="additive-self-attention",
            concat=True,
            negative_slope=SLOPE,
            mod=None,
            edge_dim=None,
            num_blocks=None,
        )
        if len(metadata[1]) != conv.num_relations:
            raise InputError(
                f"the RGATConv has {conv.num_relations} relations, but metadata has "
                f"{len(metadata[1])} edge types"
            )
        if conv.num_bases is None:
            weight = conv.weight
        else:
            weight = torch.einsum("rb,bio->rio", conv.att, conv.basis)
        dense = cls(conv.in_channels, conv.heads * conv.out_channels, metadata, conv.heads)
        dense = dense.to(conv.q.device, conv.q.dtype)
        with torch.no_grad():
            for number, edge_type in enumerate(metadata[1]):
                linear_of(dense.value, *edge_type).weight.copy_(weight[number].T)
                linear_of(dense.key, *edge_type).weight.copy_((weight[number] @ conv.k).T)
                linear_of(dense.query, *edge_type).weight.copy_((weight[number] @ conv.q).T)
            dense.bias.copy_(dense.bias * 0 if conv.bias is None else conv.bias)
        return dense

    def forward(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Update every node from its incoming edges."""
        given = self.check(x, edges, mask)
        incoming: dict[str, list[Incoming]] = {name: [] for name in self.node_types}
        for edge_type in self.edge_types:
            if edge_type not in given:
                continue
            source, _, destination = edge_type
            incoming[destination].append(
                Incoming(
                    linear_of(self.query, *edge_type)(x[destination]),
                    linear_of(self.key, *edge_type)(x[source]),
                    linear_of(self.value, *edge_type)(x[source]).unflatten(2, (self.heads, -1)),
                    given[edge_type],
                    None if mask is None else mask[source],
                )
            )
        out = {}
        for number, name in enumerate(self.node_types):
            nodes = self.bias[number].expand(*x[name].shape[:2], -1)
            if incoming[name]:
                nodes = nodes + _attend(incoming[name])
            out[name] = mask_nodes(nodes, mask, name)
        return out

    def score(
        self, edge_type: EdgeType, sources: Tensor, destinations: Tensor, source: Tensor, at: Tensor
    ) -> Tensor:
        """Return the scores [E, H] of edges."""
        query = linear_of(self.query, *edge_type)(destinations).flatten(0, 1)[at]
        key = linear_of(self.key, *edge_type)(sources).flatten(0, 1)[source]
        return F.leaky_relu(query + key, SLOPE)


class Incoming(NamedTuple):
    """Messages of one edge type to its destination nodes."""

    query: Tensor  # [B, Nd, H]
    key: Tensor  # [B, Ns, H]
    value: Tensor  # [B, Ns, H, d]
    edges: Tensor | SparseEdges  # bool or weights [B, Ns, Nd]
    source_mask: Tensor | None  # [B, Ns]


def _attend(parts: Sequence[Incoming]) -> Tensor:
    """Attend to the sources of all edge types at once; return [B, Nd, H * d].

    If the edges of any type are sparse, all use the sparse path, with the same result.
    """
    alloweds, logits = [], []
    for part in parts:
        if isinstance(part.edges, SparseEdges):
            return _attend_sparsely(parts)
        allowed = part.edges > 0
        if part.source_mask is not None:
            allowed = allowed & part.source_mask.unsqueeze(2)
        logit = F.leaky_relu(part.query.unsqueeze(1) + part.key.unsqueeze(2), SLOPE)
        minus_infinity = torch.finfo(logit.dtype).min / 2
        if part.edges.is_floating_point():
            log_weight = torch.where(allowed, part.edges, 1).log().to(logit.dtype)
            logit = logit + log_weight.clamp(min=minus_infinity / 2).unsqueeze(3)
        alloweds.append(allowed)
        logits.append(torch.where(allowed.unsqueeze(3), logit, minus_infinity))
    share = torch.cat(logits, dim=1).softmax(1)  # [B, S, Nd, H]
    share = share * torch.cat(alloweds, dim=1).any(1, keepdim=True).unsqueeze(3)
    value = torch.cat([part.value for part in parts], dim=1)
    return (share.permute(0, 3, 2, 1) @ value.transpose(1, 2)).transpose(1, 2).flatten(2)


def _attend_sparsely(parts: Sequence[Incoming]) -> Tensor:
    samples, count = parts[0].query.shape[:2]
    ends, values, logits = [], [], []
    for query, key, value, edges, real in parts:
        source, at, log_weight = flatten_edges(edges, key.shape[1], count, real, key.dtype)
        logit = F.leaky_relu(query.flatten(0, 1)[at] + key.flatten(0, 1)[source], SLOPE)
        logits.append(logit if log_weight is None else logit + log_weight.unsqueeze(1))
        ends.append(at)
        values.append(value.flatten(0, 1)[source])
    at = torch.cat(ends)
    share = segment_softmax(torch.cat(logits), at, samples * count)
    sent = torch.cat(values) * share.unsqueeze(2)
    width = parts[0].value.shape[2:].numel()
    return sum_at(sent, at, samples * count).view(samples, count, width)
