import pytest
import torch

from graphfuse.bench.match import count_parameters, match_parameters
from graphfuse.data import load_dataset
from graphfuse.errors import InputError
from graphfuse.fusion import PooledStrategy, StrategyInfo, create_strategy, strategies

EMOJI = load_dataset("emoji").schema


def size(name, **options):
    return count_parameters(create_strategy(name, EMOJI, **options))


@pytest.mark.parametrize("wanted", [60_000, 250_000])
@pytest.mark.parametrize(
    ("name", "step"),
    [("concat", 1), ("token_transformer", 4), ("graph:hgt", 4), ("unimodal:image", 1)],
)
def test_the_nearest_width_is_chosen(name, step, wanted):
    width = match_parameters(name, EMOJI, wanted, {})["hidden_channels"]
    assert width % step == 0
    distance = abs(size(name, hidden_channels=width) - wanted)
    for other in (width - step, width + step):
        assert distance <= abs(size(name, hidden_channels=other) - wanted)


def test_the_best_single_modality_is_as_large_as_any_other_model():
    options = match_parameters("unimodal:best", EMOJI, 60_000, {})
    single = max(size(f"unimodal:{m}", **options) for m in EMOJI.names)
    assert size("unimodal:best", **options) == single
    assert abs(single - 60_000) < 2_000


def test_other_options_count_and_stay():
    plain = match_parameters("graph:hgt", EMOJI, 100_000, {})
    deep = match_parameters("graph:hgt", EMOJI, 100_000, {"num_layers": 4, "heads": 3})
    assert deep["num_layers"] == 4
    assert deep["hidden_channels"] % 3 == 0
    assert deep["hidden_channels"] < plain["hidden_channels"]


def test_without_parameters_or_width_options_stay():
    assert match_parameters("majority", EMOJI, 1000, {}) == {}


def test_the_smallest_width_is_the_nearest_to_a_tiny_number():
    assert match_parameters("concat", EMOJI, 1, {})["hidden_channels"] == 1
    assert match_parameters("graph:hgt", EMOJI, 1, {"heads": 2})["hidden_channels"] == 2


class Small(PooledStrategy):
    """Refuses to be wider than 9, and reads a number off a tensor as it is made."""

    def __init__(self, schema, hidden_channels=4):
        if hidden_channels > 9:
            raise InputError("too wide")
        super().__init__(schema, hidden_channels, torch.linspace(0, 0.1, 2).tolist()[1])


def test_a_strategy_of_ones_own_that_refuses_to_be_wide():
    with strategies.temporarily():
        strategies.add("small", StrategyInfo("small", "feature", "small", "", Small))
        assert match_parameters("small", EMOJI, 10**9, {})["hidden_channels"] == 9
        assert match_parameters("small", EMOJI, size("small", hidden_channels=5) + 1, {}) == {
            "hidden_channels": 5
        }


def test_a_large_number_takes_no_memory():
    width = match_parameters("concat", EMOJI, 10**11, {})["hidden_channels"]
    assert width > 100_000


def test_the_random_state_is_left_as_it_was():
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    match_parameters("concat", EMOJI, 5000, {})
    assert torch.equal(before, torch.random.get_rng_state())


def test_errors():
    with pytest.raises(InputError, match=r"'concat' give hidden_channels=8 and match_parameters=9"):
        match_parameters("concat", EMOJI, 9, {"hidden_channels": 8})
    with pytest.raises(InputError, match="dropout in"):
        match_parameters("concat", EMOJI, 9, {"dropout": 2.0})
