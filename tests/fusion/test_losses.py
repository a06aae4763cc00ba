import numpy as np
import torch

from graphfuse.data import Batch
from graphfuse.fusion.losses import any_labelled, info_nce, mean_over_pairs


def test_any_labelled():
    def batch(y):
        return Batch({"a": torch.zeros(2, 1, 1)}, {"a": torch.ones(2, 1).bool()}, y=torch.tensor(y))

    nan = float("nan")
    assert any_labelled(batch([-1, 0]))
    assert not any_labelled(batch([-1, -1]))
    assert any_labelled(batch([[nan, 1.0], [nan, nan]]))
    assert not any_labelled(batch([nan, nan]))


def test_pairs_are_measured_on_samples_that_have_both():
    vectors = torch.tensor([[1.0, 2, 4], [10, 20, 40], [100, 200, 400]]).unsqueeze(2)
    present = torch.tensor([[1, 1, 0], [1, 1, 1], [0, 1, 1]]).bool()

    def measure(left, right):
        return left.sum() + right.sum()

    assert mean_over_pairs(measure, vectors, present, least=2) == ((11 + 22) + (220 + 440)) / 2
    assert mean_over_pairs(measure, vectors, present, [(0, 2)], least=1) == 10 + 40
    nothing = mean_over_pairs(measure, vectors.requires_grad_(), present, [(0, 2)])
    assert nothing == 0
    assert nothing.requires_grad


def test_info_nce_by_hand():
    random = np.random.default_rng(0)
    left, right = random.normal(size=(2, 5, 3))
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (left, right))
    odds = np.exp(a @ b.T / 0.2)
    own = odds.diagonal()
    expected = -(np.log(own / odds.sum(1)) + np.log(own / odds.sum(0))).mean() / 2
    got = info_nce(torch.from_numpy(left), torch.from_numpy(right), 0.2)
    assert np.isclose(float(got), expected)
