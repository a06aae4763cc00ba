import pytest
import torch
from torch.distributions import Normal, kl_divergence

from graphfuse.data import Sample, collate, load_dataset
from graphfuse.errors import InputError
from graphfuse.fusion import FusionOutput, create_strategy

NULL = load_dataset("planted/null", n=60)


def made(**options):
    torch.manual_seed(0)
    model = create_strategy("product_of_experts_vae", NULL.schema, **options).double()
    return model.prepare(NULL).eval()


def test_posterior_is_the_product_of_the_densities():
    model, batch = made(), NULL.batch(range(60))
    output = model(batch)
    vectors, present = model.encoder(batch)
    grid = torch.linspace(-9, 9, 4001, dtype=torch.float64)
    alone = ~present[:, 0] & present[:, 1]
    for i in (int(present.all(1).nonzero()[0]), int(alone.nonzero()[0])):
        log_density = Normal(0, 1).log_prob(grid).repeat(64, 1)
        for m in (0, 1):
            if present[i, m]:
                mean, log_variance = model.experts[m](vectors[i, m]).chunk(2)
                expert = Normal(mean.unsqueeze(1), (log_variance / 2).exp().unsqueeze(1))
                log_density = log_density + expert.log_prob(grid)
        density = log_density.softmax(1)
        mean = density @ grid
        assert torch.allclose(output.mean[i], mean, atol=1e-6)
        variance = (density * (grid - mean.unsqueeze(1)) ** 2).sum(1)
        assert torch.allclose(output.variance[i], variance, atol=1e-6)


def test_without_any_modality_the_prior_is_left():
    model = made()
    output = model(collate([Sample({})], NULL.schema))
    assert (output.mean == 0).all()
    assert (output.variance == 1).all()


def test_latents_are_drawn_in_training_and_the_mean_in_evaluation():
    model, batch = made(dropout=0.0), NULL.batch(range(60))
    output = model(batch)
    assert torch.equal(output.embedding, output.mean)
    model.train()
    noise = torch.stack([model(batch).embedding - output.mean for _ in range(200)])
    assert noise.mean().abs() < 0.01
    assert torch.allclose(noise.var(0).mean(), output.variance.mean(), rtol=0.02)


def test_terms_by_hand():
    model = made(reconstruction_weight=2.0, divergence_weight=3.0)
    batch = NULL.batch(range(60))
    output = model(batch)
    terms = model.loss(output, batch)
    posterior = Normal(output.mean, output.variance.sqrt())
    assert torch.allclose(terms["divergence"], 3 * kl_divergence(posterior, Normal(0, 1)).mean())
    errors = []
    for m, decoder in zip(("a", "b"), model.decoders, strict=True):
        has = batch.mask[m].any(1)
        means = torch.stack([batch.x[m][i][batch.mask[m][i]].mean(0) for i in has.nonzero()[:, 0]])
        wanted = (means - means.mean(0)) / means.std(0, correction=0)
        errors.append((decoder(output.embedding[has]) - wanted).square().mean(1) / 2)
    assert torch.allclose(terms["reconstruction"], 2 * torch.cat(errors).mean())


def test_an_expert_that_is_sure_or_knows_nothing_stays_finite():
    model, batch = made().float(), NULL.batch(range(60))
    for said in (-1e6, 1e6):
        for expert in model.experts:
            expert.bias.data[64:] = said
        output = model(batch)
        terms = model.loss(output, batch)
        assert output.logits.isfinite().all()
        assert all(value.isfinite() for value in terms.values())


def test_the_loss_needs_the_posterior():
    batch = NULL.batch(range(4))
    output = made()(batch)
    with pytest.raises(InputError, match="takes the output of forward, got FusionOutput"):
        made().loss(FusionOutput(output.logits, output.embedding), batch)
