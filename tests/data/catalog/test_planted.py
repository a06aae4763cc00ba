import numpy as np
import pytest

from graphfuse.data import list_datasets, load_dataset
from graphfuse.data.catalog.planted.lagged import LAG, NOISE
from graphfuse.errors import InputError
from graphfuse.graph import GraphBuilder

NAMES = [card.name for card in list_datasets() if card.name.startswith("planted/")]


def log_likelihood_ratio(a, b):
    """Log odds of 'follows' for series [n, STEPS], from the steps where both are seen."""
    cause, effect = a[:, :-LAG], b[:, LAG:]
    alone = 1 + NOISE**2
    linked = -((effect - cause) ** 2) / (2 * NOISE**2) - np.log(NOISE)
    independent = -(effect**2) / (2 * alone) - np.log(alone) / 2
    return np.asarray((linked - independent).sum(1))


@pytest.mark.parametrize("name", NAMES)
def test_seeds_and_relations(name):
    a, b, c = (load_dataset(name, seed=s, n=40) for s in (0, 0, 1))
    assert a.fingerprint == b.fingerprint != c.fingerprint
    assert 0.5 <= a.bayes_accuracy <= 1
    assert isinstance(a.graph_should_win, bool)
    if a.relations:
        assert GraphBuilder(a.relations).fit(a).transform(a.batch(range(40))).edges


def nodes(data, m):
    return data.batch(range(len(data))).x[m].numpy()


def optimal(data):
    """Predict by the rule that the data were made with, from what a model sees."""
    a, b = nodes(data, "a"), nodes(data, "b")
    if data.name == "planted/binding":
        distance = np.linalg.norm(a[:, :, None, :8] - b[:, None, :, :8], axis=-1)
        i, j = np.unravel_index(distance.reshape(len(a), -1).argmin(1), distance.shape[1:])
        rows = np.arange(len(a))
        return (a[rows, i, 8] * b[rows, j, 8] > 0).astype(int)
    if data.name == "planted/xor":
        return ((a[:, 0, 0] > 0) ^ (b[:, 0, 0] > 0)).astype(int)
    if data.name == "planted/unique":
        return 2 * (a[:, 0, 0] > 0) + (b[:, 0, 0] > 0)
    if data.name == "planted/lagged":
        return (log_likelihood_ratio(a[:, :, 0], b[:, :, 0]) > 0).astype(int)
    raise KeyError(data.name)


@pytest.mark.parametrize("name", ["binding", "xor", "unique", "lagged"])
def test_the_best_rule_reaches_the_stated_accuracy(name):
    data = load_dataset(f"planted/{name}", n=20_000)
    right = (optimal(data) == data.labels()).mean()
    assert right == pytest.approx(data.bayes_accuracy, abs=0.006)


def test_null_says_nothing_by_what_is_missing():
    data = load_dataset("planted/null", n=20_000)
    missing = (data.x["a"].counts == 0).numpy()
    assert missing.mean() == pytest.approx(0.1, abs=0.01)
    assert data.labels()[missing].mean() == pytest.approx(0.5, abs=0.04)


def test_one_sample_is_no_dataset():
    with pytest.raises(InputError, match="planted/null needs at least 2 samples, got n=1"):
        load_dataset("planted/null", n=1)
