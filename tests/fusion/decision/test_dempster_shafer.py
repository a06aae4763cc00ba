import numpy as np
import pytest
import torch
from scipy import stats
from torch.distributions import Dirichlet, kl_divergence

from graphfuse.data import FusionDataset, load_dataset
from graphfuse.fusion import create_strategy
from graphfuse.fusion.decision.dempster_shafer import divergence_from_uniform
from graphfuse.training import Recipe, fit


def dempster(one, two):
    """The reduced rule on two opinions (beliefs, ignorance), with the whole table of conflict."""
    (b1, u1), (b2, u2) = one, two
    table = np.outer(b1, b2)
    agreed = 1 - (table.sum() - np.trace(table))
    return (b1 * b2 + b1 * u2 + b2 * u1) / agreed, u1 * u2 / agreed


def opinion(evidence):
    strength = (evidence + 1).sum()
    return evidence / strength, len(evidence) / strength


def model_of(classes=3, modalities="abc", n=30):
    random = np.random.default_rng(0)
    x = {m: random.normal(size=(n, 2)) for m in modalities}
    data = FusionDataset.from_arrays(x, np.arange(n) % classes)
    torch.manual_seed(0)
    return create_strategy("dempster_shafer", data.schema).double().prepare(data), data


def test_combines_as_the_rule_does_two_by_two_in_any_order():
    model, _ = model_of(classes=4)
    random = np.random.default_rng(1)
    evidence = random.gamma(1.0, 5.0, size=(20, 3, 4))
    present = random.random((20, 3)) < 0.7
    logits = model.combine(torch.from_numpy(evidence).log1p(), torch.from_numpy(present))
    for alpha, e, here in zip(logits.exp().numpy(), evidence, present, strict=True):
        for order in (np.flatnonzero(here), np.flatnonzero(here)[::-1]):
            beliefs, unknown = np.zeros(4), 1.0  # knows nothing
            for m in order:
                beliefs, unknown = dempster((beliefs, unknown), opinion(e[m]))
            assert np.allclose(4 / alpha.sum(), unknown)
            assert np.allclose((alpha - 1) / alpha.sum(), beliefs)


def test_evidence_is_the_softplus_of_the_outputs():
    model, data = model_of()
    model.eval()
    batch = data.batch(range(5))
    vectors, _ = model.encoder(batch)
    for i, (m, logits) in enumerate(model(batch).modality_logits.items()):
        assert m == "abc"[i]
        outputs = model.heads[i](vectors[:, i]).detach().numpy()
        assert np.allclose(logits.exp().detach() - 1, np.log1p(np.exp(outputs)))


def test_a_modality_less_is_known_less():
    _, data = model_of()
    columns = {m: [*data.x[m].values.numpy()[:, None]] for m in "abc"}
    columns["b"][1] = columns["a"][2] = columns["b"][2] = columns["c"][2] = None
    data = FusionDataset.from_arrays(columns, np.arange(30) % 3)
    model = create_strategy("dempster_shafer", data.schema).double().eval()
    output = model(data.batch([1, 2]))
    alone = [x[0].exp().sum() for m, x in output.modality_logits.items() if m != "b"]
    assert output.logits[0].exp().sum() > max(alone)
    assert torch.equal(output.logits[1], torch.zeros(3).double())  # ignorance is 3 / 3


def test_loss_is_the_expected_cross_entropy_and_an_annealed_divergence():
    model, _ = model_of(classes=2, modalities="ab")
    log_alpha = torch.tensor([[2.0, 0.5], [0.1, 1.2], [0.0, 3.0]], dtype=torch.float64)
    y = torch.tensor([0, 0, -1])
    a = log_alpha.exp()
    surprise = [
        stats.beta(*a[i].tolist()).expect(lambda p: -np.log(p)) for i in (0, 1)
    ]  # of class 0
    assert np.isclose(float(model.opinion_loss(log_alpha, y)), np.mean(surprise))
    wrong = torch.stack([torch.ones(2).double(), a[:2, 1]], dim=1)
    divergence = kl_divergence(Dirichlet(wrong), Dirichlet(torch.ones_like(wrong)))
    for seen, share in ((150, 0.5), (300, 1), (10000, 1)):  # an epoch has 30
        model.seen.fill_(seen)
        wanted = np.mean(surprise) + share * float(divergence.mean())
        assert np.isclose(float(model.opinion_loss(log_alpha, y)), wanted)


def test_divergence_is_torch_s():
    alpha = 1 + 20 * torch.rand(50, 5, dtype=torch.float64)
    wanted = kl_divergence(Dirichlet(alpha), Dirichlet(torch.ones_like(alpha)))
    assert torch.allclose(divergence_from_uniform(alpha), wanted)


def test_annealing_counts_samples_in_training_alone_and_starts_anew():
    model, data = model_of()
    batch = data.batch(range(20))
    for mode, seen in ((True, 20), (False, 20), (True, 40)):
        model.train(mode)
        model.loss(model(batch), batch)
        assert int(model.seen) == seen
    assert int(model.prepare(data).seen) == 0


def test_every_opinion_has_its_term_over_the_samples_that_hold_it():
    model, data = model_of()
    model.eval()
    batch = data.batch(range(10))
    batch.mask["b"][4:] = False
    output = model(batch)
    terms = model.loss(output, batch)
    assert set(terms) == {"unimodal:a", "unimodal:b", "unimodal:c", "joint"}
    own = model.opinion_loss(output.modality_logits["b"][:4], batch.y[:4])
    assert torch.allclose(terms["unimodal:b"], own)
    assert torch.allclose(terms["joint"], model.opinion_loss(output.logits, batch.y))


def test_class_weights_weigh_its_loss():
    model, _ = model_of(classes=2)
    log_alpha, y = torch.rand(6, 2, dtype=torch.float64), torch.tensor([0, 0, 0, 0, 1, 1])
    each = torch.stack([model.opinion_loss(log_alpha[[i]], y[[i]]) for i in range(6)])
    model.class_weight.copy_(torch.tensor([0.75, 1.5]))
    wanted = (each[:4].mean() + each[4:].mean()) / 2
    assert torch.allclose(model.opinion_loss(log_alpha, y), wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_loss_and_gradient_are_finite_whatever_the_evidence(dtype):
    model, _ = model_of(classes=2)
    model.to(dtype).seen.fill_(10**6)
    log_alpha = torch.tensor([[0.0, 80.0], [300.0, 0.0], [1e-9, 1e-9]], dtype=dtype)
    log_alpha.requires_grad_()
    loss = model.opinion_loss(log_alpha, torch.tensor([0, 1, 1]))
    loss.backward()
    assert loss.isfinite()
    assert log_alpha.grad.isfinite().all()


def test_ignorance_is_greater_where_nothing_is_to_be_known():
    ignorance = {}
    for name in ("redundant", "null"):
        data = load_dataset(f"planted/{name}", n=800)
        torch.manual_seed(0)
        model = create_strategy("dempster_shafer", data.schema)
        fit(model, data.subset(range(500)), data.subset(range(500, 600)), Recipe(epochs=15))
        alpha = model(data.batch(range(600, 800))).logits.detach().exp()
        ignorance[name] = float((2 / alpha.sum(1)).mean())
    assert ignorance["null"] > 2 * ignorance["redundant"]
