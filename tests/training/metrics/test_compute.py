import subprocess
import sys

import numpy as np
import pytest
from sklearn import metrics as sk

from graphfuse.data import Target
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.training import check_metric, compute_metrics, default_metric, list_metrics
from graphfuse.training.metrics import metric, metrics

THREE = Target("multiclass", ("x", "y", "z"))


def test_perfect_and_hand_computed_values():
    y = np.array([0, 1, 2, 0])
    perfect = compute_metrics(y, np.eye(3)[y], THREE)
    assert not perfect.undefined
    assert all(
        perfect.values[name] == pytest.approx(1) for name in perfect.values if "loss" not in name
    )
    scores = np.array([[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.1, 0.1, 0.8], [0.2, 0.7, 0.1]])
    values = compute_metrics(y, scores, THREE).values
    assert values["accuracy"] == 0.5
    assert values["recall/x"] == 0.5
    assert values["precision/x"] == 0.5
    assert values["f1/y"] == 0
    assert values["balanced_accuracy"] == values["recall_macro"] == pytest.approx(0.5)
    assert values["log_loss"] == pytest.approx(-np.log([0.8, 0.3, 0.8, 0.2]).mean())


def test_ranking_metrics_agree_with_scikit_learn():
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 60)
    scores = random.dirichlet(np.ones(3), 60)
    values = compute_metrics(y, scores, THREE).values
    assert values["roc_auc"] == pytest.approx(sk.roc_auc_score(y, scores, multi_class="ovr"))
    assert values["matthews_correlation"] == pytest.approx(
        sk.matthews_corrcoef(y, scores.argmax(1))
    )
    binary = compute_metrics(
        y % 2, scores[:, :2] / scores[:, :2].sum(1, keepdims=True), Target("binary")
    )
    assert binary.values["average_precision"] == pytest.approx(
        sk.average_precision_score(y % 2, (scores[:, 1] / scores[:, :2].sum(1)))
    )


def test_one_class_only_says_so_instead_of_a_number():
    result = compute_metrics(np.zeros(5, int), np.full((5, 3), 1 / 3), THREE)
    for name in ("roc_auc", "average_precision", "balanced_accuracy", "matthews_correlation"):
        assert name not in result.values
        assert result.undefined[name] == "only one class occurs"
    assert result.undefined["f1/y"] == "the class does not occur"
    assert result.values["accuracy"] == 1


def test_an_absent_class_is_left_out_of_macro_averages():
    y = np.array([0, 1, 0, 1])
    result = compute_metrics(y, np.eye(3)[y], THREE)
    assert result.values["f1_macro"] == 1
    assert result.undefined["roc_auc"] == "classes ['z'] do not occur"


def test_multilabel():
    y = np.array([[1, 0], [1, 1], [0, 0]])
    values = compute_metrics(
        y, np.array([[0.9, 0.6], [0.8, 0.7], [0.1, 0.2]]), Target("multilabel", 2)
    ).values
    assert values["subset_accuracy"] == pytest.approx(2 / 3)
    assert values["hamming_loss"] == pytest.approx(1 / 6)
    assert values["mean_average_precision"] == 1
    empty = compute_metrics(np.zeros((3, 2)), np.zeros((3, 2)), Target("multilabel", 2))
    assert empty.undefined["f1_macro"] == "no label occurs"


def test_regression():
    y = np.array([1.0, 2.0, 4.0])
    values = compute_metrics(y, (y + 1)[:, None], Target("regression")).values
    assert values["mae"] == values["rmse"] == 1
    assert values["pearson"] == pytest.approx(1)
    flat = compute_metrics(np.ones(3), np.ones((3, 1)), Target("regression"))
    assert flat.undefined["r2"] == "the target is constant here"
    guess = compute_metrics(y, np.ones((3, 1)), Target("regression"))
    assert guess.undefined["pearson"] == "the prediction is constant"


def test_defaults_and_directions():
    assert [default_metric(t) for t in ("binary", "multilabel", "regression")] == [
        "accuracy",
        "f1_macro",
        "r2",
    ]
    with pytest.raises(UnknownNameError, match="did you mean 'accuracy'"):
        check_metric("accurac", "binary")


def test_errors():
    with pytest.raises(InputError, match="as many scores as labels"):
        compute_metrics(np.zeros(2, int), np.ones((3, 3)), THREE)
    with pytest.raises(InputError, match="NaN or infinite"):
        compute_metrics(np.zeros(1, int), np.full((1, 3), np.nan), THREE)


def test_a_label_that_does_not_occur_is_left_out_of_the_macro_average():
    y = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 0]])
    values = compute_metrics(y, y.astype(float), Target("multilabel", ("p", "q", "r"))).values
    assert values["f1_macro"] == values["mean_average_precision"] == 1


def test_synonyms_lead_to_the_right_name():
    for given, task, meant in (
        ("acc", "binary", "'accuracy'"),
        ("ACC", "multiclass", "'accuracy'"),
        ("auc", "binary", "'roc_auc'"),
        ("f1_score", "multiclass", "'f1_macro'"),
        ("mcc", "binary", "'matthews_correlation'"),
        ("acc", "multilabel", "'subset_accuracy'"),
        ("precision", "multilabel", "'precision_macro'"),
        ("auc", "multilabel", "'roc_auc_macro' or 'roc_auc_micro'"),
        ("corr", "regression", "'pearson'"),
        ("acc2", "regression", "'acc2_has0' or 'acc2_non0'"),
        ("acc", "regression", "'acc2_has0' or 'acc2_non0'"),
        ("mse", "regression", "'rmse'"),
    ):
        with pytest.raises(UnknownNameError, match=f"did you mean {meant}"):
            check_metric(given, task)


def test_every_metric_is_whole():
    for name in metrics.names():
        found = metrics.get(name)
        assert found.name == name
        assert found.summary.endswith(".")
        assert found.tasks
        low, high = found.bounds
        assert low is None or high is None or low < high
        assert set(found.default_for) <= set(found.tasks)
    for task in ("binary", "multiclass", "multilabel", "regression"):
        defaults = [n for n in metrics.names() if task in metrics.get(n).default_for]
        assert defaults == [default_metric(task)]


def test_values_lie_within_the_bounds_and_follow_the_direction():
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 60)
    scores = random.dirichlet(np.ones(3), 60)
    many = random.integers(0, 2, (60, 4))
    guess = random.random((60, 4))
    number = random.uniform(-3, 3, 60)
    cases = (
        (y, scores, np.eye(3)[y], THREE),
        (y % 2, scores[:, :2] / scores[:, :2].sum(1, keepdims=True), np.eye(2)[y % 2],
         Target("binary")),
        (many, guess, many.astype(float), Target("multilabel", 4)),
        (number, number[:, None] + random.normal(size=(60, 1)), number[:, None],
         Target("regression")),
    )  # fmt: skip
    seen = set()
    for labels, given, perfect, target in cases:
        rough = compute_metrics(labels, given, target).values
        best = compute_metrics(labels, perfect, target).values
        assert rough.keys() == best.keys()
        for name in list_metrics(target.task):
            found = metrics.get(name)
            low, high = found.bounds
            assert low is None or rough[name] >= low
            assert high is None or rough[name] <= high
            assert (best[name] > rough[name]) == found.greater_is_better
            seen.add(name)
    assert seen == set(list_metrics())


def test_no_torch_is_needed_to_look_up_a_metric():
    code = "import sys; from graphfuse.training.metrics import metric, metrics; metrics.names(); "
    subprocess.run([sys.executable, "-c", code + "assert 'torch' not in sys.modules"], check=True)


def test_a_metric_that_is_registered_is_computed():
    with metrics.temporarily():

        @metric("always_half", tasks=("regression",))
        def always_half(p):
            """Return a half."""
            return 0.5

        values = compute_metrics(np.ones(3), np.ones((3, 1)), Target("regression")).values
        assert values["always_half"] == 0.5
        assert check_metric("always_half", "regression") == "always_half"
    assert "always_half" not in list_metrics()
