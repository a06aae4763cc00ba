"""Modal-temporal graph attention on padded batches, which keeps the strongest edges of a node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphfuse._strongest import strongest, strongest_listed
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.errors import InputError
from graphfuse.nn._attention import edge_mask
from graphfuse.nn._sparse import flatten_edges, segment_softmax, sum_at
from graphfuse.nn._typed import HeadedConv, Metadata, linear_of, mask_nodes

SLOPE = 0.2


class DenseMTGATConv(HeadedConv):
    r"""The MTGAT operator on dense batches, with the weak edges of each node pruned.

    From MTAG (`Yang et al. 2021 <https://arxiv.org/abs/2010.11985>`_). For a node :math:`i` of type
    :math:`t` and its incoming edges :math:`(j, e)` from nodes of type :math:`s`, per head, with one
    softmax over all of them,

    .. math::
        \alpha_{je} = \mathrm{softmax}_{je}\big(\mathrm{LeakyReLU}(a_e \cdot M_s x_j
            + b_e \cdot M_t x_i) + \log w_{je}\big), \qquad
        x'_i = c_t + \frac{\sum_{je \in K} \alpha_{je}\, M_s x_j}{\sum_{je \in K} \alpha_{je}}

    where :math:`K` are the edges with the largest :math:`\alpha`, averaged over heads: the share
    ``keep`` of all incoming edges, rounded up, with all ties; :math:`w` is the edge weight (1 where
    edges are bool). With ``keep=1`` and one type, the result equals PyTorch Geometric's ``GATConv``
    without self-loops. :class:`DenseGATv2Conv` differs in three ways: it has maps per edge type
    instead of per node type, applies the leaky ReLU before the product with the attention vector
    instead of after it, and has one softmax per edge type.

    In the paper's code (https://github.com/jedyang97/MTAG), a layer uses all edges that it gets.
    Its attention, averaged over heads, then removes the weakest edges of the whole batch for later
    layers. Nodes have an edge to themselves, maps have no bias, and all types share :math:`c`. Here
    each layer prunes its own edges, node by node, so that no sample depends on others. Residual
    connections replace the edges to themselves.

    Args:
        in_channels: number of input features, one for all node types or ``{node type: features}``.
        out_channels: number of output features, a multiple of ``heads``.
        metadata: the node types and the edge types.
        heads: number of attention heads, whose results are concatenated.
        keep: share of incoming edges that are kept, above 0 and at most 1.

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
        >>> conv = DenseMTGATConv(4, 8, (["a"], [("a", "past", "a")]), heads=2)
        >>> out = conv({"a": torch.rand(1, 3, 4)}, {("a", "past", "a"): torch.ones(1, 3, 3)})
        >>> list(out["a"].shape)
        [1, 3, 8]
    """

    name = "mtgat"

    def __init__(
        self,
        in_channels: int | Mapping[str, int],
        out_channels: int,
        metadata: Metadata,
        heads: int = 1,
        keep: float = 0.8,
    ) -> None:
        super().__init__(in_channels, out_channels, metadata, heads)
        if not 0 < keep <= 1:
            raise InputError(
                f"keep must be a share of the edges, above 0 and at most 1, got {keep}"
            )
        self.keep = keep
        self.ratio = Fraction(keep).limit_denominator(1_000_000).as_integer_ratio()
        self.project = self.per_type(out_channels)
        shape = (len(self.edge_types), heads, out_channels // heads)
        self.from_source = nn.Parameter(torch.empty(shape))
        self.from_destination = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(len(self.node_types), out_channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new weights: Glorot for the attention vectors, zeros for the bias."""
        for linear in self.project.values():
            linear.reset_parameters()  # type: ignore[operator]
        nn.init.xavier_uniform_(self.from_source)
        nn.init.xavier_uniform_(self.from_destination)
        nn.init.zeros_(self.bias)

    def forward(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Update every node from the strongest of its incoming edges."""
        given = self.check(x, edges, mask)
        nodes = {t: self._project(t, x[t]) for t in self.node_types}
        out = {}
        for number, name in enumerate(self.node_types):
            blocks = [
                self._block(e, nodes, given[edge_type], mask)
                for e, edge_type in enumerate(self.edge_types)
                if edge_type[2] == name and edge_type in given
            ]
            update = self.bias[number].expand(*x[name].shape[:2], -1)
            if any(isinstance(block.edges, SparseEdges) for block in blocks):
                update = update + self._attend_sparsely(blocks)
            elif blocks:
                update = update + self._attend(blocks)
            out[name] = mask_nodes(update, mask, name)
        return out

    def _project(self, t: str, nodes: Tensor) -> Tensor:
        """Return nodes [B, N, F] of one type mapped to [B, N, H, d]."""
        mapped: Tensor = linear_of(self.project, t)(nodes).unflatten(2, (self.heads, -1))
        return mapped

    def _block(
        self,
        e: int,
        nodes: Mapping[str, Tensor],
        edges: Tensor | SparseEdges,
        mask: Mapping[str, Tensor] | None,
    ) -> _Block:
        source, _, destination = self.edge_types[e]
        start, end = self._ends(e, nodes[source], nodes[destination])
        return _Block(nodes[source], start, end, edges, None if mask is None else mask[source])

    def _ends(self, e: int, source: Tensor, destination: Tensor) -> tuple[Tensor, Tensor]:
        """Return the parts of both ends [B, N, H] in the scores of edges of one type."""
        return (
            (source * self.from_source[e]).sum(3),
            (destination * self.from_destination[e]).sum(3),
        )

    def _attend(self, blocks: Sequence[_Block]) -> Tensor:
        """Average the sources of all blocks under dense edges; return [B, Nd, H * d]."""
        scores = [_score(b.start.unsqueeze(1), b.end.unsqueeze(2)) for b in blocks]
        score = torch.cat(scores, dim=2)  # [B, Nd, S, H]
        weights = [b.edges for b in blocks if isinstance(b.edges, Tensor)]
        real = [b.source_mask for b in blocks if b.source_mask is not None] or None
        log_weight = edge_mask(weights, real, torch.promote_types(score.dtype, torch.float32))
        allowed = log_weight > torch.finfo(log_weight.dtype).min / 2
        share = (score.to(log_weight.dtype) + log_weight.unsqueeze(3)).softmax(2)
        kept = strongest(share.mean(3), allowed, self._keep(allowed.sum(2, keepdim=True)))
        share = share * kept.unsqueeze(3)
        total = share.sum(2, keepdim=True)
        share = (share / torch.where(total > 0, total, 1)).to(score.dtype)
        values = torch.cat([b.value for b in blocks], dim=1)
        return (share.permute(0, 3, 1, 2) @ values.transpose(1, 2)).transpose(1, 2).flatten(2)

    def _attend_sparsely(self, blocks: Sequence[_Block]) -> Tensor:
        """Average the sources of all blocks along listed edges; return [B, Nd, H * d]."""
        samples, count = blocks[0].end.shape[:2]
        ends, values, logits = [], [], []
        for block in blocks:
            precise = torch.promote_types(block.start.dtype, torch.float32)
            source, at, log_weight = flatten_edges(
                block.edges, block.start.shape[1], count, block.source_mask, precise
            )
            logit = _score(block.start.flatten(0, 1)[source], block.end.flatten(0, 1)[at])
            logit = logit.to(precise)
            ends.append(at)
            values.append(block.value.flatten(0, 1)[source])
            logits.append(logit if log_weight is None else logit + log_weight.unsqueeze(1))
        at, rows = torch.cat(ends), samples * count
        share = self.share(torch.cat(logits), at, rows).to(values[0].dtype)
        sent = torch.cat(values) * share.unsqueeze(2)
        return sum_at(sent, at, rows).view(samples, count, self.out_channels)

    def share(self, logits: Tensor, at: Tensor, total: int) -> Tensor:
        """Return the weights [E, H] of edges, which are zero where edges are pruned."""
        share = segment_softmax(logits, at, total)
        incoming = at.bincount(minlength=total)
        kept = strongest_listed(share.mean(1), at, self._keep(incoming)[at])
        share = share * kept.unsqueeze(1)
        sums = sum_at(share, at, total)
        return share / torch.where(sums > 0, sums, 1)[at]

    def score(
        self, edge_type: EdgeType, sources: Tensor, destinations: Tensor, source: Tensor, at: Tensor
    ) -> Tensor:
        """Return the scores [E, H] of edges."""
        number, (s, _, d) = self.edge_types.index(edge_type), edge_type
        start, end = self._ends(number, self._project(s, sources), self._project(d, destinations))
        return _score(start.flatten(0, 1)[source], end.flatten(0, 1)[at])

    def _keep(self, incoming: Tensor) -> Tensor:
        """Return how many of a node's incoming edges are kept."""
        # The share rounded up, computed in integers to prevent rounding errors.
        part, whole = self.ratio
        return (incoming * part + whole - 1) // whole


class _Block(NamedTuple):
    """Messages of one edge type to its destination nodes."""

    value: Tensor  # [B, Ns, H, d]
    start: Tensor  # [B, Ns, H], the source's part of the score
    end: Tensor  # [B, Nd, H], the destination's part
    edges: Tensor | SparseEdges  # bool or weights [B, Ns, Nd]
    source_mask: Tensor | None  # [B, Ns]


def _score(start: Tensor, end: Tensor) -> Tensor:
    """Return the scores of edges from the parts of their ends."""
    return F.leaky_relu(start + end, SLOPE)
