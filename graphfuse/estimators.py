"""Fusion strategies as scikit-learn estimators."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from graphfuse.bench.run import one_thread
from graphfuse.data import FusionDataset, Steps, hold_out
from graphfuse.errors import InputError
from graphfuse.fusion import create_strategy
from graphfuse.training import Recipe, fit, predict

Columns = slice | Sequence[int] | Sequence[str] | Sequence[bool]


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

    def _fit(self, x: np.ndarray, y: np.ndarray, task: str, classes: list[str] | None) -> None:
        self.columns_ = self._columns()
        recipe = self.recipe
        if not isinstance(recipe, Recipe):
            if not isinstance(recipe, Mapping | None):
                raise InputError(f"recipe is a Recipe or {{setting: value}}, got {recipe!r}")
            recipe = Recipe.from_dict(dict(recipe or {"learning_rate": 3e-3, "epochs": 100}))
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        data = FusionDataset.from_arrays(
            self._split(x), y, task=task, classes=classes, dtype=torch.float64
        )
        train, validation = _parts(data, seed)
        self.steps_ = Steps().fit(train)
        with one_thread(), torch.random.fork_rng():
            torch.manual_seed(seed)
            model = create_strategy(self.strategy, data.schema, **dict(self.options or {}))
            train, validation = (self.steps_.transform(part) for part in (train, validation))
            history = fit(model, train, validation, recipe, seed=seed)
        # In double precision a row's result does not depend on the rows beside it.
        self.model_ = model.double()
        self.n_iter_ = max(len(history.train_loss), 1)

    def _scores(self, x: Any) -> np.ndarray:
        check_is_fitted(self)
        x = validate_data(self, x, reset=False, dtype="numeric", ensure_all_finite=self._finite())
        data = FusionDataset.from_arrays(self._split(x), dtype=torch.float64)
        data.warn_of_empty_samples()
        with one_thread():
            return predict(self.model_, self.steps_.transform(data))

    def _finite(self) -> bool | str:
        return True if self.modalities is None else "allow-nan"

    def _columns(self) -> dict[str, list[int]]:
        """Return the column numbers of each modality, checked."""
        total = self.n_features_in_
        if self.modalities is None:
            return {"x": list(range(total))}
        if not isinstance(self.modalities, Mapping):
            raise InputError(f"modalities is {{name: columns}} or None, got {self.modalities!r}")
        names = list(getattr(self, "feature_names_in_", []))
        chosen: dict[str, list[int]] = {}
        for modality, columns in self.modalities.items():
            numbers = _column_numbers(modality, columns, names, total)
            if not numbers or min(numbers) < 0 or max(numbers) >= total:
                raise InputError(
                    f"modality {modality!r} takes columns {columns} of X, which has {total}; "
                    f"name at least one column in [0, {total})"
                )
            chosen[modality] = numbers
        if not chosen:
            raise InputError("modalities names at least one modality, or is None for all columns")
        return chosen

    def _split(self, x: np.ndarray) -> dict[str, np.ndarray]:
        return {m: np.asarray(x, dtype=np.float64)[:, c] for m, c in self.columns_.items()}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = self.modalities is not None
        tags.non_deterministic = False
        return tags


class FusionClassifier(ClassifierMixin, _FusionEstimator):  # type: ignore[misc]
    """A fusion strategy as a scikit-learn classifier.

    Args:
        strategy: a name that :func:`~graphfuse.fusion.list_strategies` lists.
        modalities: ``{name: slice, column numbers or names, or a mask of the columns of X}``;
            None takes all columns as one modality. A row whose columns of a modality are all NaN
            lacks that modality.
        options: options of the strategy.
        recipe: settings of the training; None for up to 100 epochs at a rate of .003.
        random_state: seed of the weights, batches and the validation part (15 % of the rows, or
            all of them where classes are too small to be split).

    Raises:
        InputError: columns that X does not have.
        UnknownNameError: an unknown strategy or option.

    Example:
        >>> from sklearn.datasets import load_digits
        >>> x, y = load_digits(n_class=3, return_X_y=True)
        >>> halves = {"top": slice(0, 32), "bottom": slice(32, 64)}
        >>> model = FusionClassifier("concat", halves, random_state=0).fit(x[:400], y[:400])
        >>> model.score(x[400:], y[400:]) > 0.9
        True
    """

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Train on features [n, F] and labels [n]."""
        x, y = validate_data(self, X, y, ensure_all_finite=self._finite(), dtype="numeric")
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise InputError(
                f"FusionClassifier needs at least 2 classes, y has one class: {self.classes_[0]!r}"
            )
        names = [str(i) for i in range(len(self.classes_))]
        task = "binary" if len(names) == 2 else "multiclass"
        self._fit(x, codes, task, names)
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

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Train on features [n, F] and numbers [n]."""
        x, y = validate_data(
            self, X, y, ensure_all_finite=self._finite(), dtype="numeric", y_numeric=True
        )
        y = np.asarray(y, dtype=np.float64)
        # In double precision: a model in single precision cannot hold a large mean.
        self.target_mean_, spread = float(y.mean()), float(y.std())
        self.target_scale_ = spread if spread > 0 else 1.0
        self._fit(x, (y - self.target_mean_) / self.target_scale_, "regression", None)
        return self

    def predict(self, X: Any) -> np.ndarray:  # noqa: N803
        """Return a number for each row."""
        scores = self._scores(X)
        return scores[:, 0] * self.target_scale_ + self.target_mean_


def _column_numbers(modality: str, columns: Columns, names: list[str], total: int) -> list[int]:
    if isinstance(columns, slice):
        ends = (columns.start, columns.stop, columns.step)
        if all(end is None or isinstance(end, Integral) for end in ends):
            return list(range(*columns.indices(total)))
    elif not isinstance(columns, str) and isinstance(columns, Iterable):
        listed = list(columns)
        if len(listed) == total and all(isinstance(c, bool | np.bool_) for c in listed):
            return [number for number, taken in enumerate(listed) if taken]
        unknown = [c for c in listed if isinstance(c, str) and c not in names]
        if unknown:
            raise InputError(f"modality {modality!r}: X has no columns {unknown}")
        if all(isinstance(c, str | Integral) and not isinstance(c, bool) for c in listed):
            return [names.index(c) if isinstance(c, str) else operator.index(c) for c in listed]  # type: ignore[arg-type]
    raise InputError(
        f"modality {modality!r} takes a slice of column numbers, a list of column numbers or "
        f"names, or one true or false for each column; got {columns!r}"
    )


def _parts(data: FusionDataset, seed: int) -> tuple[FusionDataset, FusionDataset]:
    """Return training and validation part; both the whole where it is too small to be split."""
    smallest = len(data)
    if data.schema.target.is_classification:
        smallest = int(np.bincount(data.labels()).min())
    if len(data) < 20 or smallest < 7:
        return data, data
    train, validation = hold_out(data, np.arange(len(data)), 0.15, seed)
    return data.subset(train), data.subset(validation)
