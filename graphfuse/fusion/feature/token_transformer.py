"""A transformer over one token per modality, a simple and strong baseline."""

from __future__ import annotations

import torch
from torch import nn

from graphfuse.data import Batch, Schema
from graphfuse.errors import check_heads
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import ModalityEncoder, head
from graphfuse.fusion.strategy import Strategy


@strategy(
    "token_transformer",
    family="feature",
    summary="late-fusion transformer over one token per modality",
    paper="Rheude et al. 2025, https://arxiv.org/abs/2512.22991",
    modalities=2,
)
class TokenTransformer(Strategy):
    """Predict from a summary token that attends to one token per modality.

    The token of a modality is its mean node plus a learned vector for the modality. A missing
    modality has no token. Layers normalise first.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(TokenTransformer(data.schema)(data.batch([0, 1, 2])).logits.shape)
        [3, 2]
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
        check_heads("hidden_channels", hidden_channels, heads)
        self.encoder = ModalityEncoder(schema.modalities, hidden_channels, dropout)
        self.kind = nn.Parameter(torch.empty(len(schema.modalities), hidden_channels))
        self.summary = nn.Parameter(torch.empty(hidden_channels))
        nn.init.normal_(self.kind, std=0.02)
        nn.init.normal_(self.summary, std=0.02)
        self.transformer = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(
                hidden_channels,
                heads,
                2 * hidden_channels,
                dropout,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            ),
            num_layers,
            norm=nn.LayerNorm(hidden_channels),
            enable_nested_tensor=False,
        )
        self.head = head(hidden_channels, hidden_channels, schema.outputs, dropout)

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict from the summary token."""
        vectors, present = self.encoder(batch)
        summary = self.summary.expand(len(batch), 1, -1)
        tokens = torch.cat([summary, vectors + self.kind], dim=1)
        absent = torch.cat([torch.zeros_like(present[:, :1]), ~present], dim=1)
        embedding = self.transformer(tokens, src_key_padding_mask=absent)[:, 0]
        return FusionOutput(self.rescale(self.head(embedding)), embedding)
