"""A baseline without a model: the frequencies or the mean of the training labels."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from graphfuse.data import Batch, FusionDataset, Schema
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.strategy import Strategy


@strategy(
    "majority",
    family="baseline",
    summary="class frequencies of the training part; the mean for regression",
)
class Majority(Strategy):
    """Predict the frequencies of the training labels for every sample.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> output = Majority(data.schema).prepare(data)(data.batch([0, 1, 2]))
        >>> list(output.logits.shape)
        [3, 2]
    """

    trains = False
    prior: Tensor

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        self.register_buffer("prior", torch.zeros(schema.outputs))

    @property
    def reads(self) -> tuple[str, ...]:
        """It reads no modality."""
        return ()

    def prepare(self, train: FusionDataset, validation: FusionDataset | None = None) -> Self:
        """Count the training labels."""
        super().prepare(train, validation)
        self._count(train, torch.ones(len(train), dtype=torch.float64))
        return self

    def weigh_samples(self, train: FusionDataset, weight: Tensor) -> None:
        """Count each training label by the weight of its sample."""
        super().weigh_samples(train, weight)
        self._count(train, weight * len(weight) / weight.sum())

    def _count(self, train: FusionDataset, weight: Tensor) -> None:
        labels = torch.from_numpy(train.labels())
        known = self.schema.target.known(labels)
        if self.schema.target.is_classification:
            counts = torch.bincount(labels[known], weight[known], minlength=self.schema.outputs)
            self.prior.copy_(((counts + 1e-3) / (counts + 1e-3).sum()).log())
        elif self.schema.task == "multilabel":
            weighted = known * weight.view(-1, 1)
            share = (weighted * labels.nan_to_num()).sum(0) / weighted.sum(0)
            self.prior.copy_(share.nan_to_num(0.5).clamp(1e-3, 1 - 1e-3).logit())

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict the same for every sample."""
        logits = self.rescale(self.prior.expand(len(batch), -1))
        return FusionOutput(logits, logits)
