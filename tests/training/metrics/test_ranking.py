import numpy as np
import pytest
from sklearn import metrics as sk

from graphfuse.data import Target
from graphfuse.training import compute_metrics

random = np.random.default_rng(0)
Y = random.integers(0, 2, (80, 3))
SCORES = np.clip(Y * 0.3 + random.random((80, 3)) * 0.7, 0, 1)


def test_averages_agree_with_scikit_learn():
    values = compute_metrics(Y, SCORES, Target("multilabel", 3)).values
    guess = SCORES >= 0.5
    for average in ("macro", "micro"):
        options = {"average": average}
        assert values[f"precision_{average}"] == sk.precision_score(Y, guess, **options)
        assert values[f"recall_{average}"] == sk.recall_score(Y, guess, **options)
        assert values[f"roc_auc_{average}"] == sk.roc_auc_score(Y, SCORES, **options)
        assert values[f"f1_{average}"] == sk.f1_score(Y, guess, **options)
    assert values["precision_macro"] != values["precision_micro"]
    assert values["roc_auc_macro"] != values["roc_auc_micro"]


def test_a_label_of_all_or_of_none_has_no_curve():
    y = Y.copy()
    y[:, 0], y[:, 1] = 0, 1
    values = compute_metrics(y, SCORES, Target("multilabel", 3)).values
    assert values["roc_auc_macro"] == pytest.approx(sk.roc_auc_score(y[:, 2], SCORES[:, 2]))
    y[:, 2] = 1
    result = compute_metrics(y, SCORES, Target("multilabel", 3))
    for name in ("roc_auc_macro", "roc_auc_micro"):
        assert "no label occurs in some samples" in result.undefined[name]
        assert name not in result.values
