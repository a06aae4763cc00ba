import pytest
import torch

from graphfuse._threads import one_thread
from graphfuse.data import load_dataset
from graphfuse.fusion import PooledStrategy, create_strategy
from graphfuse.training import Recipe, fit


@pytest.fixture
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def test_one_thread_within_and_as_many_as_before_afterwards(two_threads):
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_strategies_are_trained_on_one_thread(two_threads, monkeypatch):
    seen = set()
    data = load_dataset("planted/null", n=40)
    model = create_strategy("concat", data.schema)
    forward = PooledStrategy.forward

    def watched(self, batch):
        seen.add(torch.get_num_threads())
        return forward(self, batch)

    monkeypatch.setattr(PooledStrategy, "forward", watched)
    fit(model, data, data, Recipe(epochs=1))
    assert seen == {1}
    assert torch.get_num_threads() == 2
