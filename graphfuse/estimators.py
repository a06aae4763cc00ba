"""Fusion strategies as scikit-learn estimators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from graphfuse._threads import one_thread
from graphfuse.data import FusionDataset, Schema, Steps, Target, hold_out
from graphfuse.data.in_memory import build_dataset, plain_features
from graphfuse.data.missing_cells import columns_with_missing_cells, fill, medians
from graphfuse.errors import InputError
from graphfuse.estimator_input import (
    Columns,
    Features,
    check_complete,
    column_numbers,
    dense_matrix,
    read_structured,
)
from graphfuse.fusion import create_strategy
from graphfuse.training import Recipe, fit, predict

__all__ = ["Columns", "FusionClassifier", "FusionRegressor"]

UNLABELLED = "leave samples without a label out"
LEAST_ROWS, LEAST_OF_A_CLASS = 20, 7
"""Below these, all rows train and validate: a part of them would say too little."""


class _FusionEstimator(BaseEstimator):  # type: ignore[misc]
    """What classifier and regressor share."""

    def __init__(
        self,
        strategy: str = "graph:hgt",
        modalities: Mapping[str, Columns] | None = None,
        options: Mapping[str, Any] | None = None,
        recipe: Recipe | Mapping[str, Any] | None = None,
        random_state: Any = None,
    ) -> None:
        self.strategy = strategy
        self.modalities = modalities
        self.options = options
        self.recipe = recipe
        self.random_state = random_state

    def _read(self, x: Any, y: Any) -> tuple[Features | FusionDataset, np.ndarray]:
        """Return X by modality, and y [n], both checked; y is that of a dataset if left out."""
        structured = read_structured(x)
        check_complete("y", y, UNLABELLED)
        if structured is None:
            options = {"y_numeric": True} if isinstance(self, RegressorMixin) else {}
            x, y = validate_data(
                self, dense_matrix(x), y, ensure_all_finite="allow-nan", dtype="numeric", **options
            )
            self.columns_: dict[str, list[int]] | None = self._columns()
            return _split(x, self.columns_), y
        if self.modalities is not None:
            raise InputError(
                f"modalities names columns of a matrix X, but X has modalities already: "
                f"{sorted(_names(structured))}; leave modalities out"
            )
        if isinstance(structured, FusionDataset):
            y = _labels_of(structured) if y is None else y
        elif y is None:
            y, structured = structured.get("y"), {m: v for m, v in structured.items() if m != "y"}
            check_complete("y", y, UNLABELLED)
        if y is None:
            raise InputError("X has no labels: give y, or labels under the key 'y'")
        y = column_or_1d(y, warn=True)
        check_consistent_length(_rows(structured), y)
        self.columns_ = None
        return structured, y

    def _fit(
        self,
        source: Features | FusionDataset,
        y: np.ndarray,
        target: Target,
        sample_weight: Any,
        groups: Any,
    ) -> None:
        recipe = self._recipe()
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        data = _labelled(self._dataset(source, fitting=True), y, target, groups)
        self.schema_ = data.schema
        weight = _weights(sample_weight, data.ids)
        if weight:
            data = data.subset([i for i, name in enumerate(data.ids) if weight[name]])
        train_rows, validation_rows = _parts(data, seed)
        if train_rows is validation_rows:  # which refit would add to the training part again
            recipe = replace(recipe, refit=False)
        train, validation = data.subset(train_rows), data.subset(validation_rows)
        self.steps_ = Steps(data.steps).fit(train)
        with one_thread(), torch.random.fork_rng():
            torch.manual_seed(seed)
            train, validation = (self.steps_.transform(part) for part in (train, validation))
            model = create_strategy(self.strategy, train.schema, **dict(self.options or {}))
            history = fit(
                model,
                train,
                validation,
                recipe,
                seed=seed,
                sample_weight=weight,
            )
        # In double precision a row's result does not depend on the rows beside it.
        self.model_ = model.double()
        self.n_iter_ = max(len(history.train_loss), 1)

    def _recipe(self) -> Recipe:
        if isinstance(self.recipe, Recipe):
            return self.recipe
        if not isinstance(self.recipe, Mapping | None):
            raise InputError(f"recipe must be a Recipe or {{setting: value}}, got {self.recipe!r}")
        return Recipe.from_dict(dict(self.recipe or {"learning_rate": 3e-3, "epochs": 100}))

    def _scores(self, x: Any) -> np.ndarray:
        check_is_fitted(self)
        source = read_structured(x)
        if self.columns_ is not None and source is None:
            x = validate_data(
                self, dense_matrix(x), reset=False, dtype="numeric", ensure_all_finite="allow-nan"
            )
            source = _split(x, self.columns_)
        if source is None or (self.columns_ is not None and isinstance(source, FusionDataset)):
            fitted = "a matrix" if self.columns_ is not None else f"modalities {self.schema_.names}"
            raise InputError(
                f"X must be of the kind that the model was fitted on, {fitted}; "
                f"got {type(x).__name__}"
            )
        data = self._dataset(source, fitting=False)
        data.warn_of_empty_samples()
        with one_thread():
            return predict(self.model_, self.steps_.transform(data))

    def _dataset(self, source: Features | FusionDataset, fitting: bool) -> FusionDataset:
        """Return X as a dataset."""
        if isinstance(source, FusionDataset):
            if not fitting and source.schema.modalities != self.schema_.modalities:
                raise InputError(
                    f"X has modalities {source.schema.modalities}, the model was fitted on "
                    f"{self.schema_.modalities}"
                )
            return source
        names = set(source if fitting else self.schema_.names)
        if not names <= set(source):
            raise InputError(
                f"X lacks modalities {sorted(names - set(source))}, which the model was fitted on; "
                f"give None or NaN for samples without them"
            )
        x = plain_features({m: source[m] for m in sorted(names)})
        if fitting:
            self.flagged_ = {m: columns_with_missing_cells(values) for m, values in x.items()}
            self.medians_ = {m: medians(values) for m, values in x.items()}
        # A feature without missing cells in training may have some later.
        filled = {m: fill(values, self.medians_[m], self.flagged_[m]) for m, values in x.items()}
        return build_dataset(filled, dtype=torch.float64, flagged=self.flagged_)

    def _columns(self) -> dict[str, list[int]]:
        """Return the column numbers of each modality, checked."""
        total = self.n_features_in_
        if self.modalities is None:
            return {"x": list(range(total))}
        if not isinstance(self.modalities, Mapping):
            raise InputError(
                f"modalities must be {{name: columns}} or None, got {self.modalities!r}"
            )
        if not self.modalities:
            raise InputError(
                "modalities must name at least one modality, or be None for all columns"
            )
        names = list(getattr(self, "feature_names_in_", []))
        return {m: column_numbers(m, c, names, total) for m, c in self.modalities.items()}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.non_deterministic = False
        return tags


class FusionClassifier(ClassifierMixin, _FusionEstimator):  # type: ignore[misc]
    """A fusion strategy as a scikit-learn classifier.

    Args:
        strategy: a name that :func:`~graphfuse.fusion.list_strategies` lists.
        modalities: the columns of X that each modality takes, ``{name: columns}``: a slice, column
            numbers or names, or a mask. None takes all columns as one modality.
        options: options of the strategy.
        recipe: settings of the training; None for up to 100 epochs at a learning rate of 0.003.
        random_state: seed of the weights, the batches and the validation part, which is 15 % of the
            rows. All rows train and validate if there are fewer than 20 of them, or fewer than 7
            of a class.

    X is a matrix [n, F], a DataFrame of numbers or a sparse matrix; ``{modality: array or list of
    arrays}``, a DataFrame whose cells hold arrays, or a ``TensorDataset``; or a
    :class:`~graphfuse.data.FusionDataset` or a list of samples or graphs, which may hold the
    labels. A row whose features of a modality are all NaN lacks that modality. Other NaN are
    imputed by the median of the training rows; for features that have some in training, one more
    feature says where.

    Raises:
        InputError: columns that X does not have, or data that cannot be read.
        UnknownNameError: an unknown strategy or option.

    Example:
        >>> from sklearn.datasets import load_digits
        >>> x, y = load_digits(n_class=3, return_X_y=True)
        >>> halves = {"top": slice(0, 32), "bottom": slice(32, 64)}
        >>> model = FusionClassifier("concat", halves, random_state=0).fit(x[:400], y[:400])
        >>> model.score(x[400:], y[400:]) > 0.9
        True
    """

    def fit(
        self,
        X: Any,  # noqa: N803
        y: Any = None,
        sample_weight: Any = None,
        groups: Any = None,
    ) -> Self:
        """Train on features and labels.

        Args:
            X: features of n samples.
            y: labels [n]; may be left out if X is a dataset that holds them.
            sample_weight: weight of each sample [n] in the loss.
            groups: group of each sample [n]; the validation part shares no group with the rest.
        """
        x, y = self._read(X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(
                f"FusionClassifier needs at least 2 classes, y has one class: {self.classes_[0]!r}"
            )
        names = tuple(str(i) for i in range(len(self.classes_)))
        target = Target("binary" if len(names) == 2 else "multiclass", names)
        self._fit(x, codes, target, sample_weight, groups)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return probabilities [n, C] in the order of ``classes_``."""
        return self._scores(X)

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return the most probable class of each row."""
        scores = self._scores(X)
        return np.asarray(self.classes_[scores.argmax(1)])


class FusionRegressor(RegressorMixin, _FusionEstimator):  # type: ignore[misc]
    """A fusion strategy as a scikit-learn regressor; arguments as :class:`FusionClassifier`.

    Example:
        >>> x = np.random.default_rng(0).normal(size=(200, 4))
        >>> model = FusionRegressor("concat", {"a": [0, 1], "b": [2, 3]}, random_state=0)
        >>> model.fit(x, x[:, 0] + x[:, 3]).score(x, x[:, 0] + x[:, 3]) > 0.9
        True
    """

    def fit(
        self,
        X: Any,  # noqa: N803
        y: Any = None,
        sample_weight: Any = None,
        groups: Any = None,
    ) -> Self:
        """Train on features and numbers [n]; arguments as :meth:`FusionClassifier.fit`."""
        x, y = self._read(X, y)
        y = np.asarray(y, dtype=np.float64)
        if not np.isfinite(y).all():
            raise InputError("y holds NaN or infinite values; leave samples without a label out")
        # In double precision: a model in single precision cannot hold a large mean.
        self.target_mean_, spread = float(y.mean()), float(y.std())
        self.target_scale_ = spread if spread > 0 else 1.0
        standard = (y - self.target_mean_) / self.target_scale_
        self._fit(x, standard, Target("regression"), sample_weight, groups)
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return a number for each row."""
        scores = self._scores(X)
        return scores[:, 0] * self.target_scale_ + self.target_mean_


def _split(x: np.ndarray, columns: Mapping[str, list[int]]) -> dict[str, np.ndarray]:
    """Return the columns of a matrix by modality."""
    return {m: np.asarray(x, dtype=np.float64)[:, chosen] for m, chosen in columns.items()}


def _names(source: Features | FusionDataset) -> list[str]:
    return list(source.schema.names if isinstance(source, FusionDataset) else source)


def _labels_of(data: FusionDataset) -> np.ndarray:
    """Return the labels of a dataset, of which none is missing."""
    labels = data.labels()
    known = data.schema.target.known(labels)
    if not known.all():
        raise InputError(
            f"y must have a value for each sample, but {int((~known).sum())} of {len(known)} "
            f"samples of X are unlabelled; {UNLABELLED}, for example by dataset.subset(rows)"
        )
    return labels


def _rows(source: Features | FusionDataset) -> Any:
    """Return something as long as the samples."""
    return source.ids if isinstance(source, FusionDataset) else next(iter(source.values()), ())


def _labelled(data: FusionDataset, y: np.ndarray, target: Target, groups: Any) -> FusionDataset:
    """Return the dataset with the given labels and groups."""
    labels = torch.as_tensor(y, dtype=torch.long if target.is_classification else torch.float64)
    schema = Schema(data.schema.modalities, {"y": target})
    data = replace(data, schema=schema, y={"y": labels})
    if groups is None:
        return data
    check_complete("groups", groups, "a sample that belongs to no group is a group of its own")
    names = np.asarray(groups)
    if names.ndim != 1:
        raise InputError(f"groups must be [n], one group per sample; got {list(names.shape)}")
    check_consistent_length(names, data.ids)
    return replace(data, groups=np.array([str(name) for name in names]))


def _weights(given: Any, ids: np.ndarray) -> dict[str, float] | None:
    """Return the weights of samples by their ids, checked."""
    if given is None:
        return None
    check_complete("sample_weight", given, "give 0 for samples to leave out")
    try:
        weight = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"sample_weight must be numbers, one per sample: {error}") from None
    if weight.shape != ids.shape or not np.isfinite(weight).all() or weight.min() < 0:
        raise InputError(
            f"sample_weight must hold one finite weight of at least 0 per sample, [{len(ids)}]; "
            f"got shape {list(weight.shape)}"
        )
    if not weight.any():
        raise InputError("sample_weight is zero for every sample; give some a weight above zero")
    return dict(zip(ids.tolist(), weight.tolist(), strict=True))


def _parts(data: FusionDataset, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of training and validation part; the same where a part would be too small."""
    rows = np.arange(len(data))
    smallest = len(data)
    if data.schema.target.is_classification:
        smallest = int(np.bincount(data.labels()).min())
    one_group = data.groups is not None and len(np.unique(data.groups)) < 2
    if len(data) < LEAST_ROWS or smallest < LEAST_OF_A_CLASS or one_group:
        return rows, rows
    return hold_out(data, rows, 0.15, seed)
