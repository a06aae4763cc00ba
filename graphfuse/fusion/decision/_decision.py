"""The base class of decision-level strategies: one model per modality and a combination rule."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, Schema
from graphfuse.errors import InputError
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import ModalityEncoder, head, per_modality, presence
from graphfuse.fusion.strategy import Strategy

RULE_RATE = 10.0
"""Factor of the learning rate of the combination rule's parameters.

With the rate of the networks, a parameter changes by only a few tenths in a whole training, which
is too little for a weight.
"""


class DecisionStrategy(Strategy):
    """Predict from each modality alone, then combine the predictions.

    The network of each modality is trained on its own loss, over the samples that have the
    modality, so that the networks form an ensemble of unimodal models. A subclass implements
    :meth:`combine`.
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema)
        self.encoder = ModalityEncoder(schema.modalities, hidden_channels, dropout)
        self.heads = nn.ModuleList(
            head(hidden_channels, hidden_channels, schema.outputs, dropout)
            for _ in schema.modalities
        )

    def combine(self, single: Tensor, present: Tensor) -> Tensor:
        """Combine the logits [B, M, C] of the modalities to [B, C]; ``present`` is bool [B, M].

        For regression, these are standardised numbers, where 0 is the mean of the training labels.
        A sample without any modality gets a uniform prediction.
        """
        raise InputError(f"{type(self).__name__} does not implement combine()")

    def predict_per_modality(self, vectors: Tensor) -> Tensor:
        """Return the logits [B, M, C] of each modality from its vector [B, M, hidden]."""
        return per_modality(self.heads, vectors)

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict from every modality, then combine."""
        vectors, present = self.encoder(batch)
        single = self.predict_per_modality(vectors)
        return FusionOutput(
            self.rescale(self.combine(single, present)),
            vectors.flatten(1),
            {m: self.rescale(single[:, i]) for i, m in enumerate(self.encoder.names)},
        )

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return one loss term per modality, over the samples that have it."""
        return {
            f"unimodal:{m}": self.task_loss(logits, self.only_with(m, batch))
            for m, logits in (output.modality_logits or {}).items()
        }

    def only_with(self, modality: str, batch: Batch) -> Batch:
        """Return the batch without the labels of samples that lack a modality."""
        if not isinstance(batch.y, Tensor):
            raise InputError(
                f"the loss needs the labels of one target in batch.y, got {type(batch.y).__name__}"
            )
        y = batch.y.clone()
        blank = -1 if self.schema.target.is_classification else float("nan")
        y[~batch.mask[modality].any(1)] = blank
        return replace(batch, y=y)

    def rule_loss(self, output: FusionOutput, batch: Batch) -> Tensor:
        """Return the loss of the combined prediction, which trains the rule but no network."""
        logits = output.modality_logits or {}
        single = torch.stack([logits[m].detach() for m in self.encoder.names], dim=1)
        single = self.standardise(single, output.embedding.dtype)
        present = presence(batch)
        return self.task_loss(self.rescale(self.combine(single, present)), batch)
