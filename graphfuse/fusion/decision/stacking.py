"""Combine the modalities by a linear model of their out-of-fold predictions."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from torch import Tensor

from graphfuse.data import Batch, Schema
from graphfuse.fusion.decision._decision import DecisionStrategy
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import presence


@strategy(
    "stacking",
    family="decision",
    summary="linear model of the modalities' out-of-fold predictions",
    paper="Wolpert 1992, https://doi.org/10.1016/S0893-6080(05)80023-1",
    modalities=2,
)
class Stacking(DecisionStrategy):
    """Predict from each modality alone and combine the predictions by a regularised linear model.

    The inputs of the linear model are the log probabilities of each modality and a mask of the
    present modalities. It is fitted on out-of-fold predictions: three times, the training loop
    trains on two thirds of the training part and predicts the rest. Then it trains on the whole
    part. That costs four trainings, but gives no advantage to a modality that overfits. The model
    is a logistic regression for classes and labels (one per label) and a ridge regression for
    numbers, both from scikit-learn with unit penalty. Before the fit, the modalities are averaged.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(Stacking(data.schema)(data.batch([0, 1, 2])).logits.shape)
        [3, 2]
    """

    inner_folds = 3
    weight: Tensor
    bias: Tensor

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema, hidden_channels, dropout)
        modalities, outputs = len(schema.modalities), schema.outputs
        share = torch.eye(outputs).repeat(1, modalities) / modalities
        self.register_buffer("weight", torch.cat([share, torch.zeros(outputs, modalities)], dim=1))
        self.register_buffer("bias", torch.zeros(outputs))

    def combine(self, single: Tensor, present: Tensor) -> Tensor:
        """Apply the linear model."""
        logits = self._features(single, present) @ self.weight.T + self.bias
        return torch.where(present.any(1, keepdim=True), logits, torch.zeros_like(logits))

    def fit_on_held_out(self, output: FusionOutput, batch: Batch) -> None:
        """Fit the linear model."""
        each = output.modality_logits or {}
        single = torch.stack([each[m] for m in self.encoder.names], dim=1)
        single = self.standardise(single, output.embedding.dtype)
        features = self._features(single, presence(batch)).double().numpy(force=True)
        labels = batch.y.numpy(force=True)
        weights = np.ones(len(labels))
        if batch.weight is not None:
            weights = (batch.weight / batch.weight.mean()).numpy(force=True)
        if self.schema.task == "regression":
            known = self.schema.target.known(labels)
            wanted = (labels[known] - float(self.target_mean)) / float(self.target_scale)
            model = Ridge(alpha=1.0).fit(features[known], wanted, weights[known])
            self._keep(np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_))
        elif self.schema.task == "multilabel":
            fits = [self._logistic(features, column, weights) for column in labels.T]
            self._keep(np.concatenate([f[0] for f in fits]), np.concatenate([f[1] for f in fits]))
        else:
            self._fit_classes(features, labels, weights)

    def _fit_classes(self, features: np.ndarray, labels: np.ndarray, own: np.ndarray) -> None:
        known = self.schema.target.known(labels)
        found = np.unique(labels[known])
        weight = np.zeros(tuple(self.weight.shape))
        bias = np.full(len(weight), -10.0)  # a class without training samples
        if len(found) > 1:
            weights = own[known] * self.class_weight.numpy(force=True)[labels[known]]
            model = self._linear().fit(features[known], labels[known], weights)
            if len(found) == 2:
                weight[found[1]], bias[found] = model.coef_[0], (0.0, model.intercept_[0])
            else:
                weight[found], bias[found] = model.coef_, model.intercept_
        elif len(found):
            bias[found] = 0.0
        self._keep(weight, bias)

    @staticmethod
    def _linear() -> LogisticRegression:
        # Log probabilities near certainty lie far apart, and lbfgs stops before it is there.
        return LogisticRegression(solver="newton-cholesky")

    def _logistic(
        self, features: np.ndarray, flags: np.ndarray, own: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        known = self.schema.target.known(flags)
        if len(np.unique(flags[known])) < 2:
            always = flags[known].mean() if known.any() else 0.5
            return np.zeros((1, features.shape[1])), np.array([20 * (always - 0.5)])
        model = self._linear().fit(features[known], flags[known], own[known])
        return model.coef_, model.intercept_

    def _keep(self, weight: np.ndarray, bias: np.ndarray) -> None:
        self.weight.copy_(torch.from_numpy(weight))
        self.bias.copy_(torch.from_numpy(bias))

    def _features(self, single: Tensor, present: Tensor) -> Tensor:
        """Return log probabilities and presence, [B, M * C + M]; zeros for missing modalities."""
        if self.schema.target.is_classification:
            single = single.log_softmax(2)
        shown = torch.where(present.unsqueeze(2), single, torch.zeros_like(single))
        return torch.cat([shown.flatten(1), present.to(single.dtype)], dim=1)
