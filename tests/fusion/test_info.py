import pytest

from graphfuse.data import Modality, Schema, Target
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.fusion import (
    create_strategy,
    list_strategies,
    modality_name,
    strategies,
    strategy,
    strategy_info,
)


def schema(*names):
    return Schema([Modality(name, (3,)) for name in names], Target("binary"))


def test_an_ablation_says_what_it_is_a_variant_of():
    info = strategy_info("graph:hgt/no_edges")
    assert (info.name, info.family) == ("graph:hgt/no_edges", "graph")
    assert (info.ablation_of, info.ablation) == ("graph:hgt", "no_edges")
    assert info.base == strategy_info("graph:hgt")
    assert info.base.ablation_of is None


def test_a_strategy_of_one_modality_says_which():
    info = strategy_info("unimodal:a/b")
    assert (info.modality, info.ablation_of) == ("a/b", None)
    assert info.base == strategies.get("unimodal")
    assert strategy_info("unimodal:best").modality is None


@pytest.mark.parametrize("name", ["", "mine/no_edges", "/"])
def test_names_that_would_be_read_otherwise_are_refused(name):
    with (
        strategies.temporarily(),
        pytest.raises(InputError, match="must not be empty or contain '/'"),
    ):
        strategy(name, family="feature", summary="")(object)


def test_an_unknown_family_is_refused():
    with strategies.temporarily(), pytest.raises(UnknownNameError, match="did you mean 'feature'"):
        strategy("mine", family="features", summary="")(object)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("late", "mean_prob"),
        ("early", "concat_early"),
        ("gat", "graph:gatv2"),
        ("hgt", "graph:hgt"),
        ("lmf", "low_rank_tensor"),
    ],
)
def test_words_of_the_field_lead_to_a_name(given, meant):
    with pytest.raises(UnknownNameError, match=f"did you mean '{meant}'"):
        create_strategy(given, schema("a", "b"))


@pytest.mark.parametrize("odd", ["best", "=best", "==best", "a/b", ":", "=", "no_edges", "x:best"])
def test_every_modality_has_a_name_of_its_own(odd):
    given = schema(odd, "other")
    name = modality_name("unimodal", odd)
    assert name != "unimodal:best"
    assert set(list_strategies("unimodal", given)) == {"unimodal:best", name, "unimodal:other"}
    assert create_strategy(name, given).modality == odd
    assert create_strategy("unimodal:best", given).name == "unimodal:best"
