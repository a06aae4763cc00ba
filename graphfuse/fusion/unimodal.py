"""One modality alone: the baseline for fusion."""

from __future__ import annotations

import torch
from torch import nn

from graphfuse.data import Batch, Schema
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import ModalityEncoder, head
from graphfuse.fusion.strategy import Strategy


@strategy(
    "unimodal",
    family="unimodal",
    summary="one modality alone",
    per_modality=True,
)
class Unimodal(Strategy):
    """Predict from the mean of one modality's encoded nodes.

    All samples that lack the modality get the same prediction, from a learned vector.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(Unimodal(data.schema, modality="a")(data.batch([0, 1, 2])).logits.shape)
        [3, 2]
    """

    def __init__(
        self, schema: Schema, modality: str, hidden_channels: int = 64, dropout: float = 0.1
    ) -> None:
        super().__init__(schema)
        self.modality = modality
        self.encoder = ModalityEncoder([schema[modality]], hidden_channels, dropout)
        self.absent = nn.Parameter(torch.zeros(hidden_channels))
        self.head = head(hidden_channels, hidden_channels, schema.outputs, dropout)

    @property
    def reads(self) -> tuple[str, ...]:
        """The modality that it predicts from."""
        return (self.modality,)

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict from the modality."""
        vectors, present = self.encoder(batch)
        embedding = torch.where(present, vectors.squeeze(1), self.absent)
        return FusionOutput(self.rescale(self.head(embedding)), embedding)
