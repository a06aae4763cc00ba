"""Concatenate one vector a modality."""

from __future__ import annotations

import torch
from torch import nn

from graphfuse.data import Batch, Schema
from graphfuse.fusion._parts import ModalityEncoder, head
from graphfuse.fusion.strategy import FusionOutput, Strategy, strategy


@strategy(
    "concat",
    family="feature",
    summary="concatenation of one pooled vector a modality",
    paper="Baltrusaitis et al. 2019, https://arxiv.org/abs/1705.09406",
    modalities=2,
)
class Concat(Strategy):
    """Predict from the modalities' mean nodes side by side.

    A missing modality has a learned vector in its place.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(Concat(data.schema)(data.batch([0, 1, 2])).embedding.shape)
        [3, 128]
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema)
        self.encoder = ModalityEncoder(schema.modalities, hidden_channels, dropout)
        total = len(schema.modalities)
        self.absent = nn.Parameter(torch.zeros(total, hidden_channels))
        self.head = head(total * hidden_channels, hidden_channels, schema.outputs, dropout)

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict from all modalities at once."""
        vectors, present = self.encoder(batch)
        embedding = torch.where(present.unsqueeze(2), vectors, self.absent).flatten(1)
        return FusionOutput(self.rescale(self.head(embedding)), embedding)
