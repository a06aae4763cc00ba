import logging

import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset, Sample
from graphfuse.data.labels import infer_target

RANDOM = np.random.default_rng(0)
AGES = RANDOM.integers(18, 90, 400)
PRICES = RANDOM.integers(1000, 90_000, 200)
YEARS = 1970 + np.arange(260) % 13
COUNTS = RANDOM.geometric(0.2, 300) - 1
CODES = np.arange(3000) % 100


@pytest.fixture
def inferred(caplog):
    caplog.set_level(logging.WARNING)
    return lambda y: (infer_target(y)[0].task, caplog.text)


@pytest.mark.parametrize("y", [AGES, PRICES, YEARS, COUNTS.astype(float)])
@pytest.mark.parametrize("kind", [float, object])
def test_amounts_that_are_whole_numbers_are_a_regression_and_it_is_said(inferred, y, kind):
    task, said = inferred(np.array(y.tolist(), dtype=kind) if kind is object else y.astype(kind))
    assert task == "regression"
    assert "are read as a regression; if that is wrong, give task='multiclass'" in said
    assert f"{len(np.unique(y))} different integers from {y.min():g} to {y.max():g}" in said


@pytest.mark.parametrize(
    "y",
    [CODES, CODES.astype(float), CODES + 1, np.arange(60) % 12, ["1", "2"] * 9, [True, False] * 9,
     [0, 3, *range(5, 60, 1), 70, 99], [1, 2, 3, 4, 5] * 9, [-1.0, 1.0] * 9],
)  # fmt: skip
def test_codes_are_classes_without_a_word(inferred, y):
    task, said = inferred(np.asarray(y))
    assert task in ("binary", "multiclass")
    assert not said


def test_few_whole_numbers_that_are_no_codes_are_classes_and_it_is_said(inferred):
    task, said = inferred(np.array([3, 4, 5, 6, 7, 8] * 20))
    assert task == "multiclass"
    assert "are read as classes; if that is wrong, give task='regression'" in said


def test_a_given_task_is_taken_without_a_word(caplog):
    caplog.set_level(logging.WARNING)
    assert infer_target(YEARS, "regression")[0].task == "regression"
    assert infer_target(YEARS, "multiclass")[0].task == "multiclass"
    assert not caplog.text


def test_whole_tensors_of_samples_are_codes():
    samples = [Sample(x={"a": torch.ones(1, 2)}, y=torch.tensor(k * 3)) for k in range(30)]
    assert FusionDataset.from_samples(samples).schema.classes[-1] == "87"
