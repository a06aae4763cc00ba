"""Graph strategies find which nodes belong together."""

import pytest
import torch

from graphfuse.bench.run import fold_parts
from graphfuse.data import load_dataset, make_splits
from graphfuse.fusion import create_strategy
from graphfuse.training import fit, predict


@pytest.mark.parametrize("name", ["graph:rgat", "graph:hypergraph"])
def test_learns_along_the_right_edges(name):
    data = load_dataset("planted/binding", n=2000)
    train, validation, test = fold_parts(data, next(make_splits(data)))
    torch.manual_seed(0)
    model = create_strategy(name, data.schema, relations=data.relations)
    fit(model, train, validation)
    right = (predict(model, test).argmax(1) == test.labels()).mean()
    assert right > 0.6  # without the right edges .50, four standard errors less
