"""Gradient-boosted trees on all modalities side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from torch import Tensor

from graphfuse.data import Batch, Schema
from graphfuse.fusion.baseline._fitted import FittedBaseline, TrainingData
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import presence

BINS = 63
"""Most values of a feature to split at; 255 take three times as long."""
LEAF = 20
"""Fewest training samples in a leaf, scikit-learn's default; a quarter of all if that is less."""
ARRAYS = ("feature", "threshold", "missing_left", "branches", "value", "output")
ABSENT = -10.0
"""Logit of a class without training samples."""


@strategy(
    "boosted_trees",
    family="baseline",
    summary="gradient-boosted trees on the mean nodes of all modalities",
    paper="Ke et al. 2017, https://papers.nips.cc/paper/6907",
    fixed_features=True,
)
class BoostedTrees(FittedBaseline):
    """Predict from the mean nodes of all modalities by gradient-boosted trees.

    These are the histogram-based trees of scikit-learn with its default options, except for 63
    bins, leaves of a quarter of the samples if there are fewer than 80, no early stopping, and
    thresholds in the middle between two training samples. A missing modality is a missing value,
    for which each split has a side.

    The fitted trees are buffers, T trees of at most N nodes: ``feature``, ``threshold`` and
    ``missing_left`` [T, N] of each node, its ``branches`` [T, N, 2] (a leaf is its own child), its
    ``value`` [T, N], and the ``output`` [T] that a tree adds to. ``start`` [outputs] is the sum
    without trees.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/unique", n=200)
        >>> model = BoostedTrees(data.schema).prepare(data)
        >>> right = model(data.batch(range(200))).logits.argmax(1) == data.y["y"]
        >>> bool(right.float().mean() > 0.7)
        True
    """

    feature: Tensor
    threshold: Tensor
    missing_left: Tensor
    branches: Tensor
    value: Tensor
    output: Tensor
    start: Tensor

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        self.register_buffer("start", torch.zeros(schema.outputs, dtype=torch.float64))
        self._keep([], np.zeros((0, 0)))

    @property
    def fitted_numbers(self) -> int:
        """Features, thresholds and values of the nodes."""
        return 3 * self.value.numel()

    def fit_model(self, data: TrainingData) -> None:
        """Fit the trees, one set per label if there are several labels."""
        features = np.concatenate(data.filled(np.nan), axis=1)
        columns = data.labels.T if data.labels.ndim == 2 else [data.labels]
        trees: list[tuple[np.ndarray, int]] = []
        for number, column in enumerate(columns):
            known = np.isfinite(column)
            if known.any():
                trees += self._fit_one(features[known], column[known], data.weights[known], number)
            else:
                self.start[number] = 0
        self._keep(trees, features)

    def _fit_one(
        self, features: np.ndarray, labels: np.ndarray, weights: np.ndarray, number: int
    ) -> list[tuple[np.ndarray, int]]:
        """Fit the trees of one target; return the nodes of each, and the output it adds to."""
        if self.schema.task == "regression":
            model = HistGradientBoostingRegressor(**_options(len(labels)))
            model.fit(features, labels, weights)
            self.start.copy_(torch.from_numpy(model._baseline_prediction.ravel()))
            return [(tree.nodes, 0) for (tree,) in model._predictors]
        classes = np.unique(labels).astype(int)
        if self.schema.task == "multilabel":
            if len(classes) < 2:
                self.start[number] = -ABSENT if classes[0] else ABSENT
                return []
            outputs = [number]
        else:
            self.start.fill_(ABSENT)
            self.start[classes] = 0
            if len(classes) < 2:
                return []
            outputs = list(classes[1:] if len(classes) == 2 else classes)
        model = HistGradientBoostingClassifier(**_options(len(labels)))
        model.fit(features, labels, weights)
        self.start[outputs] = torch.from_numpy(model._baseline_prediction.ravel())
        return [
            (tree.nodes, output)
            for step in model._predictors
            for tree, output in zip(step, outputs, strict=True)
        ]

    def _keep(self, trees: list[tuple[np.ndarray, int]], features: np.ndarray) -> None:
        """Keep trees as arrays that are padded to the size of the largest."""
        size = max((len(nodes) for nodes, _ in trees), default=1)
        arrays = {
            "feature": np.zeros((len(trees), size), dtype=np.int64),
            "threshold": np.zeros((len(trees), size)),
            "missing_left": np.zeros((len(trees), size), dtype=bool),
            "branches": np.tile(np.arange(size)[:, None], (len(trees), 1, 2)),
            "value": np.zeros((len(trees), size)),
            "output": np.array([output for _, output in trees], dtype=np.int64),
        }
        for row, (nodes, _) in enumerate(trees):
            inner = np.flatnonzero(nodes["is_leaf"] == 0)
            arrays["feature"][row, inner] = nodes["feature_idx"][inner]
            arrays["threshold"][row, inner] = nodes["num_threshold"][inner]
            arrays["missing_left"][row, inner] = nodes["missing_go_to_left"][inner] != 0
            arrays["branches"][row, inner, 0] = nodes["left"][inner]
            arrays["branches"][row, inner, 1] = nodes["right"][inner]
            arrays["value"][row, : len(nodes)] = nodes["value"]
        inner = arrays["branches"][:, :, 0] != np.arange(size)
        arrays["threshold"][inner] = centre_thresholds(
            arrays["threshold"][inner], arrays["feature"][inner], features
        )
        device = self.start.device
        for name in ARRAYS:
            self.register_buffer(name, torch.from_numpy(arrays[name]).to(device))

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict.

        Raises:
            NotFittedError: before :meth:`prepare`.
        """
        self.check_fitted()
        present = presence(batch, self.pooled.names)
        shown = [
            vector.float().masked_fill(~present[:, [i]], torch.nan)
            for i, vector in enumerate(self.pooled(batch))
        ]
        raw = self._sums(torch.cat(shown, dim=1)) + self.start
        if self.schema.task == "regression":
            return FusionOutput(self.rescale(raw), raw)
        return FusionOutput(raw, raw)

    def _sums(self, features: Tensor) -> Tensor:
        """Return the sum of the trees of each output for features [B, F], [B, outputs]."""
        trees = torch.arange(len(self.output), device=features.device)
        at = torch.zeros(len(features), len(trees), dtype=torch.long, device=features.device)
        for _ in range(self.value.shape[1]):
            value = features.gather(1, self.feature[trees, at])
            left = torch.where(
                value.isnan(), self.missing_left[trees, at], value <= self.threshold[trees, at]
            )
            following = self.branches[trees, at, (~left).long()]
            if torch.equal(following, at):
                break
            at = following
        leaves = self.value[trees, at]
        sums = leaves.new_zeros(len(features), len(self.start))
        return sums.index_add(1, self.output, leaves)

    def _load_from_state_dict(
        self, state_dict: Mapping[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        # The number of trees and nodes is known only after the fit, so any is accepted.
        for name in ARRAYS:
            if prefix + name in state_dict:
                self.register_buffer(name, torch.empty_like(state_dict[prefix + name]))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def _options(samples: int) -> dict[str, Any]:
    leaf = min(LEAF, max(1, samples // 4))  # with 20, trees of 40 samples hardly split
    return {
        "max_bins": BINS, "early_stopping": False, "min_samples_leaf": leaf, "random_state": 0,
    }  # fmt: skip


def centre_thresholds(
    thresholds: np.ndarray, feature: np.ndarray, features: np.ndarray
) -> np.ndarray:
    """Move each threshold [K] of a feature [K] between the nearest values of features [n, F].

    Thresholds of scikit-learn may be values of samples, so that rounding would decide their side.

    Example:
        >>> centre_thresholds(np.array([2.0]), np.array([0]), np.array([[1.0], [2.0], [6.0]]))
        array([4.])
    """
    centred = thresholds.copy()
    for number in np.unique(feature):
        values = np.unique(features[np.isfinite(features[:, number]), number])
        chosen = np.flatnonzero(feature == number)
        above = np.searchsorted(values, thresholds[chosen], side="right")
        between = (above > 0) & (above < len(values))
        right = above[between]
        centred[chosen[between]] = (values[right - 1] + values[right]) / 2
    return centred
