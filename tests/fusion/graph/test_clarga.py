from dataclasses import replace

import pytest
import torch

from graphfuse.bench.run import fold_parts
from graphfuse.data import load_dataset, make_splits
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.fusion import create_strategy
from graphfuse.fusion.losses import info_nce
from graphfuse.training import Recipe, fit, predict


def made(data, name="graph:clarga", **options):
    torch.manual_seed(0)
    return create_strategy(name, data.schema, **options).eval()


def test_every_sample_has_a_graph_of_its_own_that_is_learned():
    data = load_dataset("planted/xor", n=40)
    model = made(data)
    vectors = model.stand_in(*model.encoder(data.batch(range(40))))
    edges = model.edges(vectors)
    weight = torch.stack([edges[s, "learned", "b"] for s in "ab"]).squeeze()
    assert torch.allclose(weight.sum(0), torch.ones(40))
    assert len(weight[0].unique()) == 40
    batch = data.batch(range(40))
    model.loss(model(batch), batch)["task"].backward()
    assert model.key.weight.grad.any()
    assert model.query.weight.grad.any()


def test_ablations_take_edges_or_their_weights_away():
    data = load_dataset("planted/xor", n=40)
    batch = data.batch(range(40))
    logits = []
    for name in ("graph:clarga", "graph:clarga/no_edges", "graph:clarga/complete"):
        model = made(data, name)
        logits.append(model(batch).logits)
    assert not torch.allclose(logits[0], logits[1])
    assert not torch.allclose(logits[0], logits[2])
    other = replace(batch, x={**batch.x, "b": batch.x["b"] + 1})
    apart = made(data, "graph:clarga/no_edges")
    before, after = (apart(given).embedding.unflatten(1, (2, -1)) for given in (batch, other))
    assert torch.equal(before[:, 0], after[:, 0])  # without edges a hears nothing of b


def test_a_missing_modality_has_a_learned_vector_in_its_place():
    data = load_dataset("planted/null", n=60)
    model, batch = made(data), data.batch(range(60))
    missing = ~batch.mask["a"].any(1)
    before = model(batch).logits
    with torch.no_grad():
        model.stand_in.vectors[0] += 1
    changed = (model(batch).logits != before).any(1)
    assert missing.any()
    assert torch.equal(changed, missing)


def test_loss_is_info_nce_of_samples_that_have_both():
    data = load_dataset("planted/null", n=60)
    model, batch = made(data, temperature=0.5, weight=0.3), data.batch(range(60))
    output = model(batch)
    vectors = model.stand_in(*model.encoder(batch))
    a, b = (model.core.project[f"n_{m}"](vectors[:, i]) for i, m in enumerate("ab"))
    both = batch.mask["a"].any(1) & batch.mask["b"].any(1)
    assert 2 < both.sum() < 60
    terms = model.loss(output, batch)
    assert torch.isclose(terms["contrast"], 0.3 * info_nce(a[both], b[both], 0.5))
    assert torch.equal(terms["task"], model.task_loss(output.logits, batch))


def test_learns_what_modalities_say_together():
    data = load_dataset("planted/xor", n=1000)
    train, validation, test = fold_parts(data, next(make_splits(data)))
    model = made(data)
    fit(model, train, validation, Recipe())
    right = (predict(model, test).argmax(1) == test.labels()).mean()
    assert right > data.bayes_accuracy - 0.06


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ablation": "shuffled_edges"}, "unknown ablation 'shuffled_edges'"),
        ({"temperature": 0}, "temperature must be at least 0.001"),
        ({"weight": -1}, "weight must be at least 0"),
    ],
)
def test_errors_say_what_to_do(options, message):
    data = load_dataset("planted/xor", n=20)
    with pytest.raises((InputError, UnknownNameError), match=message):
        made(data, **options)
