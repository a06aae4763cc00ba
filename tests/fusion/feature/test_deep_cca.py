import numpy as np
import torch

from graphfuse.data import FusionDataset, load_dataset
from graphfuse.fusion import create_strategy
from graphfuse.fusion.feature.deep_cca import RIDGE, correlation
from graphfuse.training.loop import sum_terms


def by_hand(left, right):
    """The trace norm by inverse square roots, over the number of components."""
    a, b = left - left.mean(0), right - right.mean(0)
    freedom, ridge = len(a) - 1, RIDGE * np.eye(a.shape[1])

    def root(x):
        value, vector = np.linalg.eigh(x.T @ x / freedom + ridge)
        return vector / np.sqrt(value) @ vector.T

    t = root(a) @ (a.T @ b / freedom) @ root(b)
    return np.linalg.svd(t, compute_uv=False).sum() / a.shape[1]


def test_correlation_by_hand():
    random = np.random.default_rng(0)
    left = random.normal(size=(40, 3))
    right = left @ random.normal(size=(3, 3)) + random.normal(size=(40, 3))
    got = correlation(torch.from_numpy(left), torch.from_numpy(right))
    assert np.isclose(float(got), by_hand(left, right), atol=1e-12)


def test_gradient_is_right_where_correlations_are_equal():
    random = torch.Generator().manual_seed(0)
    left = torch.linalg.qr(torch.randn(12, 3, generator=random, dtype=torch.float64)).Q
    right = left.roll(1, dims=1).clone()  # every correlation is the same
    left.requires_grad_()
    right.requires_grad_()
    assert torch.autograd.gradcheck(correlation, (left, right), atol=1e-4)
    constant = torch.ones(12, 3, requires_grad=True)
    correlation(constant, left.detach().float()).backward()
    assert constant.grad.isfinite().all()


def test_loss_is_minus_the_correlation_of_samples_that_have_both():
    data = load_dataset("planted/null", n=60)
    model = create_strategy("deep_cca", data.schema, components=3, weight=0.5).double().eval()
    batch = data.batch(range(60))
    output = model(batch)
    a, b = output.embedding.detach().unflatten(1, (2, 3)).unbind(1)
    both = batch.mask["a"].any(1) & batch.mask["b"].any(1)
    assert 3 < both.sum() < 60
    expected = -0.5 * by_hand(a[both].numpy(), b[both].numpy())
    assert np.isclose(float(model.loss(output, batch)["correlation"].detach()), expected)


def test_as_many_samples_as_components_say_nothing():
    data = load_dataset("planted/xor", n=20)
    model = create_strategy("deep_cca", data.schema, components=4).eval()
    small, enough = data.batch(range(4)), data.batch(range(5))
    assert model.loss(model(small), small)["correlation"] == 0
    assert model.loss(model(enough), enough)["correlation"] < 0


def test_training_finds_what_correlates_though_the_label_is_a_coin():
    random = np.random.default_rng(0)
    x = random.normal(size=(2, 400, 1, 6)).astype("float32")
    x[:, :, :, 0] = random.normal(size=(400, 1))
    data = FusionDataset.from_arrays({"a": x[0], "b": x[1]}, random.integers(0, 2, 400))
    train, test = data.batch(range(300)), data.batch(range(300, 400))
    reached = []
    for weight in (0.0, 1.0):
        torch.manual_seed(0)
        model = create_strategy("deep_cca", data.schema, components=1, weight=weight)
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(80):
            optimizer.zero_grad()
            sum_terms(model.loss(model(train), train)).backward()
            optimizer.step()
        a, b = model.eval()(test).embedding.detach().chunk(2, dim=1)
        reached.append(float(correlation(a, b)))
    assert reached[0] < 0.5 < 0.9 < reached[1]
