import numpy as np
import pytest
import torch

from graphfuse.bench.run import fold_parts
from graphfuse.data import FusionDataset, Modality, Schema, Target, make_splits
from graphfuse.errors import InputError
from graphfuse.fusion import create_strategy, list_strategies
from graphfuse.training import Recipe, fit, predict


@pytest.fixture
def data():
    random = np.random.default_rng(0)
    counts = ([3, 1, 0, 0], [5, 4, 2, 0])
    x = {
        m: [random.normal(size=(n, 2)) if n else None for n in rows]
        for m, rows in zip("ab", counts, strict=True)
    }
    pos = {"a": [np.arange(n, dtype=float)[:, None] if n else None for n in counts[0]]}
    return FusionDataset.from_arrays(x, [0, 1, 0, 1], pos=pos)


def drawn(data):
    torch.manual_seed(0)
    model = create_strategy("positional_attention", data.schema, hidden_channels=6).double().eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.normal_(std=0.5)
    return model


def test_weights_add_up_to_one_over_real_nodes(data):
    model, batch = drawn(data), data.batch(range(4))
    weights = model.weights(batch)
    for m in "ab":
        assert not weights[m][~batch.mask[m]].any()
        assert (weights[m][batch.mask[m]] > 0).all()
    total = weights["a"].sum(1) + weights["b"].sum(1)
    assert torch.allclose(total, torch.tensor([1.0, 1.0, 1.0, 0.0]).double())


def test_weights_start_with_an_even_share_for_each_modality(data):
    weights = create_strategy("positional_attention", data.schema).weights(data.batch(range(4)))
    assert torch.allclose(weights["a"].sum(1), torch.tensor([0.5, 0.5, 0.0, 0.0]))
    assert torch.allclose(weights["b"][0], torch.full((5,), 0.1))


def test_weights_know_position_apart_from_content(data):
    model, batch = drawn(data), data.batch(range(4))
    with torch.no_grad():
        for layer in model.nodes.position.values():
            layer.weight.zero_()  # the encoded nodes know nothing of position any more
    before = model.weights(batch)["a"]
    batch.pos["a"] = batch.pos["a"] + 1.3
    after = model.weights(batch)["a"]
    assert not torch.allclose(before[0], after[0])
    with torch.no_grad():
        for layer in model.place.values():
            layer.weight.zero_()
    blind = model.weights(batch)["a"]
    batch.pos["a"] = batch.pos["a"] + 0.9
    assert torch.equal(model.weights(batch)["a"], blind)


def test_fuses_the_weighted_mean_of_the_nodes(data):
    model, batch = drawn(data), data.batch(range(4))
    hidden, weights = model.nodes(batch.x, batch.pos, batch.mask), model.weights(batch)
    expected = sum(torch.einsum("bn,bnd->bd", weights[m], hidden[m]) for m in "ab")
    assert torch.allclose(model(batch).embedding, model.norm(expected))


def test_is_for_data_with_positions():
    schema = Schema([Modality("a", (2,)), Modality("b", (2,))], Target("binary"))
    assert "positional_attention" not in list_strategies(schema=schema)
    with pytest.raises(InputError, match="modalities, positions and one target"):
        create_strategy("positional_attention", schema)


def test_learns_which_step_counts():
    """The label is the sign of one step of twelve: the mean node says little, the position all."""
    random = np.random.default_rng(0)
    nodes, other = random.normal(size=(2, 900, 12, 1))
    times = np.broadcast_to(np.arange(12.0)[None, :, None], (900, 12, 1))
    labels = (nodes[:, 7, 0] > 0).astype(int)
    data = FusionDataset.from_arrays({"a": nodes, "b": other}, labels, pos={"a": times, "b": times})
    train, validation, test = fold_parts(data, next(make_splits(data)))
    torch.manual_seed(0)
    model = create_strategy("positional_attention", data.schema)
    fit(model, train, validation, Recipe(epochs=40, patience=40))
    assert (predict(model, test).argmax(1) == test.labels()).mean() > 0.85
    weights = model.weights(test.batch(range(len(test))))["a"].mean(0)
    assert int(weights.argmax()) == 7
