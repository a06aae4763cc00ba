"""A linear model per modality, averaged."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from graphfuse._keys import module_key
from graphfuse.data import Batch, Schema
from graphfuse.fusion.baseline._fitted import FittedBaseline, TrainingData
from graphfuse.fusion.baseline._linear_model import fit_linear
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import mean_present, presence


@strategy(
    "linear_late",
    family="baseline",
    summary="mean prediction of a logistic or ridge regression per modality",
    modalities=2,
    fixed_features=True,
)
class LinearLate(FittedBaseline):
    """Predict from each modality by a linear model, and average the predictions of those present.

    Each model is fitted as in ``linear``, on the samples that have its modality. Probabilities are
    averaged for classes and labels, numbers for regression. A sample without any modality gets a
    uniform prediction, or the mean of the training labels.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/unique", n=200)
        >>> model = LinearLate(data.schema).prepare(data)
        >>> sorted(model(data.batch([0, 1])).modality_logits)
        ['a', 'b']
    """

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        for m in schema.modalities:
            self.register_buffer(
                module_key("weight", m.name), torch.zeros(schema.outputs, m.features)
            )
            self.register_buffer(module_key("bias", m.name), torch.zeros(schema.outputs))

    @property
    def fitted_numbers(self) -> int:
        """Weights and biases of all modalities."""
        return sum(part.numel() for m in self.pooled.names for part in self._model(m))

    def _model(self, modality: str) -> tuple[Tensor, Tensor]:
        return (
            self.get_buffer(module_key("weight", modality)),
            self.get_buffer(module_key("bias", modality)),
        )

    def fit_model(self, data: TrainingData) -> None:
        """Fit one linear model per modality."""
        for i, (m, vector) in enumerate(zip(self.pooled.names, data.vectors, strict=True)):
            here = data.present[:, i].reshape(-1, *[1] * (data.labels.ndim - 1))
            model = fit_linear(
                vector, np.where(here, data.labels, np.nan), self.schema.target,
                self.schema.outputs, data.weights, data.folds,
            )  # fmt: skip
            for buffer, fitted in zip(self._model(m), (model.weight, model.bias), strict=True):
                buffer.copy_(torch.from_numpy(fitted))

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict from each modality, then average.

        Raises:
            NotFittedError: before :meth:`prepare`.
        """
        self.check_fitted()
        present = presence(batch, self.pooled.names)
        vectors = self.pooled(batch)
        single = torch.stack(
            [
                vector @ weight.T + bias
                for vector, (weight, bias) in zip(
                    vectors, map(self._model, self.pooled.names), strict=True
                )
            ],
            dim=1,
        )
        logits = self.to_logits(mean_present(self.probabilities(single), present), present)
        shown = [torch.where(present[:, [i]], vector, 0) for i, vector in enumerate(vectors)]
        return FusionOutput(
            self.rescale(logits),
            torch.cat(shown, dim=1),
            {m: self.rescale(single[:, i]) for i, m in enumerate(self.pooled.names)},
        )
