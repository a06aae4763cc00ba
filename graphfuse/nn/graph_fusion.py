"""The GNN fusion core: nodes of all modalities in, one embedding per sample out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint as recompute

from graphfuse._keys import module_key
from graphfuse.data import EdgeType, SparseEdges
from graphfuse.errors import InputError
from graphfuse.nn._typed import (
    HeadedConv,
    Metadata,
    TypedConv,
    check_precision,
    convs,
    mask_nodes,
)
from graphfuse.nn.attention_weights import AttentionWeights
from graphfuse.nn.hub_module import HubModule
from graphfuse.nn.readout import group_nodes, readouts

Edges = Mapping[EdgeType, Tensor | SparseEdges]
Rewire = Callable[[int, Mapping[str, Tensor]], Edges]


class GraphFusion(HubModule):
    r"""Stack of convs over one heterogeneous graph per sample, and a readout.

    Nodes are mapped to the hidden size. Then each layer updates them along the edges and one by
    one, with residual connections and layer norms first (as in Xiong et al. 2020,
    https://arxiv.org/abs/2002.04745):

    .. math:: h \leftarrow h + \mathrm{conv}(\mathrm{norm}(h)), \qquad
        h \leftarrow h + \mathrm{ffn}(\mathrm{norm}(h))

    Args:
        channels: number of input features, ``{modality: features}``.
        hidden_channels: number of features within the core, a multiple of ``heads``.
        metadata: the modalities and the edge types.
        conv: name of a conv: "hgt", "typed_attention", "rgcn", "sage", "gatv2", "gcn2", "rgat",
            "transformer", "hypergraph", "m3net" or "mtgat".
        num_layers: number of layers; 0 returns the mapped nodes.
        heads: number of attention heads.
        readout: "concat" (each modality before and after the core), "mean" or "attention".
        checkpoint: whether to store only the nodes between layers for the backward pass, which
            then computes each layer again (Chen et al. 2016, https://arxiv.org/abs/1604.06174).
            This saves memory and takes about a third more time; gradients are the same. The
            attribute may be changed later.

    Shapes:
        - ``x``: ``{modality: [B, N, F]}``, ``mask``: ``{modality: bool [B, N]}`` or None
        - ``edges``: ``{edge type: bool or weights [B, Ns, Nd], or SparseEdges}``
        - ``unit``: ``{modality: long [B, N]}``, the unit of each node, or None; ``num_units`` is
          U, which is needed if some units have no node (``batch.unit_mask.shape[1]``)
        - ``rewire``: None, or a function of a layer's index and its nodes that returns the edges
          of that layer, which replace ``edges``
        - output: the embedding [B, D], or [B, U, D] with units, where D is ``out_channels``; and
          the nodes ``{modality: [B, N, hidden_channels]}``, zero at padded nodes

    Example:
        >>> metadata = (["image", "text"], [("text", "names", "image")])
        >>> fusion = GraphFusion({"image": 48, "text": 16}, 32, metadata)
        >>> x = {"image": torch.rand(8, 9, 48), "text": torch.rand(8, 3, 16)}
        >>> embedding, nodes = fusion(x, {("text", "names", "image"): torch.ones(8, 3, 9)})
        >>> list(embedding.shape), list(nodes["image"].shape)
        ([8, 128], [8, 9, 32])
    """

    def __init__(
        self,
        channels: Mapping[str, int],
        hidden_channels: int,
        metadata: Metadata,
        conv: str = "hgt",
        num_layers: int = 2,
        heads: int = 4,
        readout: str = "concat",
        checkpoint: bool = False,
    ) -> None:
        super().__init__()
        self.checkpoint = checkpoint
        if num_layers < 0:
            raise InputError(f"num_layers must be at least 0, got {num_layers}")
        self.node_types = sorted(channels)
        if sorted(metadata[0]) != self.node_types:
            raise InputError(
                f"channels and metadata must name the same modalities, got {self.node_types} and "
                f"{sorted(metadata[0])}"
            )
        # It has no weights, and checks the input for any number of layers.
        self.guard = TypedConv(channels, hidden_channels, metadata)
        self.project = nn.ModuleDict(
            {module_key(t): nn.Linear(channels[t], hidden_channels) for t in self.node_types}
        )
        make = convs.get(conv)
        self.convs = nn.ModuleList(
            make.for_layer(hidden_channels, metadata, heads, layer) for layer in range(num_layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(hidden_channels) for _ in range(num_layers))
        self.feedforwards = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(hidden_channels),
                nn.Linear(hidden_channels, 2 * hidden_channels),
                nn.GELU(),
                nn.Linear(2 * hidden_channels, hidden_channels),
            )
            for _ in range(num_layers)
        )
        self.readout = readouts.get(readout)(self.node_types, hidden_channels)
        self.out_channels = self.readout.out_channels
        self._options = {
            "channels": dict(channels),
            "hidden_channels": hidden_channels,
            "metadata": self.guard.metadata,
            "conv": conv,
            "num_layers": num_layers,
            "heads": heads,
            "readout": readout,
        }

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**self._options, "checkpoint": self.checkpoint}

    def forward(
        self,
        x: Mapping[str, Tensor],
        edges: Edges,
        mask: Mapping[str, Tensor] | None = None,
        unit: Mapping[str, Tensor] | None = None,
        num_units: int | None = None,
        rewire: Rewire | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Fuse the nodes of every sample."""
        given = self._check(x, edges, mask)
        if unit is not None and sorted(unit) != self.node_types:
            raise InputError(f"unit must have the node types {self.node_types}, got {sorted(unit)}")
        if unit is not None and not torch.compiler.is_compiling():
            _check_units(x, unit)
        nodes = inputs = self._inputs(x, mask)
        for number in range(len(self.convs)):
            parts = number, nodes, given, mask, inputs, rewire
            if self.checkpoint and torch.is_grad_enabled() and not torch.compiler.is_exporting():
                nodes = recompute(self._layer, *parts, use_reentrant=False)
            else:
                nodes = self._layer(*parts)
        nodes = {t: mask_nodes(nodes[t], mask, t) for t in self.node_types}
        embedding = self.readout(inputs, nodes, group_nodes(nodes, mask, unit, num_units))
        return (embedding.squeeze(1) if unit is None else embedding), nodes

    @torch.no_grad()
    def attention_weights(
        self,
        x: Mapping[str, Tensor],
        edges: Edges,
        mask: Mapping[str, Tensor] | None = None,
        rewire: Rewire | None = None,
    ) -> list[AttentionWeights]:
        """Return the attention weights of each layer, see the conv's ``attention_weights``.

        Raises:
            InputError: the conv has no attention; the message names the convs that have.
        """
        for conv in self.convs:
            if not isinstance(conv, HeadedConv):
                attend = [n for n in convs.names() if issubclass(convs.get(n), HeadedConv)]
                raise InputError(
                    f"{type(conv).__name__} has no attention; convs with attention: {attend}"
                )
        given = self._check(x, edges, mask)
        nodes = inputs = self._inputs(x, mask)
        found = []
        for number, conv in enumerate(self.convs):
            split = self._normed(number, nodes)
            seen = given if rewire is None else rewire(number, split)
            found.append(conv.attention_weights(split, seen, mask))  # type: ignore[operator]
            nodes = self._layer(number, nodes, seen, mask, inputs, None)
        return found

    def _check(
        self, x: Mapping[str, Tensor], edges: Edges, mask: Mapping[str, Tensor] | None
    ) -> dict[EdgeType, Tensor | SparseEdges]:
        """Return the edges after checking the whole input."""
        given = self.guard.check(x, edges, mask)
        if not torch.compiler.is_compiling():
            check_precision(self, x)
        return given

    def _inputs(
        self, x: Mapping[str, Tensor], mask: Mapping[str, Tensor] | None
    ) -> dict[str, Tensor]:
        """Return the nodes mapped to the hidden size."""
        return {t: mask_nodes(self.project[module_key(t)](x[t]), mask, t) for t in self.node_types}

    def _normed(self, number: int, nodes: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the input nodes for the conv of a layer."""
        together = self.norms[number](torch.cat([nodes[t] for t in self.node_types], dim=1))
        widths = [nodes[t].shape[1] for t in self.node_types]
        return dict(zip(self.node_types, together.split(widths, dim=1), strict=True))

    def _layer(
        self,
        number: int,
        nodes: Mapping[str, Tensor],
        edges: Edges,
        mask: Mapping[str, Tensor] | None,
        inputs: Mapping[str, Tensor],
        rewire: Rewire | None,
    ) -> dict[str, Tensor]:
        """Return the nodes after one layer, not yet masked."""
        widths = [nodes[t].shape[1] for t in self.node_types]
        together = torch.cat([nodes[t] for t in self.node_types], dim=1)
        split = self._normed(number, nodes)
        given = edges if rewire is None else dict(rewire(number, split))
        updated = self.convs[number].step(split, given, mask, inputs)  # type: ignore[operator]
        together = together + torch.cat([updated[t] for t in self.node_types], dim=1)
        together = together + self.feedforwards[number](together)
        return dict(zip(self.node_types, together.split(widths, dim=1), strict=True))


def _check_units(x: Mapping[str, Tensor], unit: Mapping[str, Tensor]) -> None:
    for name, numbers in unit.items():
        if numbers.shape != x[name].shape[:2] or numbers.dtype != torch.long:
            raise InputError(
                f"units of {name!r} must be int64 [B, N] = {list(x[name].shape[:2])}, got "
                f"{numbers.dtype} {list(numbers.shape)}"
            )
