import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from graphfuse import FusionClassifier, FusionRegressor
from graphfuse.errors import InputError, UnknownNameError

X, Y = load_digits(n_class=4, return_X_y=True)
HALVES = {"top": slice(0, 32), "bottom": slice(32, 64)}


@parametrize_with_checks([FusionClassifier(random_state=0), FusionRegressor(random_state=0)])
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
    with pytest.raises(ValueError, match="NaN"):
        FusionClassifier("graph:hgt").fit(x, Y)


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
        ({"modalities": [1, 2]}, InputError, "modalities is {name: columns} or None"),
        ({"modalities": {"a": "abc"}}, InputError, "takes a slice of column numbers, a list"),
        ({"modalities": {"a": [0.7]}}, InputError, "takes a slice of column numbers, a list"),
        ({"modalities": {"a": slice("a", "c")}}, InputError, "takes a slice of column numbers"),
        ({"recipe": "fast"}, InputError, "recipe is a Recipe or"),
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
