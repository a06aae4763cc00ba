import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch.utils.data import TensorDataset
from torch_geometric.data import HeteroData

from graphfuse import FusionClassifier, FusionRegressor
from graphfuse.data import FusionDataset, Sample
from graphfuse.errors import InputError, UnknownNameError

X, Y = load_digits(n_class=4, return_X_y=True)
HALVES = {"top": slice(0, 32), "bottom": slice(32, 64)}


def not_repeated(estimator):
    reason = "a weight scales the loss, it does not repeat the row in batches and in scaling"
    return {f"check_sample_weight_equivalence_on_{of}_data": reason for of in ("dense", "sparse")}


@parametrize_with_checks(
    [FusionClassifier(random_state=0), FusionRegressor(random_state=0)],
    expected_failed_checks=not_repeated,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_two_modalities_and_the_usual_tools():
    model = FusionClassifier("concat", HALVES, random_state=0)
    assert cross_val_score(model, X, Y, cv=3).min() > 0.9
    search = GridSearchCV(model, {"strategy": ["concat", "mean_prob"]}, cv=2).fit(X, Y)
    assert search.best_score_ > 0.9
    assert make_pipeline(StandardScaler(), clone(model)).fit(X, Y).score(X, Y) > 0.9


def test_missing_modality_is_a_row_of_nan():
    x = X.copy()
    x[::3, 32:] = np.nan
    model = FusionClassifier("mean_prob", HALVES, random_state=0).fit(x, Y)
    assert np.isfinite(model.predict_proba(x)).all()


def test_missing_cells_are_imputed_in_training_and_later():
    x = X.copy()
    x[::5, 20] = np.nan
    quick = {"recipe": {"epochs": 5, "learning_rate": 0.01}, "random_state": 0}
    for modalities in (None, HALVES):
        model = FusionClassifier("graph:hgt", modalities, **quick).fit(x, Y)
        assert model.score(x, Y) > 0.8
        elsewhere = X.copy()
        elsewhere[::3, 40] = np.nan
        assert np.isfinite(model.predict_proba(elsewhere)).all()
    x[0, 0] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        FusionClassifier("concat", HALVES).fit(x, Y)


def test_weights_move_the_decision():
    x = np.repeat([[0.0, 0.0], [1.0, 1.0]], 60, axis=0)
    y = np.tile([0, 1, 1], 40)  # no feature decides
    model = FusionClassifier("concat", {"a": [0], "b": [1]}, random_state=0)
    assert (model.fit(x, y).predict(x) == 1).all()
    weight = np.where(y == 0, 10.0, 1.0)
    assert model.fit(x, y, sample_weight=weight).predict_proba(x)[:, 0].min() > 0.7
    numbers = FusionRegressor("concat", {"a": [0], "b": [1]}, random_state=0)
    assert numbers.fit(x, y, sample_weight=weight).predict(x).mean() < 0.4
    left_out = np.where(y == 0, 0.0, 1.0)
    assert numbers.fit(x, y, sample_weight=left_out).predict(x).min() > 0.95
    for wrong in (np.ones(3), -weight, np.full(len(y), np.nan), np.zeros(len(y))):
        with pytest.raises(InputError, match="sample_weight"):
            model.fit(x, y, sample_weight=wrong)


@pytest.mark.parametrize("strategy", ["stacking", "unimodal:best"])
def test_weights_reach_strategies_that_train_in_parts(strategy):
    model = FusionClassifier(strategy, HALVES, recipe={"epochs": 2}, random_state=0)
    before = model.fit(X, Y).predict_proba(X)
    assert not np.allclose(model.fit(X, Y, sample_weight=1.0 + Y).predict_proba(X), before)


@pytest.mark.parametrize(
    ("strategy", "balance"),
    [
        ("majority", None),
        ("stacking", None),
        ("dempster_shafer", None),
        ("unimodal:best", None),
        ("concat", "distillation"),
        ("concat", "gradient_blending"),
        ("concat", "ogm_ge"),
    ],
)
def test_weights_reach_all_that_is_fitted_on_labels(strategy, balance):
    x = np.repeat([[0.0, 0.0], [1.0, 1.0]], 60, axis=0)
    y = np.tile([0, 1, 1], 40)  # no feature decides
    recipe = {"balance": balance, "epochs": 40, "learning_rate": 0.01}
    model = FusionClassifier(strategy, {"a": [0], "b": [1]}, recipe=recipe, random_state=0)
    few = model.fit(x, y, sample_weight=np.where(y == 0, 1e-3, 1e-4)).predict_proba(x)[:, 0]
    assert few.min() > 0.7  # by weight 0.83, by number 0.33


def test_weights_move_the_mean_of_a_regression():
    x, y = np.zeros((30, 2)), np.repeat([0.0, 10.0], 15)
    model = FusionRegressor("majority", {"a": [0], "b": [1]}, random_state=0)
    weight = np.where(y == 0, 1.0, 3.0)
    assert model.fit(x, y, sample_weight=weight).predict(x) == pytest.approx(7.5, abs=1)
    assert model.fit(x, y).predict(x) == pytest.approx(5, abs=1)


@pytest.mark.parametrize(
    "y",
    [
        ["cat", "dog", float("nan")],
        ["cat", "dog", None],
        np.array(["cat", "dog", np.nan]),
        np.array(["cat", "dog", None]),
        np.ma.array(["cat", "dog", "cow"], mask=[0, 0, 1]),
        np.ma.array([0, 1, 999], mask=[0, 0, 1]),
        pd.Series(["cat", "dog", None], dtype="string"),
        pd.Series(["cat", "dog", None], dtype="category"),
        pd.Series([0, 1, None], dtype="Int64"),
    ],
)
@pytest.mark.parametrize("x", [np.eye(3), {"a": np.eye(3)}])
def test_missing_labels_are_no_class(x, y):
    with pytest.raises(InputError, match="the value of sample 2 is missing; leave samples without"):
        FusionClassifier("majority").fit(x, y)
    if isinstance(x, dict):
        with pytest.raises(InputError, match="the value of sample 2 is missing"):
            FusionClassifier("majority").fit({**x, "y": y})


def test_missing_values_of_other_arguments_are_named():
    data = FusionDataset.from_arrays({"a": np.eye(3)}, [0, 1, None])
    with pytest.raises(InputError, match="1 of 3 samples of X are unlabelled"):
        FusionClassifier("majority").fit(data)
    masked = np.ma.array([1.0, 2.0, 999.0], mask=[0, 0, 1])
    with pytest.raises(InputError, match="y must have a value for each sample"):
        FusionRegressor("majority").fit(np.eye(3), masked)
    model = FusionClassifier("majority")
    for groups in ([None, "a", "b"], np.array([np.nan, 1, 2])):
        with pytest.raises(InputError, match=r"groups must have a value .* sample 0 is missing"):
            model.fit(np.eye(3), [0, 1, 0], groups=groups)
    with pytest.raises(InputError, match=r"groups must be \[n\]"):
        model.fit(np.eye(3), [0, 1, 0], groups=np.ones((3, 2)))
    with pytest.raises(InputError, match="sample_weight must have a value"):
        model.fit(np.eye(3), [0, 1, 0], sample_weight=masked)
    with pytest.raises(InputError, match="sample_weight must be numbers"):
        model.fit(np.eye(3), [0, 1, 0], sample_weight=["a", "b", "c"])


def test_masked_cells_are_missing():
    x, mask = X.astype(float), np.zeros(X.shape, bool)
    mask[::3, 20] = True
    x[mask] = 1e6
    model = FusionClassifier("concat", HALVES, recipe={"epochs": 2}, random_state=0)
    masked = clone(model).fit(np.ma.array(x, mask=mask), Y)
    x[mask] = np.nan
    assert np.allclose(masked.predict_proba(x), model.fit(x, Y).predict_proba(x))


def test_the_validation_part_shares_no_group_with_the_rest(monkeypatch):
    from graphfuse import estimators

    parts = []

    def spy(model, train, validation, *arguments, **options):
        parts.append((train.groups, validation.groups))
        return fit(model, train, validation, *arguments, **options)

    fit = estimators.fit
    monkeypatch.setattr(estimators, "fit", spy)
    groups = np.arange(len(X)) // 10
    model = FusionClassifier("concat", HALVES, recipe={"epochs": 1}, random_state=0)
    model.fit(X, Y, groups=groups)
    ((train, validation),) = parts
    assert len(train) + len(validation) == len(X)
    assert not set(train) & set(validation)
    assert cross_val_score(model, X, Y, groups=groups, cv=GroupKFold(2)).min() > 0
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(X, Y, groups=groups[:5])


def test_refit_of_few_rows():
    recipe = {"epochs": 2, "refit": True}
    for rows in (12, 40):
        model = FusionClassifier("concat", HALVES, recipe=recipe, random_state=0)
        assert model.fit(X[:rows], Y[:rows]).predict(X).shape == Y.shape


def held():
    """Return the two halves in every form that an estimator takes, with and without labels."""
    x = X[:, :32].astype(np.float32), X[:, 32:].astype(np.float32)
    samples, graphs = [], []
    for a, b, label in zip(*map(torch.from_numpy, x), Y, strict=True):
        samples.append(Sample({"a": a[None], "b": b[None]}, int(label)))
        graph = HeteroData()
        graph["a"].x, graph["b"].x, graph.y = a[None], b[None], int(label)
        graphs.append(graph)
    arrays = dict(zip("ab", x, strict=True))
    return {
        "arrays": arrays,
        "lists": {m: list(values[:, None]) for m, values in arrays.items()},
        "frames": {m: pd.DataFrame(values) for m, values in arrays.items()},
        "sparse": {m: scipy.sparse.csr_array(values) for m, values in arrays.items()},
        "cells": pd.DataFrame({m: list(values[:, None]) for m, values in arrays.items()}),
        "dataset": FusionDataset.from_arrays(arrays, Y),
        "samples": samples,
        "graphs": graphs,
        "tensors": TensorDataset(*map(torch.from_numpy, x)),
    }


@pytest.mark.parametrize("form", list(held()))
def test_what_people_hold_goes_into_the_estimators(form):
    x = held()[form]
    model = FusionClassifier("concat", recipe={"epochs": 10, "learning_rate": 0.01}, random_state=0)
    model.fit(x, np.array(list("abcd"))[Y])
    assert set(model.predict(x)) <= set("abcd")
    assert model.score(x, np.array(list("abcd"))[Y]) > 0.8
    if form in ("dataset", "samples", "graphs"):
        assert model.fit(x).score(x, Y) > 0.8
    with pytest.raises(InputError, match="of the kind that the model was fitted on, modalities"):
        model.predict(X)


def test_a_sparse_matrix_is_a_matrix():
    model = FusionClassifier("concat", HALVES, recipe={"epochs": 2}, random_state=0)
    dense = model.fit(X, Y).predict_proba(X)
    assert np.array_equal(model.fit(scipy.sparse.csr_matrix(X), Y).predict_proba(X), dense)


def test_an_error_for_unreadable_input_names_the_accepted_forms():
    frame = pd.DataFrame({"note": ["a cat", "a dog"] * 10, "age": range(20)})
    with pytest.raises(InputError, match="encode them first with"):
        FusionClassifier().fit(frame, [0, 1] * 10)
    with pytest.raises(InputError, match="X has modalities already"):
        FusionClassifier(modalities=HALVES).fit({"a": X}, Y)
    with pytest.raises(InputError, match="X has no labels"):
        FusionClassifier().fit({"a": X})
    model = FusionClassifier("concat", recipe={"epochs": 1}).fit({"a": X, "b": X, "y": Y})
    with pytest.raises(InputError, match=r"X lacks modalities \['b'\]"):
        model.predict({"a": X})
    with pytest.raises(InputError, match="the model was fitted on"):
        model.predict(FusionDataset.from_arrays({"a": X}))


def test_columns_by_name():
    frame = pd.DataFrame(X[:, :4], columns=list("abcd"))
    model = FusionClassifier(
        "concat", {"l": ["a", "b"], "r": ["c", "d"]}, recipe={"epochs": 1}, random_state=0
    ).fit(frame, Y)
    assert model.columns_ == {"l": [0, 1], "r": [2, 3]}
    with pytest.raises(InputError, match=r"X has no columns \['z'\]"):
        FusionClassifier("concat", {"l": ["z"]}).fit(frame, Y)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"strategy": "concatt"}, UnknownNameError, "did you mean 'concat'"),
        ({"modalities": {"a": [0, 99]}}, InputError, "which has 64"),
        ({"modalities": {}}, InputError, "at least one modality"),
        ({"modalities": [1, 2]}, InputError, "modalities must be {name: columns} or None"),
        ({"modalities": {"a": "abc"}}, InputError, "takes a slice of column numbers, a list"),
        ({"modalities": {"a": [0.7]}}, InputError, "takes a slice of column numbers, a list"),
        ({"modalities": {"a": slice("a", "c")}}, InputError, "takes a slice of column numbers"),
        ({"recipe": "fast"}, InputError, "recipe must be a Recipe or"),
        ({"strategy": "concat"}, InputError, "at least 2 modalities"),
        ({"recipe": {"epoch": 1}}, UnknownNameError, "did you mean 'epochs'"),
    ],
)
def test_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        FusionClassifier(**arguments).fit(X, Y)


def test_a_mask_of_columns():
    mask = np.arange(64) < 32
    model = FusionClassifier("concat", {"top": mask, "bottom": ~mask}, recipe={"epochs": 1})
    model.fit(X, Y)
    assert model.columns_ == {"top": list(range(32)), "bottom": list(range(32, 64))}


@pytest.mark.parametrize(("x_offset", "y_offset"), [(0, 1e8), (1e8, 0)])
def test_large_offsets_cost_no_precision(x_offset, y_offset):
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 4))
    y = x[:, 0] + x[:, 3]
    model = FusionRegressor("concat", {"a": [0, 1], "b": [2, 3]}, random_state=0)
    assert model.fit(x + x_offset, y + y_offset).score(x + x_offset, y + y_offset) > 0.9
