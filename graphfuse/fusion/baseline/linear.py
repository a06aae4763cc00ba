"""A linear model of all modalities side by side."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from graphfuse.data import Batch, Schema
from graphfuse.fusion.baseline._fitted import FittedBaseline, TrainingData
from graphfuse.fusion.baseline._linear_model import fit_linear
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import presence


@strategy(
    "linear",
    family="baseline",
    summary="logistic or ridge regression on the mean nodes of all modalities",
    fixed_features=True,
)
class Linear(FittedBaseline):
    """Predict from the standardised mean nodes of all modalities by one linear model.

    The model is a logistic regression for classes, one per label if there are several labels, and
    a ridge regression for numbers, both from scikit-learn. Cross-validation within the training
    part chooses the penalty, by groups if there are any. The mean of a missing modality is zero,
    the mean of the training part, and a feature per modality says whether it is present.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/unique", n=200)
        >>> model = Linear(data.schema).prepare(data)
        >>> right = model(data.batch(range(200))).logits.argmax(1) == data.y["y"]
        >>> bool(right.float().mean() > 0.7)
        True
    """

    weight: Tensor
    bias: Tensor
    share: Tensor

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        width = sum(m.features for m in schema.modalities) + len(schema.modalities)
        self.register_buffer("weight", torch.zeros(schema.outputs, width))
        self.register_buffer("bias", torch.zeros(schema.outputs))
        self.register_buffer("share", torch.zeros(len(schema.modalities)))

    @property
    def fitted_numbers(self) -> int:
        """Weights and biases."""
        return self.weight.numel() + self.bias.numel()

    def fit_model(self, data: TrainingData) -> None:
        """Fit the linear model."""
        share = data.present.mean(0)
        self.share.copy_(torch.from_numpy(share))
        model = fit_linear(
            np.concatenate([*data.filled(0.0), data.present - share], axis=1),
            data.labels, self.schema.target, self.schema.outputs, data.weights, data.folds,
        )  # fmt: skip
        self.weight.copy_(torch.from_numpy(model.weight))
        self.bias.copy_(torch.from_numpy(model.bias))

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict.

        Raises:
            NotFittedError: before :meth:`prepare`.
        """
        self.check_fitted()
        present = presence(batch, self.pooled.names)
        shown = [
            torch.where(present[:, [i]], vector, 0) for i, vector in enumerate(self.pooled(batch))
        ]
        features = torch.cat([*shown, present.to(self.share.dtype) - self.share], dim=1)
        return FusionOutput(self.rescale(features @ self.weight.T + self.bias), features)
