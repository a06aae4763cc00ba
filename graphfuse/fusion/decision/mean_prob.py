"""Average the predictions of the single modalities."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, Schema
from graphfuse.fusion._parts import ModalityEncoder, head, mean_present
from graphfuse.fusion.strategy import FusionOutput, Strategy, strategy


@strategy(
    "mean_prob",
    family="decision",
    summary="mean of the predictions of the single modalities",
    paper="Kittler et al. 1998, https://doi.org/10.1109/34.667881",
    modalities=2,
)
class MeanProb(Strategy):
    """Predict from each modality alone and average the probabilities of those present.

    Each modality's network is trained on its own loss, so that it is the ensemble of unimodal
    models; regression averages the numbers. A sample without any modality gets an even prediction.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> output = MeanProb(data.schema)(data.batch([0, 1, 2]))
        >>> sorted(output.modality_logits)
        ['a', 'b']
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema)
        self.encoder = ModalityEncoder(schema.modalities, hidden_channels, dropout)
        self.heads = nn.ModuleList(
            head(hidden_channels, hidden_channels, schema.outputs, dropout)
            for _ in schema.modalities
        )

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict from every modality, then average."""
        vectors, present = self.encoder(batch)
        single = torch.stack([net(vectors[:, i]) for i, net in enumerate(self.heads)], dim=1)
        logits = self.rescale(self._average(single, present))
        return FusionOutput(
            logits,
            vectors.flatten(1),
            {m: self.rescale(single[:, i]) for i, m in enumerate(self.encoder.names)},
        )

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return one term a modality, over the samples that have it."""
        terms = {}
        for m, logits in (output.modality_logits or {}).items():
            present = batch.mask[m].any(1)
            blank = -1 if self.schema.target.is_classification else float("nan")
            y = batch.y.clone()
            y[~present] = blank
            terms[m] = self.task_loss(logits, Batch(batch.x, batch.mask, y=y))
        return terms

    def _average(self, single: Tensor, present: Tensor) -> Tensor:
        floor = torch.finfo(single.dtype).tiny
        if self.schema.target.is_classification:
            share = mean_present(single.softmax(2), present)
            share = torch.where(present.any(1, keepdim=True), share, 1 / share.shape[1])
            return share.clamp(min=floor).log()
        if self.schema.task == "multilabel":
            share = mean_present(single.sigmoid(), present)
            share = torch.where(present.any(1, keepdim=True), share, 0.5)
            return share.clamp(min=floor).log() - (1 - share).clamp(min=floor).log()
        return mean_present(single, present)
