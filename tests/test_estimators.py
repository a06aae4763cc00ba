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
        ({"strategy": "concat"}, InputError, "at least 2 modalities"),
        ({"recipe": {"epoch": 1}}, UnknownNameError, "did you mean 'epochs'"),
    ],
)
def test_errors(arguments, error, message):
    with pytest.raises(error, match=message):
        FusionClassifier(**arguments).fit(X, Y)
