"""Graph strategies find which nodes belong together, and not without their edges."""

import pytest
import torch

from graphfuse.bench.run import fold_parts
from graphfuse.data import load_dataset, make_splits
from graphfuse.fusion import create_strategy
from graphfuse.training import fit, predict


def accuracy(name, data):
    train, validation, test = fold_parts(data, next(make_splits(data)))
    torch.manual_seed(0)
    model = create_strategy(name, data.schema, relations=data.relations)
    fit(model, train, validation)
    return (predict(model, test).argmax(1) == test.labels()).mean()


@pytest.mark.parametrize("name", ["graph:rgat", "graph:hypergraph"])
def test_learns_with_its_edges_alone(name):
    data = load_dataset("planted/binding", n=2000)
    assert accuracy(name, data) > 0.75
    assert accuracy(f"{name}/no_edges", data) < 0.65
