"""A few latent vectors that attend to all nodes."""

from __future__ import annotations

import torch
from torch import nn

from graphfuse.data import Batch, Schema
from graphfuse.fusion.feature._attention import AttentionBlock, NodeTokens
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import check_least, head
from graphfuse.fusion.strategy import Strategy


@strategy(
    "perceiver",
    family="feature",
    summary="learned latents that attend to all nodes",
    paper="Jaegle et al. 2021, https://arxiv.org/abs/2103.03206",
    modalities=2,
)
class Perceiver(Strategy):
    r"""Predict from the mean of learned latents that attend to all nodes and to each other.

    .. math:: l \leftarrow \mathrm{block}(l, [h_i + e_{m(i)}]_i), \qquad
        l \leftarrow \mathrm{block}'(l, l)

    ``num_layers`` times, with one learned vector :math:`e_m` per modality. The cost is linear in
    the number of nodes. Unlike in the paper, each cross-attention is followed by one block on the
    latents instead of several, and cross-attentions share no weights. For a sample without nodes,
    the latents do not attend to anything.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(Perceiver(data.schema)(data.batch([0, 1, 2])).embedding.shape)
        [3, 64]
    """

    def __init__(
        self,
        schema: Schema,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        latents: int = 8,
        num_layers: int = 2,
        heads: int = 4,
    ) -> None:
        super().__init__(schema)
        check_least(1, latents=latents, num_layers=num_layers)
        self.tokens = NodeTokens(schema.modalities, hidden_channels, dropout)
        self.latents = nn.Parameter(torch.empty(latents, hidden_channels))
        nn.init.normal_(self.latents, std=0.02)
        self.read, self.think = (
            nn.ModuleList(
                AttentionBlock(hidden_channels, heads, dropout) for _ in range(num_layers)
            )
            for _ in range(2)
        )
        self.norm = nn.LayerNorm(hidden_channels)
        self.head = head(hidden_channels, hidden_channels, schema.outputs, dropout)

    def forward(self, batch: Batch) -> FusionOutput:
        """Attend from the latents to all nodes, predict."""
        nodes, masks = self.tokens(batch)
        together, real = torch.cat(nodes, dim=1), torch.cat(masks, dim=1)
        latents = self.latents.expand(len(batch), -1, -1)
        every = real.new_ones(latents.shape[:2])
        for read, think in zip(self.read, self.think, strict=True):
            latents = read(latents, together, real)
            latents = think(latents, latents, every)
        embedding = self.norm(latents.mean(1))
        return FusionOutput(self.rescale(self.head(embedding)), embedding)
