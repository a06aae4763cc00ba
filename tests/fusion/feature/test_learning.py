"""Feature-level strategies on one vector a modality learn what can be learned from it."""

import pytest
import torch

from graphfuse.bench.run import fold_parts
from graphfuse.data import load_dataset, make_splits
from graphfuse.fusion import create_strategy
from graphfuse.training import fit, predict

NAMES = [
    "bilinear",
    "component_attention",
    "concat_early",
    "contextual_attention",
    "film",
    "gated",
    "low_rank_tensor",
    "multiplicative",
    "tensor",
    "weighted_sum",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dataset", ["planted/xor", "planted/unique"])
def test_comes_near_the_bayes_accuracy(name, dataset):
    data = load_dataset(dataset, n=1000)
    train, validation, test = fold_parts(data, next(make_splits(data)))
    torch.manual_seed(0)
    model = create_strategy(name, data.schema)
    fit(model, train, validation)
    right = (predict(model, test).argmax(1) == test.labels()).mean()
    assert right > data.bayes_accuracy - 0.06
