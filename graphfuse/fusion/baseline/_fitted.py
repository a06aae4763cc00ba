"""The base class of baselines that are fitted by scikit-learn in one go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from graphfuse.data import FusionDataset, Schema
from graphfuse.errors import InputError, NotFittedError
from graphfuse.fusion.baseline._linear_model import Fold, inner_folds_of
from graphfuse.fusion.pooled import PooledFeatures
from graphfuse.fusion.strategy import Strategy


@dataclass(frozen=True, kw_only=True)
class TrainingData:
    """The training part of n samples as a baseline is fitted to it."""

    vectors: list[np.ndarray]
    """One [n, F] per modality, in the sorted order of names; no meaning where it is missing."""
    present: np.ndarray
    """Which modalities each sample has, bool [n, M]."""
    labels: np.ndarray
    """[n] or [n, C] in double; NaN where unknown, standardised for regression."""
    weights: np.ndarray
    """Weight of each sample, [n]."""
    folds: list[Fold]
    """Rows to fit on and rows to score, of inner folds; none for few samples."""

    def filled(self, value: float) -> list[np.ndarray]:
        """Return the vectors with a value where a modality is missing."""
        return [np.where(self.present[:, [i]], v, value) for i, v in enumerate(self.vectors)]


class FittedBaseline(Strategy):
    """Pool the nodes of each modality to a standardised mean, and fit a model to these vectors.

    A subclass implements :meth:`fit_model`, which keeps what it fits in buffers.
    """

    trains: ClassVar[bool] = False
    is_fitted: Tensor

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        self.pooled = PooledFeatures(schema.modalities)
        self.register_buffer("is_fitted", torch.tensor(False))
        self._weight: Tensor | None = None

    def prepare(self, train: FusionDataset, validation: FusionDataset | None = None) -> Self:
        """Fit the model to the training part."""
        super().prepare(train, validation)
        self._weight = None
        self._fit(train)
        return self

    def weigh_samples(self, train: FusionDataset, weight: Tensor) -> None:
        """Fit the model again, with weights."""
        super().weigh_samples(train, weight)
        self._weight = weight
        self._fit(train)

    def weigh_classes(self, train: FusionDataset) -> None:
        """Fit the model again, with the weights of the classes."""
        super().weigh_classes(train)
        self._fit(train)

    def _fit(self, train: FusionDataset) -> None:
        labels, target = train.labels(), self.schema.target
        weights = np.ones(len(train))
        if self._weight is not None:
            weights = (self._weight / self._weight.mean()).double().numpy(force=True)
        if target.is_classification:
            known = target.known(labels)
            weights[known] *= self.class_weight.numpy(force=True)[labels[known]]
            labels = np.where(known, labels, np.nan)
        elif self.schema.task == "regression":
            labels = (labels - float(self.target_mean)) / float(self.target_scale)
        self.fit_model(
            TrainingData(
                vectors=[vector.double().numpy(force=True) for vector in self.pooled.fit(train)],
                present=np.stack(
                    [train.x[m].counts.numpy() > 0 for m in self.pooled.names], axis=1
                ),
                labels=labels,
                weights=weights,
                folds=inner_folds_of(train),
            )
        )
        self.is_fitted.fill_(True)

    def fit_model(self, data: TrainingData) -> None:
        """Fit the model and keep it in buffers."""
        raise InputError(f"{type(self).__name__} does not implement fit_model()")

    def check_fitted(self) -> None:
        """Raise an error before :meth:`prepare`."""
        if not torch.compiler.is_compiling() and not self.is_fitted:
            raise NotFittedError(
                f"{self.name} is not fitted; call strategy.prepare(train) or fit(...) first"
            )
