"""All nodes of all modalities attend to each other."""

from __future__ import annotations

import torch

from graphfuse.data import Batch, Schema
from graphfuse.fusion.feature._attention import AttentionBlock, ModalityMeans, NodeTokens
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import head
from graphfuse.fusion.strategy import Strategy


@strategy(
    "multi_head_attention",
    family="feature",
    summary="self-attention over all nodes of all modalities",
    paper="Vaswani et al. 2017, https://arxiv.org/abs/1706.03762",
    modalities=2,
)
class MultiHeadAttention(Strategy):
    r"""Attend from every node of a sample to every other, then predict from the modalities' means.

    .. math:: z = \big[\mathrm{mean}_{i \in m}\, h'_i\big]_m, \qquad
        h' = \mathrm{block}\big([h_i + e_{m(i)}]_i\big)

    with one learned vector :math:`e_m` per modality. This is one encoder layer of the paper, with
    norms before attention and feed-forward network instead of after them. The node encoder uses the
    positions of the nodes. A missing modality is replaced by a learned mean.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(MultiHeadAttention(data.schema)(data.batch([0, 1, 2])).embedding.shape)
        [3, 128]
    """

    def __init__(
        self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1, heads: int = 4
    ) -> None:
        super().__init__(schema)
        count = len(schema.modalities)
        self.tokens = NodeTokens(schema.modalities, hidden_channels, dropout)
        self.block = AttentionBlock(hidden_channels, heads, dropout)
        self.readout = ModalityMeans(count, hidden_channels)
        self.head = head(count * hidden_channels, hidden_channels, schema.outputs, dropout)

    def forward(self, batch: Batch) -> FusionOutput:
        """Attend, read out, predict."""
        nodes, masks = self.tokens(batch)
        together = torch.cat(nodes, dim=1)
        together = self.block(together, together, torch.cat(masks, dim=1))
        embedding = self.readout(together.split([h.shape[1] for h in nodes], dim=1), masks)
        return FusionOutput(self.rescale(self.head(embedding)), embedding)
