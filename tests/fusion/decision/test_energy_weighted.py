import numpy as np
import torch
from scipy.special import logsumexp, softmax

from graphfuse.data import FusionDataset
from graphfuse.fusion import create_strategy
from graphfuse.fusion.decision.energy_weighted import ranking_loss
from graphfuse.training import Recipe, fit


def data_of(n=20, classes=3):
    random = np.random.default_rng(0)
    x = {m: random.normal(size=(n, 2)) for m in "abc"}
    return FusionDataset.from_arrays(x, np.arange(n) % classes)


def test_averages_logits_by_the_energy_of_those_present():
    model = create_strategy("energy_weighted", data_of().schema).double()
    random = np.random.default_rng(1)
    single = 2 * random.normal(size=(10, 3, 3))
    present = np.ones((10, 3), bool)
    present[3:6, 1] = present[5:8, 2] = False
    got = model.combine(torch.from_numpy(single), torch.from_numpy(present))
    for row, z, here in zip(got.numpy(), single, present, strict=True):
        assert np.allclose(row, softmax(logsumexp(z[here], axis=1)) @ z[here])


def test_ranking_loss_is_what_the_formula_says():
    random = np.random.default_rng(2)
    z, y = random.normal(size=(12, 4)), random.integers(-1, 4, 12)
    labelled = np.flatnonzero(y >= 0)
    share, energy = softmax(z, axis=1), logsumexp(z, axis=1)
    short = [
        max(0, share[i, y[i]] - share[j, y[j]] - (energy[i] - energy[j]))
        for i in labelled
        for j in labelled
        if share[i, y[i]] > share[j, y[j]]
    ]
    got = ranking_loss(torch.from_numpy(z), torch.from_numpy(y))
    assert np.isclose(float(got), np.mean(short))
    assert float(ranking_loss(torch.from_numpy(z), torch.full((12,), -1))) == 0


def test_ranking_moves_the_energy_and_not_the_probability_it_is_ranked_by():
    z = torch.randn(8, 3, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(ranking_loss(z, torch.arange(8) % 3), z)
    along = slope / z.softmax(1)  # the slope of the energy is the softmax
    assert slope.any()
    assert torch.allclose(along, along.mean(1, keepdim=True).expand_as(along))


def test_terms_and_what_they_reach():
    data = data_of()
    model = create_strategy("energy_weighted", data.schema).double().eval()
    batch = data.batch(range(20))
    batch.mask["b"][8:] = False
    output = model(batch)
    terms = model.loss(output, batch)
    own = ranking_loss(output.modality_logits["b"][:8], batch.y[:8])
    assert torch.allclose(terms["ranking:b"], 0.1 * own)
    assert torch.allclose(terms["joint"], model.task_loss(output.logits, batch))
    weights = list(model.heads.parameters())
    assert any(bool(g.any()) for g in torch.autograd.grad(terms["joint"], weights))


def test_a_modality_counts_for_less_in_the_samples_that_it_says_nothing_about():
    random = np.random.default_rng(0)
    n = 1000
    labels = random.integers(0, 2, n)
    good = random.integers(0, 2, n)  # the modality that shows the label; the other shows nothing
    nodes = 0.2 * random.normal(size=(2, n, 4))
    nodes[good, range(n), 0] += 2 * labels - 1
    data = FusionDataset.from_arrays({"a": nodes[0], "b": nodes[1]}, labels)
    torch.manual_seed(0)
    model = create_strategy("energy_weighted", data.schema)
    fit(model, data.subset(range(700)), data.subset(range(700, 800)), Recipe(patience=25))
    output = model(data.batch(range(800, n)))
    energy = torch.stack([z.logsumexp(1) for z in output.modality_logits.values()], dim=1)
    weight = energy.softmax(1).detach().numpy()[range(200), good[800:]]
    assert (weight > 0.6).mean() > 0.95
