"""Attention along typed edges: one softmax over all incoming edges of a node.

Shape letters: B samples, N nodes (padded), S source nodes of all incoming edge types side by side,
H heads, d features of a head, E edges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphfuse._keys import module_key
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.nn._sparse import flatten_edges, segment_softmax, sum_at
from graphfuse.nn._typed import HeadedConv, Metadata, linear_of


class Projected(NamedTuple):
    """Queries, keys and values of the nodes of one type, [B, N, H, d] each."""

    key: Tensor
    value: Tensor
    query: Tensor


class AttentionConv(HeadedConv):
    """Base class of convs whose nodes attend to all their neighbours with one softmax.

    It has two linear maps per node type: one for keys, values and queries together, and one for
    the output.
    """

    def __init__(
        self,
        in_channels: int | Mapping[str, int],
        out_channels: int,
        metadata: Metadata,
        heads: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, metadata, heads)
        self.kvq = self.per_type(3 * out_channels)
        self.out = nn.ModuleDict(
            {module_key(t): nn.Linear(out_channels, out_channels) for t in self.node_types}
        )

    def reset_parameters(self) -> None:
        """Draw new weights for the linear maps of each node type."""
        for linear in (*self.kvq.values(), *self.out.values()):
            linear.reset_parameters()  # type: ignore[operator]

    def project(self, x: Mapping[str, Tensor]) -> dict[str, Projected]:
        """Return keys, values and queries of every node, by node type."""
        return {name: self.project_type(name, x[name]) for name in self.node_types}

    def project_type(self, name: str, nodes: Tensor) -> Projected:
        """Return keys, values and queries of nodes [B, N, F] of one type."""
        parts = linear_of(self.kvq, name)(nodes).split(self.out_channels, dim=2)
        return Projected(*(p.unflatten(2, (self.heads, -1)) for p in parts))

    def incoming(self, given: Mapping[EdgeType, Tensor | SparseEdges], name: str) -> list[int]:
        """Return the indices of the edge types that point at a node type."""
        return [i for i, t in enumerate(self.edge_types) if t[2] == name and t in given]


def attend(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, size: int) -> Tensor:
    """Attend from [B, H, Nd, d] to [B, H, S, d] under a mask [B, Nd, S]; return [B, Nd, H * size].

    ``size`` is the number of real features per head, which sets the scale. Rows without an edge
    give zeros, see :func:`edge_mask`.
    """
    if not mask.shape[2]:  # no source type has any row
        return torch.zeros_like(query[..., :size].transpose(1, 2).flatten(2))
    out = F.scaled_dot_product_attention(
        query, key, value, attn_mask=mask.unsqueeze(1), scale=size**-0.5
    )
    connected = mask.amax(2, keepdim=True) > torch.finfo(mask.dtype).min / 2
    return out[..., :size].transpose(1, 2).flatten(2) * connected


def edge_mask(
    edges: Sequence[Tensor], source_masks: Sequence[Tensor] | None, dtype: torch.dtype
) -> Tensor:
    """Return the log weights of all edges, concatenated, [B, Nd, S]; the lowest number for none.

    A finite number replaces minus infinity, so that a row without edges has no NaN in its value or
    its gradient. The logarithm is taken before the cast, so that a weight that underflows in the
    nodes' precision is not a missing edge.
    """
    lowest = torch.finfo(dtype).min
    joined = torch.cat(list(edges), dim=1)  # [B, S, Nd]; bool becomes 1 beside weights
    allowed = joined > 0 if joined.is_floating_point() else joined
    if source_masks is not None:
        allowed = allowed & torch.cat(list(source_masks), dim=1).unsqueeze(2)
    if joined.is_floating_point():
        log_weight = torch.where(allowed, joined, 1).log().to(dtype).clamp(min=lowest / 4)
        return torch.where(allowed, log_weight, lowest).transpose(1, 2).contiguous()
    allowed = allowed.transpose(1, 2).contiguous()
    return torch.where(allowed, torch.zeros((), dtype=dtype, device=allowed.device), lowest)


class Block(NamedTuple):
    """Messages of one edge type to its destination nodes, for the sparse path."""

    key: Tensor  # [B, Ns, H, d]
    value: Tensor  # [B, Ns, H, d]
    edges: Tensor | SparseEdges  # bool or weights [B, Ns, Nd]
    source_mask: Tensor | None  # [B, Ns]
    bias: Tensor | None = None  # [H]


def attend_sparsely(query: Tensor, blocks: Sequence[Block]) -> Tensor:
    """Attend from nodes [B, Nd, H, d] to the sources of all blocks; return [B, Nd, H * d].

    This gathers both ends of every edge and sums the messages at the destinations.
    """
    samples, count, heads, size = query.shape
    at, values, logits = [], [], []
    for block in blocks:
        source, destination, log_weight = flatten_edges(
            block.edges, block.key.shape[1], count, block.source_mask, query.dtype
        )
        key = block.key.flatten(0, 1)[source]
        logit = (key * query.flatten(0, 1)[destination]).sum(2) * size**-0.5
        if log_weight is not None:
            logit = logit + log_weight.unsqueeze(1)
        if block.bias is not None:
            logit = logit + block.bias.to(logit.dtype)
        at.append(destination)
        values.append(block.value.flatten(0, 1)[source])
        logits.append(logit)
    destination = torch.cat(at)
    share = segment_softmax(torch.cat(logits), destination, samples * count)
    out = sum_at(share.unsqueeze(2) * torch.cat(values), destination, samples * count)
    return out.view(samples, count, heads * size)
