import torch

from graphfuse.bench.run import fold_parts
from graphfuse.data import load_dataset, make_splits
from graphfuse.fusion import create_strategy
from graphfuse.fusion.losses import info_nce
from graphfuse.training import Recipe, fit


def test_loss_is_info_nce_of_samples_that_have_both():
    data = load_dataset("planted/null", n=60)
    model = create_strategy("contrastive", data.schema, temperature=0.5, weight=0.3).eval()
    model.stand_in.vectors.data[:] = 100  # a stand-in is nobody's vector
    batch = data.batch(range(60))
    output = model(batch)
    a, b = output.embedding.chunk(2, dim=1)
    both = batch.mask["a"].any(1) & batch.mask["b"].any(1)
    assert 2 < both.sum() < 60
    terms = model.loss(output, batch)
    assert torch.isclose(terms["contrast"], 0.3 * info_nce(a[both], b[both], 0.5))
    assert torch.equal(terms["task"], model.task_loss(output.logits, batch))


def test_training_aligns_what_modalities_share():
    data = load_dataset("planted/redundant", n=600)
    train, validation, test = fold_parts(data, next(make_splits(data)))
    found = []
    for weight in (0.0, 1.0):
        torch.manual_seed(0)
        model = create_strategy("contrastive", data.schema, weight=weight)
        fit(model, train, validation, Recipe(epochs=8))
        a, b = model(test.batch(range(len(test)))).embedding.detach().chunk(2, dim=1)
        found.append(float(info_nce(a, b, 0.5)))
    assert found[1] < found[0] - 0.05
