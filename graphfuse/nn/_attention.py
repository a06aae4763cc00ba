"""Attention along typed edges: one softmax over all incoming edges of a node.

Shape letters: B samples, N nodes (padded), S source nodes of all incoming edge types side by side,
H heads, d features of a head, E edges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphfuse._keys import module_key
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.errors import InputError
from graphfuse.nn._sparse import flatten_edges, segment_softmax, sum_at
from graphfuse.nn._typed import Metadata, TypedConv, mask_nodes


class AttentionConv(TypedConv):
    """Base of convs with one softmax over all incoming edges of a node, whatever their type.

    A subclass says what edge types do to keys and values (:meth:`carry`) and to logits
    (:meth:`edge_bias`), and what becomes of the message (:meth:`update`).
    """

    def __init__(
        self,
        in_channels: int | Mapping[str, int],
        out_channels: int,
        metadata: Metadata,
        heads: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, metadata)
        if heads < 1 or out_channels % heads:
            raise InputError(
                f"out_channels is a multiple of heads, got out_channels={out_channels}, "
                f"heads={heads}"
            )
        self.heads = heads
        self.kqv = self.per_type(3 * out_channels)
        self.out = nn.ModuleDict(
            {module_key(t): nn.Linear(out_channels, out_channels) for t in self.node_types}
        )

    @classmethod
    def for_layer(cls, channels: int, metadata: Metadata, heads: int, layer: int) -> Self:
        """Return a conv for one layer, counted from 0, of a stack of constant width."""
        return cls(channels, channels, metadata, heads)

    def reset_parameters(self) -> None:
        """Draw new weights of the linear maps per node type."""
        for linear in (*self.kqv.values(), *self.out.values()):
            linear.reset_parameters()  # type: ignore[operator]

    def carry(
        self, key: Tensor, value: Tensor, numbers: Sequence[int]
    ) -> Sequence[tuple[Tensor, Tensor]]:
        """Return keys and values [B, Ns, H, d] as each of a source's edge types carries them."""
        return [(key, value)] * len(numbers)

    def edge_bias(self, number: int) -> Tensor | None:
        """Return what edge type ``number`` adds to its logits, [H], or None for nothing."""
        return None

    def update(self, number: int, message: Tensor, nodes: Tensor) -> Tensor:
        """Return the new nodes of node type ``number``."""
        raise InputError(f"{type(self).__name__} does not say how nodes are updated")

    def forward(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Update every node from its incoming edges."""
        given = self.check(x, edges, mask)
        query: dict[str, Tensor] = {}
        blocks: dict[str, list[Block]] = {name: [] for name in self.node_types}
        for name in self.node_types:
            projected = self.kqv[module_key(name)](x[name]).unflatten(2, (3, self.heads, -1))
            key, query[name], value = projected.unbind(2)
            numbers = [i for i, t in enumerate(self.edge_types) if t[0] == name and t in given]
            for i, (k, v) in zip(numbers, self.carry(key, value, numbers), strict=True):
                edge_type = self.edge_types[i]
                real = None if mask is None else mask[name]
                block = Block(k, v, given[edge_type], real, self.edge_bias(i))
                blocks[edge_type[2]].append(block)
        out = {}
        for number, name in enumerate(self.node_types):
            if blocks[name]:
                message = attend(query[name], blocks[name])
            else:
                message = torch.zeros_like(query[name].flatten(2))
            out[name] = mask_nodes(self.update(number, message, x[name]), mask, name)
        return out


class Block(NamedTuple):
    """What one edge type brings to its destination nodes."""

    key: Tensor  # [B, Ns, H, d]
    value: Tensor  # [B, Ns, H, d]
    edges: Tensor | SparseEdges  # bool or weights [B, Ns, Nd]
    source_mask: Tensor | None  # [B, Ns]
    bias: Tensor | None = None  # [H]

    @property
    def dense(self) -> Tensor:
        """The edges where they are known to be dense."""
        if isinstance(self.edges, SparseEdges):
            raise InputError("sparse edges take the sparse path")
        return self.edges


def attend(query: Tensor, blocks: Sequence[Block]) -> Tensor:
    """Attend from nodes [B, Nd, H, d] to the sources of all blocks at once; return [B, Nd, H * d].

    One softmax runs over all incoming edges, whatever their type. The weight of an edge is added
    to its logit as a logarithm. A node without incoming edges gets zeros. Sparse edges of any block
    take all of them along the sparse path, with the same result.
    """
    if any(isinstance(block.edges, SparseEdges) for block in blocks):
        return _attend_sparsely(query, blocks)
    head_size = query.shape[3]
    allowed, logit = edge_logits(blocks, query.dtype)
    key = torch.cat([block.key for block in blocks], dim=1)
    value = torch.cat([block.value for block in blocks], dim=1)
    if blocks[0].bias is not None:
        query, key, value = _append_bias(query, key, value, blocks)
    out = F.scaled_dot_product_attention(
        query.transpose(1, 2),
        key.transpose(1, 2),
        value.transpose(1, 2),
        attn_mask=logit.unsqueeze(1),
        scale=head_size**-0.5,
    )
    out = out[..., :head_size].transpose(1, 2).flatten(2)
    return out * allowed.any(2, keepdim=True)


def edge_logits(blocks: Sequence[Block], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return whether there is an edge, and its log weight, both [B, Nd, S].

    A finite number stands for minus infinity, so that a row without edges has no NaN, neither in
    its value nor in its gradient.
    """
    minus_infinity = torch.finfo(dtype).min / 2
    alloweds, logits = [], []
    for block in blocks:
        edges = block.dense.transpose(1, 2)
        allowed = edges > 0
        if block.source_mask is not None:
            allowed = allowed & block.source_mask.unsqueeze(1)
        logit = torch.zeros((), dtype=dtype, device=edges.device)
        if edges.is_floating_point():
            # The logarithm first: a weight that the nodes' precision cannot hold is no missing one.
            logit = torch.where(allowed, edges, 1).log().to(dtype).clamp(min=minus_infinity / 2)
        alloweds.append(allowed)
        logits.append(torch.where(allowed, logit, minus_infinity))
    return torch.cat(alloweds, dim=2), torch.cat(logits, dim=2)


def _append_bias(
    query: Tensor, key: Tensor, value: Tensor, blocks: Sequence[Block]
) -> tuple[Tensor, Tensor, Tensor]:
    """Let a bias per head and edge type ride in one more feature of the heads.

    The query's is 1 and the key's the bias, over the scale that the attention multiplies with;
    the value's is 0. That keeps the bias out of the [Nd, S] mask.
    """
    head_size = query.shape[3]
    biases = [
        (block.bias * head_size**0.5).view(1, 1, -1, 1).expand(*block.key.shape[:3], 1)
        for block in blocks
        if block.bias is not None
    ]
    key = torch.cat([key, torch.cat(biases, dim=1).to(key.dtype)], dim=3)
    return F.pad(query, (0, 1), value=1.0), key, F.pad(value, (0, 1))


def _attend_sparsely(query: Tensor, blocks: Sequence[Block]) -> Tensor:
    """Gather the ends of every edge, and sum what they send at the destinations."""
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
