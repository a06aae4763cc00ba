from __future__ import annotations

import math

import numpy as np
import pytest

from graphfuse.errors import InputError
from graphfuse.stats import corrected_t_test, summarize


def _row(table, strategy):
    return table.set_index("strategy").loc[strategy]


def test_hand_computed_interval(make_scores):
    # Five folds: ratio 1/4. Mean 0.7, variance 0.00025, 2.776445 the 97.5 % point of t(4).
    values = [0.69, 0.71, 0.70, 0.72, 0.68]
    row = _row(summarize(make_scores({"d": {"s": values}})), "s")
    margin = 2.776445 * math.sqrt(0.00025 * (1 / 5 + 1 / 4))
    assert row["mean"] == pytest.approx(0.7)
    assert row["std"] == pytest.approx(math.sqrt(0.00025))
    assert (row["low"], row["high"]) == pytest.approx((0.7 - margin, 0.7 + margin), abs=1e-7)
    assert (row["n"], row["failed"]) == (5, 0)


def test_sizes_come_before_folds(make_scores):
    values = [0.69, 0.71, 0.70, 0.72, 0.68]
    scores = make_scores({"d": {"s": values}}).assign(n_train=90, n_test=10)
    expected = corrected_t_test(values, ratio=1 / 9)
    row = _row(summarize(scores), "s")
    assert (row["low"], row["high"]) == pytest.approx((expected.low, expected.high))


def test_unknown_sizes_take_the_mean_of_the_known(make_scores):
    values = [0.69, 0.71, 0.70, 0.72, 0.68]
    scores = make_scores({"d": {"s": values}}).assign(n_train=80.0, n_test=20.0)
    full = summarize(scores)
    scores.loc[2, ["n_train", "n_test"]] = np.nan
    assert summarize(scores).equals(full)
    scores[["n_train", "n_test"]] = np.nan  # none known: five folds give the same quarter
    assert summarize(scores)["high"].to_list() == pytest.approx(full["high"].to_list())


def test_single_fold_without_sizes_has_no_interval(make_scores):
    row = _row(summarize(make_scores({"d": {"s": [0.6, 0.7, 0.8]}}, folds=1)), "s")
    assert row["mean"] == pytest.approx(0.7)
    assert row["std"] == pytest.approx(0.1)
    assert np.isnan([row["low"], row["high"]]).all()


def test_level(make_scores):
    scores = make_scores({"d": {"s": [0.6, 0.7, 0.8, 0.7, 0.6]}})
    wide, narrow = _row(summarize(scores, level=0.99), "s"), _row(summarize(scores, 0.5), "s")
    assert wide["low"] < narrow["low"] < narrow["high"] < wide["high"]
    with pytest.raises(InputError, match="level must lie strictly between 0 and 1, got 95"):
        summarize(scores, level=95)


def test_failed_runs(make_scores):
    nan = math.nan
    table = summarize(
        make_scores({"d": {"part": [0.5, nan, 0.7], "one": [nan, nan, 0.9], "none": [nan] * 3}})
    )
    part, one, none = (_row(table, name) for name in ("part", "one", "none"))
    assert (part["n"], part["failed"]) == (2, 1)
    assert part["mean"] == pytest.approx(0.6)
    assert (one["n"], one["mean"], one["failed"]) == (1, 0.9, 2)
    assert (none["n"], none["failed"]) == (0, 3)
    assert np.isnan([none["mean"], none["std"], one["std"], one["low"], one["high"]]).all()


def test_order(make_scores):
    flat = {"z": [0.5, 0.5], "a": [0.5, 0.5], "m": [0.9, 0.8], "nothing": [math.nan] * 2}
    table = summarize(make_scores({"second": flat, "first": {"z": [0.5]}}, folds=2))
    assert table["dataset"].to_list() == ["first"] + ["second"] * 4
    assert table["strategy"].to_list() == ["z", "m", "a", "z", "nothing"]


def test_no_spread_is_no_rounding_noise(make_scores):
    row = _row(summarize(make_scores({"d": {"s": [0.1] * 3}})), "s")
    assert (row["std"], row["mean"]) == (0.0, 0.1)
    assert np.isnan([row["low"], row["high"]]).all()  # how finely it is measured is not known
    row = _row(summarize(make_scores({"d": {"s": [0.1] * 3}}, n_test=50)), "s")
    assert 0.05 < row["low"] < 0.1 < row["high"] < 0.15
