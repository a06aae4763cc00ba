from datetime import datetime

import numpy as np
import pytest

from graphfuse.data import FusionDataset
from graphfuse.data.labels import infer_target
from graphfuse.errors import InputError
from graphfuse.raw import facts


def label(column, values, **options):
    return column(values, "label", **options)


@pytest.mark.parametrize("mark", ["?", "-", "NaN", "n/a", "#N/A"])
def test_marks_of_missing_labels_are_no_class(column, mark):
    found, values = label(column, ["cat", "dog", "cat", mark] * 5)
    assert values.count(None) == 5
    assert found.cautions == (f"counted as missing labels: {mark!r} (5)",)


@pytest.mark.parametrize("word", ["unknown", "None", "NA", "null"])
def test_words_that_may_mean_a_missing_label_stay_classes_and_are_named(column, word):
    found, values = label(column, ["cat", "dog", word] * 5)
    assert values.count(word) == 5
    assert found.cautions == (
        f"classes that may mean a missing label: {word!r} (5); empty these cells if so",
    )


def test_signs_are_classes(column):
    assert set(label(column, ["+", "-"] * 10)[1]) == {"+", "-"}
    assert set(label(column, ["yes", "?"] * 10)[1]) == {"yes", "?"}  # no class is left otherwise


def test_classes_that_differ_in_case_alone_are_named_and_stay_apart(column):
    found, values = label(column, ["Cat", "cat", "dog", "dog"] * 5)
    assert set(values) == {"Cat", "cat", "dog"}
    assert "differ in case alone: 'Cat' (5), 'cat' (5)" in found.cautions[0]


def test_labels_of_numbers_in_usual_forms(column):
    found, values = label(column, ["3,5", "1.200,25", "7", "?"] * 5)
    assert values[:4] == [3.5, 1200.25, 7, None]
    assert found.cautions == ("counted as missing: '?' (5)",)
    assert label(column, ["12 %", "7 %"] * 5)[1][:2] == [12, 7]


def test_a_rare_class_beside_codes_is_no_missing_label(column):
    found, values = label(column, [*["1", "2"] * 20, "other"])
    assert values[-1] == "other"
    assert not found.cautions
    many, values = label(column, [*(f"{i}.5" for i in range(40)), "inf"])
    assert values[-1] is None
    assert many.cautions == ("no numbers, and counted as missing: 'inf' (1)",)


@pytest.mark.parametrize("sign", ["|", ";", " | "])
def test_cells_of_several_labels(column, read, sign):
    cells = [f"red{sign}round", "red", f"blue{sign}round", f"blue{sign}square", "?"] * 5
    found, values = label(column, cells)
    assert values[:5] == [["red", "round"], ["red"], ["blue", "round"], ["blue", "square"], None]
    assert found.form == sign.strip()
    given = vars(facts(read({"label": cells})))
    target = FusionDataset.from_arrays({"t": np.eye(25)}, **given).schema.target
    assert (target.task, target.classes) == ("multilabel", ("blue", "red", "round", "square"))


def test_where_it_is_not_clear_both_readings_are_named(column):
    cells = ["AC|DC", "Queen", "Abba", "Queen"] * 5
    with pytest.raises(
        InputError,
        match=r"5 of 20 labels hold '\|', such as 'AC\|DC'; .* several labels, AC, DC "
        r"\(task='multilabel', --task multilabel\), or the name of one class \(task='multiclass'",
    ):
        label(column, cells)
    assert label(column, cells, task="multiclass")[1][0] == "AC|DC"
    assert label(column, cells, task="multilabel")[1][:2] == [["AC", "DC"], ["Queen"]]
    rare = ["red"] * 30 + ["blue"] * 30 + ["red|blue"]
    with pytest.raises(InputError, match="1 of 61 labels hold"):
        label(column, rare)


DAYS = [f"{1 + n % 28}.{1 + n % 12}.2024" for n in range(24)]


def test_many_dates_are_a_regression_of_days(column, read):
    found, values = label(column, DAYS)
    assert values[:2] == [8766, 8798]
    assert found.form == "day first"
    assert found.cautions == (
        "dates are read as days since 2000-01-01, a regression; --task multiclass makes each date "
        "a class",
    )
    target, _ = infer_target(facts(read({"label": DAYS})).y)
    assert target.task == "regression"
    times = [datetime(2024, 1, 1 + n, 12) for n in range(12)]
    assert label(column, times)[1][0] == 8766.5


def test_few_dates_are_classes(column):
    days = ["2024-01-01", "2024-02-01"] * 10
    assert label(column, days)[1] == days
    assert label(column, days, task="regression")[1][:2] == [8766, 8797]
    assert label(column, DAYS, task="multiclass")[1] == DAYS
    assert label(column, [datetime(2024, 1, 1), datetime(2024, 2, 1)] * 10)[1] == days
    assert set(label(column, ["Nov 12 2004", "cat", "dog"] * 5)[1]) == {"Nov 12 2004", "cat", "dog"}
