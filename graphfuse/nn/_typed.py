"""The base class of convs over typed nodes and edges: sorted metadata and input checks."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from numbers import Integral
from typing import ClassVar, Self, cast

import torch
from torch import Tensor, nn

from graphfuse._keys import module_key
from graphfuse._registry import Registry
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.errors import InputError, UnknownNameError, check_heads
from graphfuse.nn._sparse import flatten_edges, segment_softmax
from graphfuse.nn.attention_weights import AttentionWeights, EdgeAttention
from graphfuse.nn.hub_module import HubModule

Metadata = tuple[Sequence[str], Sequence[EdgeType]]
"""Node types and edge types, as ``HeteroData.metadata()`` returns them, in any order."""


convs: Registry[type[TypedConv]]


class TypedConv(HubModule):
    """Base class of convs over typed nodes and edges.

    A subclass implements ``forward`` with the helpers here. Everything that it stores per type is
    in the sorted order of the names, so that the order of dictionaries has no effect. If it sets
    ``name``, :class:`~graphfuse.nn.GraphFusion` accepts it under that name.
    """

    name: ClassVar[str]

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "name" in cls.__dict__:
            convs.add(cls.name, cls)

    def __init__(
        self, in_channels: int | Mapping[str, int], out_channels: int, metadata: Metadata
    ) -> None:
        super().__init__()
        _check_metadata(metadata)
        self.node_types = sorted(metadata[0])
        self.edge_types: list[EdgeType] = sorted((s, r, d) for s, r, d in metadata[1])
        for kind, names in (("node", self.node_types), ("edge", self.edge_types)):
            if len(set(names)) < len(names):
                raise InputError(f"metadata must name each {kind} type once, got {names}")
        if not self.node_types:
            raise InputError("metadata must name at least one node type, got none")
        for edge_type in self.edge_types:
            for end in (edge_type[0], edge_type[2]):
                if end not in self.node_types:
                    raise UnknownNameError(
                        f"node type in edge type {edge_type}", end, self.node_types
                    )
        if not isinstance(in_channels, Mapping):
            in_channels = dict.fromkeys(self.node_types, in_channels)
        if sorted(in_channels) != self.node_types:
            raise InputError(
                f"in_channels must have one size per node type {self.node_types}, got "
                f"{dict(in_channels)}"
            )
        sizes = (*in_channels.values(), out_channels)
        if not all(isinstance(size, Integral) and size >= 1 for size in sizes):
            raise InputError(
                f"in_channels and out_channels must be integers of at least 1, got "
                f"in_channels={dict(in_channels)}, out_channels={out_channels}; lazy sizes (-1) "
                f"are not supported"
            )
        self.in_channels = {name: int(in_channels[name]) for name in self.node_types}
        self.out_channels = int(out_channels)

    @property
    def metadata(self) -> Metadata:
        """Node types and edge types, each sorted."""
        return self.node_types, self.edge_types

    @classmethod
    def for_layer(cls, channels: int, metadata: Metadata, heads: int, layer: int) -> Self:
        """Return a conv for one layer, counted from 0, of a stack of constant width."""
        return cls(channels, channels, metadata)

    def step(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None,
        initial: Mapping[str, Tensor],
    ) -> dict[str, Tensor]:
        """Update nodes as one layer of a stack, whose first layer got ``initial``."""
        updated: dict[str, Tensor] = self(x, edges, mask)
        return updated

    def per_type(self, out_channels: int) -> nn.ModuleDict:
        """Return one linear map per node type, from its input size."""
        return nn.ModuleDict(
            {module_key(t): nn.Linear(size, out_channels) for t, size in self.in_channels.items()}
        )

    def check(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None,
    ) -> dict[EdgeType, Tensor | SparseEdges]:
        """Return the edges after checking every name, shape and type.

        Weights must be in [0, inf). Dense weights on a GPU are not checked, because that would
        force a synchronisation.
        """
        for what, given in (("nodes", x), ("a mask", mask)):
            if given is not None and sorted(given) != self.node_types:
                raise InputError(
                    f"{type(self).__name__} takes {what} of the types "
                    f"{self.node_types}, got {sorted(given)}; for a type without nodes, pass a "
                    f"tensor of zeros and a mask of False"
                )
        if not torch.compiler.is_compiling():  # shapes are symbols there
            for name in self.node_types:
                self._check_nodes(name, x, mask)
            check_precision(self, x)
        for edge_type, given_edges in edges.items():
            if edge_type not in self.edge_types:
                known = [str(t) for t in self.edge_types]
                raise UnknownNameError("edge type", str(edge_type), known)
            if not torch.compiler.is_compiling():
                s, _, d = edge_type
                _check_edges(edge_type, given_edges, (*x[s].shape[:2], x[d].shape[1]))
        return dict(edges)

    def _check_nodes(
        self, name: str, x: Mapping[str, Tensor], mask: Mapping[str, Tensor] | None
    ) -> None:
        nodes, first = x[name], x[self.node_types[0]]
        if nodes.dim() != 3 or nodes.shape[2] != self.in_channels[name]:
            raise InputError(
                f"nodes of {name!r} must have shape [B, N, {self.in_channels[name]}], got "
                f"{list(nodes.shape)}"
            )
        if nodes.shape[0] != first.shape[0]:
            raise InputError(
                f"all node types must have the same number of samples B, but "
                f"{self.node_types[0]!r} has {first.shape[0]} and {name!r} has {nodes.shape[0]}"
            )
        if mask is None:
            return
        real = mask[name]
        if real.shape != nodes.shape[:2] or real.dtype != torch.bool:
            raise InputError(
                f"the mask of {name!r} must be bool [B, N] = {list(nodes.shape[:2])}, got "
                f"{real.dtype} {list(real.shape)}"
            )

    def per_edge_type(self, out_channels: int) -> nn.ModuleDict:
        """Return one linear map without bias per edge type, from the size of its source."""
        return nn.ModuleDict(
            {
                module_key(*t): nn.Linear(self.in_channels[t[0]], out_channels, bias=False)
                for t in self.edge_types
            }
        )

    def extra_repr(self) -> str:
        """Show sizes and types."""
        return (
            f"{self.in_channels}, {self.out_channels}, node types: {len(self.node_types)}, "
            f"edge types: {len(self.edge_types)}"
        )


class HeadedConv(TypedConv):
    """Base class of convs with several attention heads, whose results are concatenated.

    A subclass implements ``score`` for ``attention_weights``.
    """

    softmax_per_edge_type: ClassVar[bool] = False
    """Whether each edge type has its own softmax; otherwise one softmax covers all edge types."""

    def __init__(
        self,
        in_channels: int | Mapping[str, int],
        out_channels: int,
        metadata: Metadata,
        heads: int = 1,
    ) -> None:
        super().__init__(in_channels, out_channels, metadata)
        check_heads("out_channels", out_channels, heads)
        self.heads = heads

    @classmethod
    def for_layer(cls, channels: int, metadata: Metadata, heads: int, layer: int) -> Self:
        """Return a conv for one layer, counted from 0, of a stack of constant width."""
        return cls(channels, channels, metadata, heads)

    def attention_weights(
        self,
        x: Mapping[str, Tensor],
        edges: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None = None,
    ) -> AttentionWeights:
        """Return the attention weights that ``forward`` gives to the messages along edges.

        The weights at a node sum to 1 over its incoming edges of each edge type if
        ``softmax_per_edge_type`` is set, and over those of all edge types otherwise.
        """
        given = self.check(x, edges, mask)
        types = [t for t in self.edge_types if t in given]
        groups = (
            [[t] for t in types]
            if self.softmax_per_edge_type
            else [[t for t in types if t[2] == name] for name in self.node_types]
        )
        found: dict[EdgeType, Tensor | EdgeAttention] = {}
        for group in groups:
            if group:
                found |= self._weigh(group, x, given, mask)
        return AttentionWeights({t: found[t] for t in types})

    def _weigh(
        self,
        types: Sequence[EdgeType],
        x: Mapping[str, Tensor],
        given: Mapping[EdgeType, Tensor | SparseEdges],
        mask: Mapping[str, Tensor] | None,
    ) -> dict[EdgeType, Tensor | EdgeAttention]:
        """Return the weights of edges to one destination type, which share a softmax."""
        ends, logits = [], []
        for edge_type in types:
            s, _, d = edge_type
            precise = torch.promote_types(x[s].dtype, torch.float32)
            source, at, log_weight = flatten_edges(
                given[edge_type],
                x[s].shape[1],
                x[d].shape[1],
                None if mask is None else mask[s],
                precise,
            )
            logit = self.score(edge_type, x[s], x[d], source, at).to(precise)
            logit = logit if log_weight is None else logit + log_weight.unsqueeze(1)
            if mask is not None:
                real = mask[d].flatten()[at]
                source, at, logit = source[real], at[real], logit[real]
            ends.append(torch.stack([source, at]))
            logits.append(logit)
        name = types[0][2]
        share = self.share(torch.cat(logits), torch.cat(ends, dim=1)[1], x[name][..., 0].numel())
        parts = torch.split(share.to(x[name].dtype), [len(part) for part in logits])
        found: dict[EdgeType, Tensor | EdgeAttention] = {}
        for edge_type, index, weight in zip(types, ends, parts, strict=True):
            form = given[edge_type]
            if isinstance(form, Tensor):
                sources, destinations = form.shape[1:]
                place = index[0] // sources, index[0] % sources, index[1] % destinations
                dense = weight.new_zeros(*form.shape, self.heads).index_put(place, weight)
                found[edge_type] = dense.permute(0, 3, 1, 2)
            else:
                found[edge_type] = EdgeAttention(index, weight)
        return found

    def score(
        self, edge_type: EdgeType, sources: Tensor, destinations: Tensor, source: Tensor, at: Tensor
    ) -> Tensor:
        """Return the scores [E, H] of edges between rows of nodes [B, Ns, F] and [B, Nd, F].

        They are the logits of the softmax without the logarithms of the edge weights.
        """
        raise InputError(f"{type(self).__name__} does not implement score()")

    def share(self, logits: Tensor, at: Tensor, total: int) -> Tensor:
        """Return the weights [E, H] of edges that arrive at the rows ``at`` [E] of ``total``."""
        return segment_softmax(logits, at, total)


convs = Registry("conv", "graphfuse.nn")


def _check_metadata(metadata: Metadata) -> None:
    """Raise an error unless these are a list of names and a list of edge types."""
    pair = isinstance(metadata, Sequence) and len(metadata) == 2
    types = metadata[1] if pair else None
    if not isinstance(types, Collection) or any(isinstance(t, str) or len(t) != 3 for t in types):
        raise InputError(
            f"metadata must be (node types, edge types), where an edge type is (source, relation, "
            f"destination); got {metadata!r}"
        )


def check_precision(module: nn.Module, x: Mapping[str, Tensor]) -> None:
    """Raise an error unless nodes have the precision of a module's weights; autocast may differ."""
    weight = next(module.parameters(), None)
    for name, nodes in x.items():
        if weight is None or torch.is_autocast_enabled(nodes.device.type):
            return
        if nodes.dtype != weight.dtype:
            raise InputError(
                f"nodes of {name!r} are {nodes.dtype}, but the weights of the "
                f"{type(module).__name__} are {weight.dtype}; convert one of them, for example "
                f"with x.float() or module.double()"
            )


def _check_edges(
    edge_type: EdgeType, edges: Tensor | SparseEdges, shape: tuple[int, int, int]
) -> None:
    if not isinstance(edges, SparseEdges) and (
        not isinstance(edges, Tensor) or edges.layout != torch.strided
    ):
        raise InputError(
            f"edges {edge_type} must be a dense tensor [B, Ns, Nd] or SparseEdges, got "
            f"{getattr(edges, 'layout', type(edges).__name__)}"
        )
    weight = edges.weight if isinstance(edges, SparseEdges) else edges
    if weight is not None and weight.dtype != torch.bool and not weight.is_floating_point():
        raise InputError(
            f"edges {edge_type} must be bool or floating-point weights, got {weight.dtype}"
        )
    looked_at = isinstance(edges, SparseEdges) or edges.device.type == "cpu"
    if weight is not None and weight.is_floating_point() and weight.numel() and looked_at:
        least, most = (float(end) for end in weight.detach().aminmax())
        if not (least >= 0 and most < math.inf):  # NaN is neither
            raise InputError(
                f"weights of edges {edge_type} must be in [0, inf), where 0 means no edge; got "
                f"{least} to {most}"
            )
    if isinstance(edges, Tensor):
        if tuple(edges.shape) != shape:
            raise InputError(
                f"edges {edge_type} must have shape [B, Ns, Nd] = {list(shape)}, got "
                f"{list(edges.shape)}"
            )
        return
    samples, sources, destinations = shape
    source, destination = edges.index
    if not edges.index.shape[1]:
        return
    low = int(edges.index.min())
    if low < 0 or bool(
        (edges.index.amax(1).cpu() >= samples * torch.tensor([sources, destinations])).any()
    ):
        raise InputError(
            f"the indices of edges {edge_type} range from {low} to "
            f"{edges.index.amax(1).tolist()}, but there are {samples} samples with {sources} "
            f"source nodes and {destinations} destination nodes each"
        )
    if bool((source // sources != destination // destinations).any()):
        raise InputError(
            f"edges {edge_type} join nodes of different samples; a source index must be "
            f"sample * {sources} + node, a destination index sample * {destinations} + node"
        )


def linear_of(maps: nn.ModuleDict, *names: str) -> nn.Linear:
    """Return the linear map of a node type, or of an edge type given by its three names."""
    return cast(nn.Linear, maps[module_key(*names)])


def mask_nodes(nodes: Tensor, mask: Mapping[str, Tensor] | None, name: str) -> Tensor:
    """Return the nodes [B, N, F] with zeros at padded nodes."""
    return nodes if mask is None else nodes * mask[name].unsqueeze(2)
