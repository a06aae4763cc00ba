"""What typed dense convs share: metadata in one order, checked edges, attention over edge types.

Shape letters: B samples, N nodes (padded), S source nodes of all incoming edge types side by side,
H heads, d features of a head.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphfuse._keys import module_key
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.errors import InputError, UnknownNameError

Metadata = tuple[Sequence[str], Sequence[EdgeType]]
"""Node types and edge types, as ``HeteroData.metadata()`` gives them; their order is free."""


class TypedConv(nn.Module):
    """Base of dense convs over typed nodes and edges.

    A subclass implements :meth:`forward` with the helpers here; all that it keeps per type is in
    the sorted order of the names, so that the order of any dictionary carries no meaning.
    """

    def __init__(
        self, in_channels: int | Mapping[str, int], out_channels: int, metadata: Metadata
    ) -> None:
        super().__init__()
        self.node_types = sorted(metadata[0])
        self.edge_types: list[EdgeType] = sorted((s, r, d) for s, r, d in metadata[1])
        for kind, names in (("node", self.node_types), ("edge", self.edge_types)):
            if len(set(names)) < len(names):
                raise InputError(f"metadata names each {kind} type once, got {names}")
        if not self.node_types:
            raise InputError("metadata names at least one node type, got none")
        for edge_type in self.edge_types:
            for end in (edge_type[0], edge_type[2]):
                if end not in self.node_types:
                    raise UnknownNameError(
                        f"node type in edge type {edge_type}", end, self.node_types
                    )
        if isinstance(in_channels, int):
            in_channels = dict.fromkeys(self.node_types, in_channels)
        if sorted(in_channels) != self.node_types:
            raise InputError(
                f"in_channels has one size a node type, {self.node_types}; got {dict(in_channels)}"
            )
        if min(in_channels.values()) < 1 or out_channels < 1:
            raise InputError(
                f"channels are at least 1, got in_channels={dict(in_channels)}, "
                f"out_channels={out_channels}; lazy sizes (-1) are not supported"
            )
        self.in_channels = {name: in_channels[name] for name in self.node_types}
        self.out_channels = out_channels

    def per_type(self, out_channels: int) -> nn.ModuleDict:
        """Return one linear map a node type, from its input size."""
        return nn.ModuleDict(
            {module_key(t): nn.Linear(size, out_channels) for t, size in self.in_channels.items()}
        )

    def check(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None,
    ) -> dict[EdgeType, Tensor]:
        """Return the edges dense, after checking every name, shape and kind."""
        for what, given in (("nodes", x), ("a mask", mask)):
            if given is not None and sorted(given) != self.node_types:
                raise InputError(
                    f"{type(self).__name__} takes {what} of the types {self.node_types}, got "
                    f"{sorted(given)}; a type without nodes is a tensor of zeros with a mask of "
                    f"False"
                )
        if not torch.compiler.is_compiling():  # shapes are symbols there
            for name in self.node_types:
                self._check_nodes(name, x, mask)
        dense: dict[EdgeType, Tensor] = {}
        for edge_type, found in edges.items():
            if edge_type not in self.edge_types:
                known = [str(t) for t in self.edge_types]
                raise UnknownNameError("edge type", str(edge_type), known)
            s, _, d = edge_type
            shape = (x[s].shape[0], x[s].shape[1], x[d].shape[1])
            if isinstance(found, SparseEdges):
                found = found.to_dense(*shape)
            elif not torch.compiler.is_compiling() and tuple(found.shape) != shape:
                raise InputError(
                    f"edges {edge_type} are [B, Ns, Nd] = {list(shape)}, got {list(found.shape)}"
                )
            if found.dtype != torch.bool and not found.is_floating_point():
                raise InputError(
                    f"edges {edge_type} are bool or floating-point weights, got {found.dtype}"
                )
            dense[edge_type] = found
        return dense

    def _check_nodes(
        self, name: str, x: Mapping[str, Tensor], mask: Mapping[str, Tensor] | None
    ) -> None:
        nodes, first = x[name], x[self.node_types[0]]
        if nodes.dim() != 3 or nodes.shape[2] != self.in_channels[name]:
            raise InputError(
                f"nodes of {name!r} are [B, N, {self.in_channels[name]}], got {list(nodes.shape)}"
            )
        if nodes.shape[0] != first.shape[0]:
            raise InputError(
                f"all node types hold the same B samples, but {self.node_types[0]!r} has "
                f"{first.shape[0]} and {name!r} has {nodes.shape[0]}"
            )
        if mask is None:
            return
        real = mask[name]
        if real.shape != nodes.shape[:2] or real.dtype != torch.bool:
            raise InputError(
                f"mask of {name!r} is bool [B, N] = {list(nodes.shape[:2])}, got "
                f"{real.dtype} {list(real.shape)}"
            )

    def extra_repr(self) -> str:
        """Show sizes and types."""
        return (
            f"{self.in_channels}, {self.out_channels}, node types: {len(self.node_types)}, "
            f"edge types: {len(self.edge_types)}"
        )


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
        dense = self.check(x, edges, mask)
        query: dict[str, Tensor] = {}
        blocks: dict[str, list[Block]] = {name: [] for name in self.node_types}
        for name in self.node_types:
            projected = self.kqv[module_key(name)](x[name]).unflatten(2, (3, self.heads, -1))
            key, query[name], value = projected.unbind(2)
            numbers = [i for i, t in enumerate(self.edge_types) if t[0] == name and t in dense]
            for i, (k, v) in zip(numbers, self.carry(key, value, numbers), strict=True):
                edge_type = self.edge_types[i]
                real = None if mask is None else mask[name]
                block = Block(k, v, dense[edge_type], real, self.edge_bias(i))
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
    edges: Tensor  # bool or weights [B, Ns, Nd]
    source_mask: Tensor | None  # [B, Ns]
    bias: Tensor | None = None  # [H]


def attend(query: Tensor, blocks: Sequence[Block]) -> Tensor:
    """Attend from nodes [B, Nd, H, d] to the sources of all blocks at once; return [B, Nd, H * d].

    One softmax runs over all incoming edges, whatever their type. The weight of an edge is added
    to its logit as a logarithm. A node without incoming edges gets zeros.
    """
    head_size = query.shape[3]
    allowed, logit = _edge_logits(blocks, query.dtype)
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


def _edge_logits(blocks: Sequence[Block], dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Return whether there is an edge, and its log weight, both [B, Nd, S].

    A finite number stands for minus infinity, so that a row without edges has no NaN, neither in
    its value nor in its gradient.
    """
    minus_infinity = torch.finfo(dtype).min / 2
    alloweds, logits = [], []
    for block in blocks:
        edges = block.edges.transpose(1, 2)
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


def mask_nodes(nodes: Tensor, mask: Mapping[str, Tensor] | None, name: str) -> Tensor:
    """Return the nodes [B, N, F] with zeros where they are padded."""
    return nodes if mask is None else nodes * mask[name].unsqueeze(2)
