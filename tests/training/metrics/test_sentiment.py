import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from graphfuse.data import Target
from graphfuse.errors import InputError
from graphfuse.training import check_metric, compute_metrics

NAMES = ("acc2_has0", "acc2_non0", "acc7", "f1_has0", "f1_non0")


def compute(y, guess):
    return compute_metrics(np.array(y, float), np.array(guess, float)[:, None],
                           Target("regression"))  # fmt: skip


def test_values_by_hand():
    y = [-3.0, -0.4, 0.0, 0.0, 1.0, 2.6]
    guess = [-4.0, 0.2, 0.3, -0.1, 0.4, 3.4]
    values = compute(y, guess).values
    # Non-negative or negative: wrong at -0.4 (said 0.2) and at the second 0 (said -0.1).
    assert values["acc2_has0"] == pytest.approx(4 / 6)
    # Positive or negative, without the two zeros: wrong at -0.4 alone.
    assert values["acc2_non0"] == pytest.approx(3 / 4)
    # Rounded: -3 -3, 0 0, 0 0, 0 0, 1 0, 3 3.
    assert values["acc7"] == pytest.approx(5 / 6)
    # Classes (4 non-negative, 2 negative): F1 of 3/4 and of 1/2, weighted.
    assert values["f1_has0"] == pytest.approx((4 * 0.75 + 2 * 0.5) / 6)
    # Two positive, two negative: F1 of 4/5 and of 2/3.
    assert values["f1_non0"] == pytest.approx((0.8 + 2 / 3) / 2)


def mmsa(y_pred, y_true):
    """The formulas of MMSA's MetricsTop, in numpy."""
    kept = y_true != 0
    a7 = np.round(np.clip(y_pred, -3, 3)) == np.round(np.clip(y_true, -3, 3))
    return {
        "acc2_has0": accuracy_score(y_pred >= 0, y_true >= 0),
        "acc2_non0": accuracy_score(y_pred[kept] > 0, y_true[kept] > 0),
        "acc7": a7.sum() / len(y_true),
        "f1_has0": f1_score(y_true >= 0, y_pred >= 0, average="weighted"),
        "f1_non0": f1_score(y_true[kept] > 0, y_pred[kept] > 0, average="weighted"),
    }


def test_values_are_those_of_mmsa():
    random = np.random.default_rng(0)
    y = random.integers(-15, 16, 400) / 5  # means of five annotators, zeros among them
    guess = y + random.normal(0, 1.2, 400)
    values = compute(y, guess).values
    expected = mmsa(guess, y)
    assert {name: values[name] for name in NAMES} == pytest.approx(expected)
    assert values["acc2_has0"] != values["acc2_non0"]


@pytest.mark.parametrize("y", [[1.0, 2.0, 3.0], [-1.0, 2.0, 50.0], [-2.0, -1.0, -0.5]])
def test_other_numbers_are_not_scored_as_sentiment(y):
    result = compute(y, y)
    assert not {*result.values, *result.undefined} & {*NAMES}
    with pytest.raises(InputError, match=r"from -3 to 3, some negative .* range from"):
        check_metric("acc7", "regression", np.array(y))
    assert check_metric("acc7", "regression", np.array([-1.0, np.nan, 2.0])) == "acc7"
