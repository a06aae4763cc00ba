import pytest
import torch

from graphfuse.bench.run import fold_parts
from graphfuse.data import load_dataset, make_splits
from graphfuse.fusion import create_strategy, list_strategies
from graphfuse.training import fit, predict


def test_is_for_data_with_positions():
    assert "graph:line" in list_strategies(schema=load_dataset("planted/lagged", n=20).schema)
    assert "graph:line" not in list_strategies(schema=load_dataset("planted/xor", n=20).schema)


def test_uses_edges_of_a_batch_where_they_are_its_own():
    data = load_dataset("planted/lagged", n=20)
    torch.manual_seed(0)
    model = create_strategy("graph:line", data.schema).prepare(data).eval()
    batch = data.batch(range(20))
    drawn = model(batch).logits
    batch.edges["a", "past", "b"] = torch.ones(20, 12, 12).bool()
    assert torch.equal(model(batch).logits, drawn)
    batch.edges["a", "before", "a"] = torch.ones(20, 12, 12).bool()
    assert not torch.equal(model(batch).logits, drawn)


@pytest.mark.parametrize("num_layers", [1, 3])
def test_a_node_hears_as_many_steps_away_as_there_are_layers(num_layers):
    data = load_dataset("planted/lagged", n=20)
    model = create_strategy("graph:line", data.schema, num_layers=num_layers).prepare(data).eval()
    batch = data.batch(range(20))
    hidden = model.encoder(batch.x, batch.pos, batch.mask)
    _, before = model.core(hidden, model.edges(batch), batch.mask)
    hidden["a"] = hidden["a"] + (batch.pos["a"] == 0)
    _, after = model.core(hidden, model.edges(batch), batch.mask)
    changed = (after["a"] != before["a"]).any(2)
    assert torch.equal(changed, batch.pos["a"].squeeze(2) <= num_layers)


@pytest.mark.slow
def test_learns_which_step_follows_which():
    data = load_dataset("planted/lagged", n=1500)
    train, validation, test = fold_parts(data, next(make_splits(data)))
    torch.manual_seed(0)
    model = create_strategy("graph:line", data.schema)
    fit(model, train, validation)
    right = (predict(model, test).argmax(1) == test.labels()).mean()
    assert right > 0.8
