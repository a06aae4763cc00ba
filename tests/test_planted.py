"""What the planted datasets promise, held end to end."""

import numpy as np
import pytest
import torch

from graphfuse.bench.jobs import relations_of
from graphfuse.bench.run import fold_parts
from graphfuse.data import load_dataset, make_splits
from graphfuse.fusion import create_strategy, list_strategies, strategy_info, strategy_options
from graphfuse.training import Recipe, fit, predict


def accuracy(name, data, recipe=None):
    """Share of right predictions on the test part of the first of five folds."""
    train, validation, test = fold_parts(data, next(make_splits(data)))
    options = {"relations": relations_of(data)} if "relations" in strategy_options(name) else {}
    torch.manual_seed(0)
    strategy = create_strategy(name, data.schema, **options)
    fit(strategy, train, validation, recipe)
    return (predict(strategy, test).argmax(1) == test.labels()).mean(), len(test)


LONG = Recipe(epochs=40, patience=40)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "reached"), [("graph:typed_attention", 0.85), ("graph:hgt", 0.8)])
def test_a_graph_with_the_right_relation_wins_on_binding(name, reached):
    right, _ = accuracy(name, load_dataset("planted/binding", n=4000), LONG)
    assert right >= reached


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["concat", "mean_prob", "graph:hgt/no_edges", "graph:hgt/shuffled_edges"]
)
def test_nothing_else_wins_on_binding(name):
    right, _ = accuracy(name, load_dataset("planted/binding", n=4000), LONG)
    assert right < 0.62


def chance_deviation(name, leak=False):
    """Distance from chance over several seeds, in standard deviations of a coin."""
    right = total = 0
    for seed in range(4):
        data = load_dataset("planted/null", seed=seed, n=400)
        if leak:
            for column in data.x.values():
                owner = torch.repeat_interleave(torch.arange(len(data)), column.counts)
                column.values[:, 0] += torch.from_numpy(data.labels())[owner]
        share, size = accuracy(name, data, Recipe(epochs=8))
        right, total = right + share * size, total + size
    return abs(right - total / 2) / np.sqrt(total / 4)


NULL = load_dataset("planted/null", n=20)
# All graphs share the code of their ablations, so one graph's stand for them.
EVERYTHING = [
    name
    for name in list_strategies(schema=NULL.schema)
    if "/" not in name or name.startswith("graph:hgt/")
]


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERYTHING)
def test_everything_is_at_chance_on_null(name):
    assert chance_deviation(name) < 3.5


@pytest.mark.slow
@pytest.mark.parametrize("name", ["concat", "graph:hgt"])
def test_a_planted_leak_is_noticed(name):
    assert chance_deviation(name, leak=True) > 3.5


@pytest.mark.parametrize("name", ["concat", "token_transformer", "graph:hgt"])
def test_xor_needs_both_modalities_and_is_learned(name):
    data = load_dataset("planted/xor", n=1500)
    right, _ = accuracy(name, data)
    assert right > 0.85
    alone, _ = accuracy("unimodal:a", data, Recipe(epochs=5))
    assert alone < 0.6


def test_every_fusion_gains_on_unique_and_none_on_redundant():
    unique, redundant = (load_dataset(f"planted/{n}", n=1200) for n in ("unique", "redundant"))
    for name in ("concat", "mean_prob"):
        assert accuracy(name, unique)[0] > 0.85
        assert accuracy("unimodal:a", unique)[0] < 0.6
        assert accuracy(name, redundant)[0] < redundant.bayes_accuracy + 0.05
    assert accuracy("unimodal:a", redundant)[0] > redundant.bayes_accuracy - 0.06


TWO = load_dataset("planted/xor", n=20).schema
FUSIONS = [
    name
    for name in list_strategies(schema=TWO)
    if "/" not in name and strategy_info(name).family not in ("unimodal", "baseline")
]
DECISIONS = [name for name in FUSIONS if strategy_info(name).family == "decision"]
ONE_MODALITY_DECIDES = ["max_confidence", "majority_vote"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["graph:hgt", "graph:line", "graph:mtag"])
def test_a_graph_in_time_finds_the_lag(name):
    right, _ = accuracy(name, load_dataset("planted/lagged"), Recipe(epochs=25, patience=25))
    assert right > 0.84  # .73 without edges


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FUSIONS if name not in DECISIONS])
def test_features_and_graphs_learn_xor(name):
    right, _ = accuracy(name, load_dataset("planted/xor"))
    assert right > 0.88


@pytest.mark.slow
@pytest.mark.parametrize("name", DECISIONS)
def test_decisions_cannot_learn_xor(name):
    right, _ = accuracy(name, load_dataset("planted/xor"))
    assert right < 0.6


@pytest.mark.slow
@pytest.mark.parametrize("name", FUSIONS)
def test_fusions_put_two_halves_together(name):
    right, _ = accuracy(name, load_dataset("planted/unique"))
    assert right > (0.4 if name in ONE_MODALITY_DECIDES else 0.88)
