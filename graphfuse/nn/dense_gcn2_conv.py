"""GCNII on padded batches: deep graph convolution with initial residual and identity map."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor, nn

from graphfuse._keys import module_key
from graphfuse._pyg import import_pyg
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.errors import InputError
from graphfuse.nn._pyg import check_conv
from graphfuse.nn._sparse import flatten_edges, sum_at
from graphfuse.nn._typed import Metadata, TypedConv, mask_nodes

if TYPE_CHECKING:
    from torch_geometric.nn import GCN2Conv


class DenseGCN2Conv(TypedConv):
    r"""The GCNII operator on dense batches, which treats all edge types as one.

    From `Chen et al. (2020) <https://arxiv.org/abs/2007.02133>`_. With the nodes of all types of a
    sample stacked into :math:`X`,

    .. math::
        X' = \big((1 - \alpha) \hat P X + \alpha X_0\big)
             \big((1 - \beta) I + \beta \Theta\big), \qquad
        \hat P = D^{-1/2} (A + I) D^{-1/2}

    where :math:`A` sums the weights of all edge types (1 where edges are bool), :math:`D` the
    weights that arrive at a node, :math:`X_0` are the nodes before the first layer (the input
    itself if not given) and :math:`\beta = \log(\theta / l + 1)` in layer :math:`l`. The result
    equals PyTorch Geometric's ``GCN2Conv`` with shared weights and self-loops on the graph of all
    nodes, except for an edge from a node to itself: in PyG it replaces the self-loop in :math:`I`,
    here it is added to it. Node types whose size is not ``out_channels`` are mapped to it first.

    Args:
        in_channels: number of input features, one for all node types or ``{node type: features}``.
        out_channels: number of output features.
        metadata: the node types and the edge types.
        alpha: share of the initial residual.
        theta: strength of the linear map, weaker in deeper layers.
        layer: number of the layer, from 1.

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
        >>> conv = DenseGCN2Conv(4, 4, (["a"], [("a", "near", "a")]))
        >>> out = conv({"a": torch.rand(1, 3, 4)}, {("a", "near", "a"): torch.ones(1, 3, 3)})
        >>> list(out["a"].shape)
        [1, 3, 4]
    """

    name = "gcn2"

    def __init__(
        self,
        in_channels: int | Mapping[str, int],
        out_channels: int,
        metadata: Metadata,
        alpha: float = 0.1,
        theta: float = 0.5,
        layer: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, metadata)
        if not 0 <= alpha <= 1 or theta <= 0 or layer < 1:
            raise InputError(
                f"alpha must be in [0, 1], theta positive and layer at least 1; got "
                f"alpha={alpha}, theta={theta}, layer={layer}"
            )
        self.alpha, self.theta, self.layer = alpha, theta, layer
        self.beta = math.log(theta / layer + 1)
        self.project = nn.ModuleDict(
            {
                module_key(t): nn.Linear(size, out_channels)
                for t, size in self.in_channels.items()
                if size != out_channels
            }
        )
        self.weight = nn.Parameter(torch.empty(out_channels, out_channels))
        nn.init.xavier_uniform_(self.weight)

    @classmethod
    def for_layer(cls, channels: int, metadata: Metadata, heads: int, layer: int) -> Self:
        """Return a conv for one layer, counted from 0, of a stack of constant width."""
        return cls(channels, channels, metadata, layer=layer + 1)

    @classmethod
    def from_pyg(cls, conv: GCN2Conv, metadata: Metadata) -> Self:
        """Return a dense conv with the weights of a PyTorch Geometric one."""
        import_pyg()
        from torch_geometric.nn import GCN2Conv

        check_conv(cls, conv, GCN2Conv, aggr="sum", normalize=True, add_self_loops=True)
        if conv.weight2 is not None:
            raise InputError("DenseGCN2Conv needs a GCN2Conv with shared_weights=True, got False")
        theta = math.expm1(conv.beta)  # as if of the first layer
        dense = cls(conv.channels, conv.channels, metadata, alpha=conv.alpha, theta=theta)
        dense = dense.to(conv.weight1.device, conv.weight1.dtype)
        with torch.no_grad():
            dense.weight.copy_(conv.weight1)
        return dense

    def forward(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None = None,
        initial: Mapping[str, Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Update every node; ``initial`` are the nodes before the first layer, [B, N, out]."""
        given = self.check(x, edges, mask)
        nodes = {
            t: mask_nodes(
                self.project[module_key(t)](x[t]) if module_key(t) in self.project else x[t],
                mask,
                t,
            )
            for t in self.node_types
        }
        widths = [nodes[t].shape[1] for t in self.node_types]
        together = torch.cat([nodes[t] for t in self.node_types], dim=1)
        before = together
        if initial is not None:
            before = torch.cat([initial[t] for t in self.node_types], dim=1)
        # Under autocast, products have another precision than the nodes.
        propagated = self._propagate(together, nodes, given, mask)
        mixed = torch.lerp(propagated, before.to(propagated.dtype), self.alpha)
        updated = torch.lerp(mixed, (mixed @ self.weight).to(mixed.dtype), self.beta)
        parts = torch.split(updated, widths, dim=1)
        return {t: mask_nodes(p, mask, t) for t, p in zip(self.node_types, parts, strict=True)}

    def step(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None,
        initial: Mapping[str, Tensor],
    ) -> dict[str, Tensor]:
        """Update nodes as one layer of a stack, whose first layer got ``initial``."""
        updated: dict[str, Tensor] = self(x, edges, mask, initial)
        return updated

    def _propagate(
        self,
        together: Tensor,
        nodes: Mapping[str, Tensor],
        given: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None,
    ) -> Tensor:
        """Return the normalised sum of each node and its neighbours, [B, N, F]."""
        dense = {t: e for t, e in given.items() if isinstance(e, Tensor)}
        if len(dense) < len(given):
            return self._propagate_sparsely(together, nodes, given, mask)
        joined: dict[tuple[str, str], Tensor] = {}
        for (source, _, destination), edges in dense.items():
            before = joined.get((source, destination))
            if before is not None:  # edges of several relations between the same nodes are summed
                edges = edges.to(together.dtype) + before
            joined[source, destination] = edges
        rows = []
        for source in self.node_types:
            blocks = [
                joined[source, t]
                if (source, t) in joined
                else together.new_zeros(
                    together.shape[0], nodes[source].shape[1], nodes[t].shape[1], dtype=torch.bool
                )
                for t in self.node_types
            ]
            rows.append(torch.cat(blocks, dim=2))
        weight = torch.cat(rows, dim=1).to(together.dtype)
        if mask is not None:
            weight = weight * torch.cat([mask[t] for t in self.node_types], dim=1).unsqueeze(2)
        weight = weight + torch.eye(weight.shape[1], dtype=weight.dtype, device=weight.device)
        scale = weight.sum(1).rsqrt()
        return scale.unsqueeze(2) * (weight.transpose(1, 2) @ (scale.unsqueeze(2) * together))

    def _propagate_sparsely(
        self,
        together: Tensor,
        nodes: Mapping[str, Tensor],
        given: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None,
    ) -> Tensor:
        samples, total = together.shape[:2]
        start, offset = 0, {}
        for t in self.node_types:
            offset[t] = start
            start += nodes[t].shape[1]
        parts = []
        for (s, _, d), edges in given.items():
            real = None if mask is None else mask[s]
            counts = nodes[s].shape[1], nodes[d].shape[1]
            source, at, log_weight = flatten_edges(edges, *counts, real, together.dtype)
            source = source // counts[0] * total + source % counts[0] + offset[s]
            at = at // counts[1] * total + at % counts[1] + offset[d]
            one = torch.ones_like(source, dtype=together.dtype)
            parts.append((source, at, one if log_weight is None else log_weight.exp()))
        flat = together.flatten(0, 1)
        degree = torch.ones_like(flat[:, 0])  # of the node's edge to itself
        for _, at, weight in parts:
            degree = degree + sum_at(weight, at, samples * total)
        scale = degree.rsqrt()
        out = flat * scale.square().unsqueeze(1)
        for source, at, weight in parts:
            share = (weight * scale[source] * scale[at]).unsqueeze(1)
            out = out + sum_at(flat[source] * share, at, samples * total)
        return out.view_as(together)
