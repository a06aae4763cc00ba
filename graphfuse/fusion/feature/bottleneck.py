"""Modalities exchange information through a few tokens."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from graphfuse.data import Batch, Schema
from graphfuse.fusion.feature._attention import AttentionBlock, NodeTokens, average
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import check_least, head, mean_present, presence
from graphfuse.fusion.strategy import Strategy


@strategy(
    "bottleneck",
    family="feature",
    summary="attention between modalities through a few bottleneck tokens (MBT)",
    paper="Nagrani et al. 2021, https://arxiv.org/abs/2107.00135",
    modalities=2,
)
class Bottleneck(Strategy):
    r"""Attend within each modality and to a few tokens that all modalities share.

    .. math:: [h_m, b_m] \leftarrow \mathrm{block}_m([h_m, b]), \qquad
        b \leftarrow \mathrm{mean}_{m\ \text{present}}\; b_m

    in every layer, starting with learned bottleneck tokens :math:`b`. The head predicts from the
    mean nodes of the present modalities, averaged over modalities. Unlike in the paper, exchange
    starts in the first layer, mean nodes replace one class token per modality, and the head, which
    is not linear, follows the mean over modalities.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(Bottleneck(data.schema)(data.batch([0, 1, 2])).embedding.shape)
        [3, 64]
    """

    def __init__(
        self,
        schema: Schema,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        bottlenecks: int = 4,
        num_layers: int = 2,
        heads: int = 4,
    ) -> None:
        super().__init__(schema)
        check_least(1, bottlenecks=bottlenecks, num_layers=num_layers)
        self.tokens = NodeTokens(schema.modalities, hidden_channels, dropout)
        self.bottleneck = nn.Parameter(torch.empty(bottlenecks, hidden_channels))
        nn.init.normal_(self.bottleneck, std=0.02)
        self.blocks = nn.ModuleList(
            AttentionBlock(hidden_channels, heads, dropout)
            for _ in range(num_layers * len(schema.modalities))
        )
        self.norm = nn.LayerNorm(hidden_channels)
        self.head = head(hidden_channels, hidden_channels, schema.outputs, dropout)

    def forward(self, batch: Batch) -> FusionOutput:
        """Exchange, average, predict."""
        nodes, masks = self.tokens(batch)
        present = presence(batch)
        shared = self.bottleneck.expand(len(batch), -1, -1)
        count = shared.shape[1]
        for first in range(0, len(self.blocks), len(nodes)):
            written = []
            for i, block in enumerate(self.blocks[first : first + len(nodes)]):
                together = torch.cat([nodes[i], shared], dim=1)
                together = block(together, together, F.pad(masks[i], (0, count), value=True))
                nodes[i] = together[:, :-count]
                written.append(together[:, -count:].flatten(1))
            shared = mean_present(torch.stack(written, dim=1), present).view_as(shared)
        vectors, _ = average(nodes, masks)
        embedding = mean_present(self.norm(vectors), present)
        return FusionOutput(self.rescale(self.head(embedding)), embedding)
