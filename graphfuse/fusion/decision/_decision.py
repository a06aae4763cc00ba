"""What decision-level strategies share: one model a modality, and a rule that combines."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, Schema
from graphfuse.errors import InputError
from graphfuse.fusion.parts import ModalityEncoder, head
from graphfuse.fusion.strategy import FusionOutput, Strategy


class DecisionStrategy(Strategy):
    """Predict from each modality alone, then combine the predictions.

    Each modality's network is trained on its own loss, over the samples that have it, so that
    together they are an ensemble of unimodal models. A subclass implements :meth:`combine`.
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema)
        self.encoder = ModalityEncoder(schema.modalities, hidden_channels, dropout)
        self.heads = nn.ModuleList(
            head(hidden_channels, hidden_channels, schema.outputs, dropout)
            for _ in schema.modalities
        )

    def combine(self, single: Tensor, present: Tensor) -> Tensor:
        """Return logits [B, C] of the single ones [B, M, C]; bool [B, M] says which are present.

        Regression: standardised numbers instead of logits, 0 for the mean of the training labels.
        A sample without any modality gets an even prediction.
        """
        raise InputError(f"{type(self).__name__} does not say how to combine predictions")

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict from every modality, then combine."""
        vectors, present = self.encoder(batch)
        single = torch.stack([net(vectors[:, i]) for i, net in enumerate(self.heads)], dim=1)
        logits = self.rescale(self.combine(single, present))
        return FusionOutput(
            logits,
            vectors.flatten(1),
            {m: self.rescale(single[:, i]) for i, m in enumerate(self.encoder.names)},
        )

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return one term a modality, over the samples that have it."""
        terms = {}
        for m, logits in (output.modality_logits or {}).items():
            blank = -1 if self.schema.target.is_classification else float("nan")
            y = batch.y.clone()
            y[~batch.mask[m].any(1)] = blank
            terms[m] = self.task_loss(logits, Batch(batch.x, batch.mask, y=y))
        return terms
