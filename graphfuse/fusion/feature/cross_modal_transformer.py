"""Attention from every modality to each of the others."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, Schema
from graphfuse.fusion.feature._attention import AttentionBlock, ModalityMeans, NodeTokens
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import check_least, head
from graphfuse.fusion.strategy import Strategy


@strategy(
    "cross_modal_transformer",
    family="feature",
    summary="attention from each modality to each of the others (MulT)",
    paper="Tsai et al. 2019, https://arxiv.org/abs/1906.00295",
    modalities=2,
)
class CrossModalTransformer(Strategy):
    r"""Attend from each modality's nodes to every other modality, then within the modality.

    .. math:: h_{s \to t} \leftarrow \mathrm{block}_{st}(h_{s \to t}, h_s), \quad
        h_{s \to t} = h_t \text{ at first}, \qquad
        z = \Big[\mathrm{mean}\;\mathrm{block}_t\big(W_t\, [h_{s \to t}]_{s \ne t}\big)\Big]_t

    for each ordered pair of source s and target t. First, ``num_layers`` blocks attend from the
    nodes of the target to the encoded nodes of the source; then one block attends within the
    target. Unlike in the paper, :math:`W_t` maps the streams of a target back to the hidden size,
    so that the number of weights grows no faster than the number of pairs; nodes are averaged,
    because the order of nodes has no meaning and there is no last one; and there is no convolution
    over time. For a missing source, the blocks of its stream leave attention out. A missing target
    is replaced by a learned mean.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(CrossModalTransformer(data.schema)(data.batch([0, 1, 2])).embedding.shape)
        [3, 128]
    """

    def __init__(
        self,
        schema: Schema,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        num_layers: int = 2,
        heads: int = 4,
    ) -> None:
        super().__init__(schema)
        check_least(1, num_layers=num_layers)
        count = len(schema.modalities)
        self.tokens = NodeTokens(schema.modalities, hidden_channels, dropout)
        self.pairs = [(s, t) for t in range(count) for s in range(count) if s != t]
        self.across = nn.ModuleList(
            AttentionBlock(hidden_channels, heads, dropout)
            for _ in range(num_layers * len(self.pairs))
        )
        self.merge = nn.ModuleList(
            nn.Linear((count - 1) * hidden_channels, hidden_channels) for _ in range(count)
        )
        self.within = nn.ModuleList(
            AttentionBlock(hidden_channels, heads, dropout) for _ in range(count)
        )
        self.readout = ModalityMeans(count, hidden_channels)
        self.head = head(count * hidden_channels, hidden_channels, schema.outputs, dropout)

    def forward(self, batch: Batch) -> FusionOutput:
        """Attend across, then within, read out, predict."""
        nodes, masks = self.tokens(batch)
        streams: list[list[Tensor]] = [[] for _ in nodes]
        for pair, (s, t) in enumerate(self.pairs):
            stream = nodes[t]
            for block in self.across[pair :: len(self.pairs)]:
                stream = block(stream, nodes[s], masks[s])
            streams[t].append(stream)
        rewritten = []
        for t, (merge, block) in enumerate(zip(self.merge, self.within, strict=True)):
            target = merge(torch.cat(streams[t], dim=2))
            rewritten.append(block(target, target, masks[t]))
        embedding = self.readout(rewritten, masks)
        return FusionOutput(self.rescale(self.head(embedding)), embedding)
