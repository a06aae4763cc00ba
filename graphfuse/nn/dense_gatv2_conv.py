"""GATv2 on padded batches of typed nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphfuse._keys import module_key
from graphfuse._pyg import import_pyg
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.nn._pyg import check_hetero_conv, copy_linear, new_headed
from graphfuse.nn._sparse import flatten_edges, segment_softmax, sum_at
from graphfuse.nn._typed import HeadedConv, Metadata, linear_of, mask_nodes

if TYPE_CHECKING:
    from torch_geometric.nn import HeteroConv

SLOPE = 0.2
FEW = 0.25
"""Edge density below which edges are gathered (benchmarks.convs)."""
SMALL = 2**19
"""Largest size of a pairs times features tensor for which it is fastest (benchmarks.convs)."""


class DenseGATv2Conv(HeadedConv):
    r"""The GATv2 operator on dense batches, summed over edge types.

    From `Brody et al. (2022) <https://arxiv.org/abs/2105.14491>`_. For a node :math:`i` of type
    :math:`t`, per head, summed over the edge types :math:`e` that point at it,

    .. math::
        \alpha_{je} = \mathrm{softmax}_{j}\left(a_e \cdot
            \mathrm{LeakyReLU}(L_e x_j + R_e x_i) + \log w_{je}\right), \qquad
        x'_i = b_t + \sum_e \sum_j \alpha_{je}\, L_e x_j

    with one softmax per edge type, where :math:`w` is the edge weight (1 where edges are bool).
    The result equals PyTorch Geometric's ``HeteroConv`` of ``GATv2Conv`` without self-loops. The
    scores of all pairs are computed without a tensor of pairs times features: a leaky ReLU is the
    sum of a linear part, which splits into its two ends, and a part :math:`|z|`, whose weighted
    sums are differences of L1 distances.

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
        >>> conv = DenseGATv2Conv(4, 8, (["a"], [("a", "near", "a")]), heads=2)
        >>> out = conv({"a": torch.rand(1, 3, 4)}, {("a", "near", "a"): torch.ones(1, 3, 3)})
        >>> list(out["a"].shape)
        [1, 3, 8]
    """

    name = "gatv2"
    softmax_per_edge_type = True

    def __init__(
        self,
        in_channels: int | Mapping[str, int],
        out_channels: int,
        metadata: Metadata,
        heads: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, metadata, heads)
        self.left, self.right = nn.ModuleDict(), nn.ModuleDict()
        for edge_type in self.edge_types:
            key = module_key(*edge_type)
            self.left[key] = nn.Linear(self.in_channels[edge_type[0]], out_channels)
            self.right[key] = nn.Linear(self.in_channels[edge_type[2]], out_channels)
        self.attention = nn.Parameter(
            torch.empty(len(self.edge_types), heads, out_channels // heads)
        )
        self.bias = nn.Parameter(torch.empty(len(self.node_types), out_channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: Glorot for the attention's vectors, zeros for the bias."""
        for linear in (*self.left.values(), *self.right.values()):
            linear.reset_parameters()  # type: ignore[operator]
        nn.init.xavier_uniform_(self.attention)
        nn.init.zeros_(self.bias)

    @classmethod
    def from_pyg(cls, conv: HeteroConv) -> Self:
        """Return a dense conv with the weights of a ``HeteroConv`` of ``GATv2Conv``."""
        import_pyg()
        from torch_geometric.nn import GATv2Conv

        singles = check_hetero_conv(
            cls,
            conv,
            GATv2Conv,
            aggr="sum",
            same=("heads", "out_channels"),
            add_self_loops=False,
            concat=True,
            negative_slope=SLOPE,
            residual=False,
            edge_dim=None,
        )
        dense = new_headed(cls, singles, "lin_l", "lin_r")
        with torch.no_grad():
            for number, edge_type in enumerate(dense.edge_types):
                single = singles[edge_type]
                copy_linear(linear_of(dense.left, *edge_type), single.lin_l)
                copy_linear(linear_of(dense.right, *edge_type), single.lin_r)
                dense.attention[number] = single.att[0]
                if single.bias is not None:
                    dense.bias[dense.node_types.index(edge_type[2])] += single.bias
        return dense

    def forward(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Update every node from its incoming edges."""
        given = self.check(x, edges, mask)
        out = {
            name: self.bias[number].expand(*x[name].shape[:2], -1)
            for number, name in enumerate(self.node_types)
        }
        for number, edge_type in enumerate(self.edge_types):
            if edge_type not in given:
                continue
            source, _, destination = edge_type
            left = linear_of(self.left, *edge_type)(x[source]).unflatten(2, (self.heads, -1))
            right = linear_of(self.right, *edge_type)(x[destination]).unflatten(2, (self.heads, -1))
            real = None if mask is None else mask[source]
            sent = _attend(left, right, self.attention[number], given[edge_type], real)
            out[destination] = out[destination] + sent
        return {name: mask_nodes(nodes, mask, name) for name, nodes in out.items()}

    def score(
        self, edge_type: EdgeType, sources: Tensor, destinations: Tensor, source: Tensor, at: Tensor
    ) -> Tensor:
        """Return the scores [E, H] of edges."""
        left = linear_of(self.left, *edge_type)(sources).unflatten(2, (self.heads, -1))
        right = linear_of(self.right, *edge_type)(destinations).unflatten(2, (self.heads, -1))
        bent = F.leaky_relu(left.flatten(0, 1)[source] + right.flatten(0, 1)[at], SLOPE)
        return (bent * self.attention[self.edge_types.index(edge_type)]).sum(2)


def _attend(
    left: Tensor, right: Tensor, weight: Tensor, edges: Tensor | SparseEdges, real: Tensor | None
) -> Tensor:
    """Attend from nodes [B, Nd, H, d] to nodes [B, Ns, H, d]; return [B, Nd, H * d]."""
    if isinstance(edges, SparseEdges) or _are_few(edges):
        return _attend_sparsely(left, right, weight, edges, real)
    allowed = edges > 0 if edges.is_floating_point() else edges
    if real is not None:
        allowed = allowed & real.unsqueeze(2)
    logit = _scores(left, right, weight)
    minus_infinity = torch.finfo(logit.dtype).min / 2
    if edges.is_floating_point():
        log_weight = torch.where(allowed, edges, 1).log().to(logit.dtype)
        logit = logit + log_weight.clamp(min=minus_infinity / 2).transpose(1, 2).unsqueeze(1)
    allowed = allowed.transpose(1, 2).unsqueeze(1)
    share = torch.where(allowed, logit, minus_infinity).softmax(3)
    share = share * allowed.any(3, keepdim=True)
    return (share @ left.transpose(1, 2)).transpose(1, 2).flatten(2)


def _are_few(edges: Tensor) -> bool:
    """Whether gathering edges is faster than scoring all pairs; False when compiling."""
    if torch.compiler.is_compiling() or edges.numel() < 1024:
        return False
    return int(edges.count_nonzero()) < FEW * edges.numel()


def _scores(left: Tensor, right: Tensor, weight: Tensor) -> Tensor:
    """Return the scores [B, H, Nd, Ns] of all pairs."""
    # A compiler fuses operations on a small tensor of pairs. cdist does not support half precision,
    # and exported programs do not support L1 distances.
    if (
        torch.compiler.is_compiling()
        or left.dtype in (torch.float16, torch.bfloat16)
        or left.numel() * right.shape[1] <= SMALL
    ):
        pairs = F.leaky_relu(right.unsqueeze(2) + left.unsqueeze(1), SLOPE)  # [B, Nd, Ns, H, d]
        return (pairs.flatten(3) @ _per_head(weight)).permute(0, 3, 1, 2)
    linear = (right * weight).sum(3).unsqueeze(2) + (left * weight).sum(3).unsqueeze(1)
    linear = linear.permute(0, 3, 1, 2)
    left, right = left.transpose(1, 2), right.transpose(1, 2)
    above, below = F.relu(weight).unsqueeze(1), F.relu(-weight).unsqueeze(1)
    bent = torch.cdist(right * above, -left * above, p=1)
    bent = bent - torch.cdist(right * below, -left * below, p=1)
    return (1 + SLOPE) / 2 * linear + (1 - SLOPE) / 2 * bent


def _per_head(weight: Tensor) -> Tensor:
    """Return weights [H, d] as a block matrix [H * d, H] with one block per head."""
    apart = torch.eye(len(weight), dtype=weight.dtype, device=weight.device)
    return (weight.unsqueeze(2) * apart.unsqueeze(1)).flatten(0, 1)


def _attend_sparsely(
    left: Tensor, right: Tensor, weight: Tensor, edges: Tensor | SparseEdges, real: Tensor | None
) -> Tensor:
    samples, count = right.shape[:2]
    source, at, log_weight = flatten_edges(edges, left.shape[1], count, real, left.dtype)
    sent = left.reshape(-1, weight.numel()).index_select(0, source)
    received = right.reshape(-1, weight.numel()).index_select(0, at)
    logit = F.leaky_relu(sent + received, SLOPE) @ _per_head(weight)
    if log_weight is not None:
        logit = logit + log_weight.unsqueeze(1)
    share = segment_softmax(logit, at, samples * count)
    message = sent.view(-1, *weight.shape) * share.unsqueeze(2)
    return sum_at(message, at, samples * count).view(samples, count, weight.numel())
