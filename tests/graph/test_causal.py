import sys

import numpy as np
import pytest
import torch
from scipy import stats

from graphfuse.data import FusionDataset, Modality, Sample, Schema, collate, load_dataset
from graphfuse.errors import InputError, MissingDependencyError, NotFittedError, UnknownNameError
from graphfuse.graph import Causal, GraphBuilder
from graphfuse.graph._arrows import _principal_scores, _series, p_value
from graphfuse.testing import check_relation


def arrows(dataset, **options):
    return Causal(**options).fit(dataset).arrows(dataset.schema)


def series(x, times=None):
    """Dataset of arrays [n, T] or [n, T, F], one time step a node."""
    x = {m: values if values.ndim == 3 else values[..., None] for m, values in x.items()}
    n, steps = next(iter(x.values())).shape[:2]
    times = np.arange(steps, dtype=float) if times is None else times
    pos = np.broadcast_to(times[None, :, None], (n, steps, 1))
    return FusionDataset.from_arrays(x, pos=dict.fromkeys(x, pos))


def test_keeps_every_promise():
    check_relation(Causal())
    check_relation(Causal(max_lag=1, alpha=0.9, components=1))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n", [60, 1000])
def test_the_planted_arrow_and_its_lag_are_found_and_nothing_else(n, seed):
    data = load_dataset("planted/lagged", n=n, seed=seed)
    assert arrows(data) == [("a", "b", 2.0)]


def test_the_planted_arrow_is_found_in_few_samples_as_often_as_stated():
    seeds = 100
    found = [arrows(load_dataset("planted/lagged", n=60, seed=seed)) for seed in range(seeds)]
    assert all(("a", "b", 2.0) in some for some in found)
    false = sum(len(some) > 1 for some in found)
    assert false <= stats.binom.ppf(0.999, seeds, 2 * 0.01)  # one of two is a share of a half


def linked(kind, seed, n=150):
    """Series of 12 steps that are linked in one of several ways, all modalities of one time."""
    a, b, c, d = np.random.default_rng(seed).normal(size=(4, n, 15))
    if kind == "driver":
        a[:, 1:] = c[:, :-1] + 0.5 * a[:, 1:]
        b[:, 3:] = c[:, :-3] + 0.5 * b[:, 3:]
    elif kind == "two drivers":
        a[:, 1:] = c[:, :-1] + d[:, :-1] + 0.5 * a[:, 1:]
        b[:, 3:] = c[:, :-3] + d[:, :-3] + 0.5 * b[:, 3:]
    elif kind == "chain":
        b[:, 1:] = a[:, :-1] + 0.5 * b[:, 1:]
        c[:, 1:] = b[:, :-1] + 0.5 * c[:, 1:]
    x = {m: values[:, 3:] for m, values in zip("abcd", (a, b, c, d), strict=True)}
    return series(x)


LINKS = {
    "driver": [("c", "a", 1.0), ("c", "b", 3.0)],
    "two drivers": [("c", "a", 1.0), ("c", "b", 3.0), ("d", "a", 1.0), ("d", "b", 3.0)],
    "chain": [("a", "b", 1.0), ("b", "c", 1.0)],
}


@pytest.mark.parametrize("kind", LINKS)
def test_what_a_third_modality_explains_is_no_arrow(kind):
    seeds, alpha = 20, 0.01
    found = [arrows(linked(kind, seed), alpha=alpha) for seed in range(seeds)]
    assert all(set(LINKS[kind]) <= set(some) for some in found)
    false = sum(len(some) > len(LINKS[kind]) for some in found)
    assert false <= stats.binom.ppf(0.999, seeds, alpha * (1 + len(LINKS[kind])))


def test_a_third_modality_explains_where_some_samples_lack_it():
    data = linked("driver", 0, n=300)
    samples = []
    for i, sample in enumerate(data):
        keep = "abcd".replace(" cd"[i % 3], "")  # all, or without c or d
        x = {m: sample.x[m] for m in keep}
        samples.append(Sample(x, pos={m: sample.pos[m] for m in keep}, id=str(i)))
    assert arrows(FusionDataset.from_samples(samples)) == LINKS["driver"]


@pytest.mark.parametrize(("share", "taken"), [(0.4, False), (0.6, True)])
def test_a_third_modality_that_most_samples_lack_takes_no_arrow_away(share, taken):
    data = linked("chain", 0)
    samples = []
    for i, sample in enumerate(data):
        x = {m: sample.x[m] for m in ("abc" if i < share * len(data) else "ac")}
        samples.append(Sample(x, pos={m: sample.pos[m] for m in x}, id=str(i)))
    assert (("a", "c", 2.0) not in arrows(FusionDataset.from_samples(samples))) == taken


def test_labels_are_not_looked_at():
    data = load_dataset("planted/lagged", n=80)
    unlabelled = FusionDataset.from_samples(
        [Sample(s.x, pos=s.pos) for s in data], Schema(data.schema.modalities)
    )
    assert arrows(unlabelled) == arrows(data)


def test_edges_join_a_node_to_those_a_lag_later():
    data = load_dataset("planted/lagged", n=100)
    drawn = Causal().fit(data).edges(data.batch([0, 1]))
    expected = [[t, t + 2] for t in range(10)]
    assert drawn["a", "causal", "b"][1].nonzero().tolist() == expected
    assert not drawn["b", "causal", "a"].any()


def test_edges_follow_the_positions_with_their_tolerance():
    relation = Causal(tolerance=0.2, step=0.5)
    relation.store(("lags", "a", "b"), torch.tensor([1, 3]))
    relation.store(("lags", "b", "a"), torch.tensor([], dtype=torch.long))
    times = {"a": [10.0, 9.0], "b": [9.55, 9.7, 10.5, 12.0, 9.0]}
    batch = collate(
        [
            Sample(
                {m: torch.ones(len(t), 1) for m, t in times.items()},
                pos={m: torch.tensor(t).unsqueeze(1) for m, t in times.items()},
            )
        ],
        Schema([Modality(m, (1,), pos_dim=1) for m in times]),
    )
    assert relation.edges(batch)["a", "causal", "b"][0].nonzero().tolist() == [
        [0, 2],
        [1, 0],
        [1, 2],
    ]


@pytest.mark.parametrize("alpha", [0.05, 0.2])
def test_no_more_false_arrows_than_stated(alpha):
    seeds = 100
    drawn = sum(
        bool(arrows(load_dataset("planted/null", n=100, seed=seed), alpha=alpha))
        for seed in range(seeds)
    )
    assert drawn <= stats.binom.ppf(0.999, seeds, alpha)


def test_false_lags_stay_at_the_rate_where_classes_differ():
    # The classical F-test calls lag 3 at 9 % in this data: in one class b(t - 1) repeats a(t - 3).
    random = np.random.default_rng(0)
    rounds, samples, steps, false = 300, 60, 8, 0
    owner = np.repeat(np.arange(samples), steps)
    for _ in range(rounds):
        a = random.normal(size=(samples, steps + 3))
        follows = random.integers(0, 2, (samples, 1)).astype(bool)
        b = np.where(follows, a[:, :-2], random.normal(size=(samples, steps + 1)))
        b = b + 0.3 * random.normal(size=b.shape)  # b[:, t - 2] and a[:, t] are of one time
        lags = [a[:, 3 - lag : 3 - lag + steps].reshape(-1, 1) for lag in (1, 2, 3)]
        now, before = b[:, 1:].reshape(-1, 1), b[:, :-1].reshape(-1, 1)
        given = np.column_stack([lags[0], lags[1], before])
        false += p_value(lags[2], now, given, owner) < 0.05
    assert false <= stats.binom.ppf(0.999, rounds, 0.05)


def test_p_value_is_hotellings_t_test_of_sums_over_samples():
    random = np.random.default_rng(0)
    x, y, z = (random.normal(size=(40, width)) for width in (1, 1, 2))
    owner = np.repeat(np.arange(20), 2)
    design = np.column_stack([np.ones(40), z])
    hat = design @ np.linalg.pinv(design)
    product = ((x - hat @ x) * (y - hat @ y)).reshape(20, 2).sum(1)
    t = stats.ttest_1samp(product, 0).statistic * np.sqrt(1 - 3 / 40)
    assert p_value(x, y, z, owner) == pytest.approx(2 * stats.t.sf(abs(t), 19))
    # What is fully explained says nothing, and neither does what never changes.
    assert p_value(z[:, :1], y, z, owner) == 1.0
    assert p_value(np.ones((40, 1)), y, z, owner) == 1.0


def test_lags_of_a_persistent_source_are_distinguished():
    random = np.random.default_rng(0)
    noise = random.normal(size=(300, 30))
    a = np.zeros((300, 30))
    for t in range(1, 30):
        a[:, t] = 0.8 * a[:, t - 1] + noise[:, t]
    b = np.roll(a, 2, axis=1) + 0.5 * random.normal(size=a.shape)
    data = series({"a": a[:, 10:], "b": b[:, 10:]})
    assert arrows(data, alpha=0.001) == [("a", "b", 2.0)]


def test_both_ways_several_features_and_another_step():
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 200, 15, 3))
    b[:, 1:] += a[:, :-1]
    a[:, 3:] += 100 + 0.9 * b[:, :-3]
    times = 0.1 * np.arange(15)
    found = arrows(series({"a": a[:, 3:], "b": b[:, 3:]}, times[3:]), step=0.1, components=3)
    assert [(s, d, round(lag, 9)) for s, d, lag in found] == [("a", "b", 0.1), ("b", "a", 0.3)]


def test_missing_modalities_and_short_samples_are_left_out():
    data = load_dataset("planted/lagged", n=120)
    extra = []
    for i in range(60):
        short = {m: torch.full((2, 1), 50.0 * (-1) ** i) for m in ("a", "b")}
        kept = short if i % 3 else {"a": torch.full((12, 1), 9.0)}
        pos = {m: torch.arange(float(len(x))).unsqueeze(1) for m, x in kept.items()}
        extra.append(Sample(kept, pos=pos, id=f"extra {i}"))
    whole = [Sample(s.x, pos=s.pos, id=s.id) for s in data]
    mixed = FusionDataset.from_samples(whole + extra, Schema(data.schema.modalities))
    assert arrows(mixed) == arrows(data) == [("a", "b", 2.0)]
    # Of mostly short series the lags that half of them span are looked at.
    short = data.subset(range(40))
    pairs = [
        Sample({m: x[:2] for m, x in s.x.items()}, pos={m: p[:2] for m, p in s.pos.items()})
        for s in data
    ]
    assert (
        arrows(FusionDataset.from_samples([*short, *pairs], Schema(data.schema.modalities))) == []
    )


def test_nodes_of_one_time_are_one_step():
    data = load_dataset("planted/lagged", n=60)
    doubled = [
        Sample(
            {m: torch.cat([x + 1, x - 1]) for m, x in s.x.items()},
            pos={m: torch.cat([p, p]) for m, p in s.pos.items()},
        )
        for s in data
    ]
    assert arrows(FusionDataset.from_samples(doubled)) == [("a", "b", 2.0)]
    nodes = torch.tensor([[0.0], [2.0], [9.0], [4.0]])
    one = Sample({"a": nodes}, pos={"a": torch.tensor([[0.0], [1.0], [2.0], [0.0]])})
    found = _series(FusionDataset.from_samples([one]), "a", 1)
    assert found.key.tolist() == [0, 1j, 2j]
    assert found.score[0] == pytest.approx(found.score[1])


def test_equally_strong_components_do_not_depend_on_the_order_of_samples():
    x = np.repeat(np.eye(5), 4, axis=0)
    order = np.random.default_rng(0).permutation(len(x))
    scores = _principal_scores(x, 2)
    assert np.array_equal(_principal_scores(x[order], 2), scores[order])
    assert scores.var(0) == pytest.approx([1, 1])


def test_the_fit_is_saved_and_announced():
    data = load_dataset("planted/lagged", n=60)
    builder = GraphBuilder([Causal(max_lag=2)]).fit(data)
    other = GraphBuilder(builder.specs())
    assert other.edge_types(data.schema) == (("a", "causal", "b"), ("b", "causal", "a"))
    with pytest.raises(NotFittedError, match="Causal is not fitted"):
        next(iter(other)).arrows(data.schema)
    other.load_state_dict(builder.state_dict())
    assert next(iter(other)).arrows(data.schema) == [("a", "b", 2.0)]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Causal(method="grangr"), "did you mean 'granger'"),
        (lambda: Causal(max_lag=0), "max_lag must be an integer of at least 1, got 0"),
        (lambda: Causal(components=0), "at least 1"),
        (lambda: Causal(alpha=0), "between 0 and 1, got 0"),
        (lambda: Causal(alpha=1.0), "between 0 and 1, got 1"),
        (lambda: Causal(step=0), "step must be a positive time"),
        (lambda: Causal(tolerance=0.5), "below 0.5"),
        (lambda: Causal(tolerance=0), "above 0 .times are"),
    ],
)
def test_options_are_checked(make, message):
    with pytest.raises((InputError, UnknownNameError), match=message):
        make()


def test_data_without_pairs_or_with_too_few_samples():
    x = np.random.default_rng(0).normal(size=(30, 4))
    untimed = FusionDataset.from_arrays({"a": x, "b": x})
    with pytest.raises(
        InputError,
        match=r"positions are times in the same unit; got method='granger'.*units of time {}",
    ):
        Causal(method="granger").fit(untimed)
    with pytest.raises(InputError, match="need two modalities"):
        Causal().fit(FusionDataset.from_arrays({"a": x}))
    with pytest.raises(InputError, match=r"too few samples.*there are at most 4"):
        arrows(load_dataset("planted/lagged", n=4))
    data = load_dataset("planted/lagged", n=60)
    with pytest.raises(InputError, match=r"0\.25 apart in time.*there are at most 0"):
        arrows(data, step=0.25)


def test_without_the_package_an_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "causallearn.utils.PCUtils.Meek", None)
    x = np.random.default_rng(0).normal(size=(30, 4))
    with pytest.raises(MissingDependencyError, match=r"graphfuse\[causal\]"):
        Causal().fit(FusionDataset.from_arrays({"a": x, "b": x}))


def means(kind, seed=0, n=400):
    """Sets of three nodes whose means are linked, in n independent samples."""
    random = np.random.default_rng(seed)
    a, b, c, d, unseen = random.normal(size=(5, n, 3, 2))
    if kind == "collider":
        c = a + b + 0.5 * c
    elif kind == "chain":
        b = a + 0.5 * b
        c = b + 0.5 * c
    elif kind == "driver":
        b = a + 0.5 * b
        c = a + 0.5 * c
    elif kind == "unseen":
        b = a + unseen + 0.5 * b
        c = d + unseen + 0.5 * c
    missing = random.random(n) < 0.2
    given = [None if gone else nodes for gone, nodes in zip(missing, a, strict=True)]
    return FusionDataset.from_arrays({"a": given, "b": b, "c": c, "d": d})


@pytest.fixture
def causallearn():
    return pytest.importorskip("causallearn")


@pytest.mark.usefixtures("causallearn")
class TestPC:
    def test_keeps_every_promise(self):
        check_relation(Causal(method="pc", alpha=0.5))

    @pytest.mark.parametrize("seed", range(3))
    def test_a_collider_is_directed_and_a_chain_is_left_open(self, seed):
        assert arrows(means("collider", seed)) == [("a", "c", 0), ("b", "c", 0)]
        both_ways = [("a", "b", 0), ("b", "a", 0), ("b", "c", 0), ("c", "b", 0)]
        assert arrows(means("chain", seed)) == both_ways

    @pytest.mark.parametrize("seed", range(3))
    def test_a_common_cause_that_is_seen_explains_what_it_drives(self, seed):
        both_ways = [("a", "b", 0), ("a", "c", 0), ("b", "a", 0), ("c", "a", 0)]
        assert arrows(means("driver", seed)) == both_ways

    def test_an_unseen_common_cause_draws_both_ways(self):
        found = arrows(means("unseen"))
        assert found == [("a", "b", 0), ("b", "c", 0), ("c", "b", 0), ("d", "c", 0)]

    def test_no_more_false_arrows_than_stated(self):
        seeds, alpha = 80, 0.05
        drawn = sum(bool(arrows(means("none", seed, 100), alpha=alpha)) for seed in range(seeds))
        assert drawn <= stats.binom.ppf(0.999, seeds, alpha)
        null = (load_dataset("planted/null", n=100, seed=seed) for seed in range(seeds))
        drawn = sum(bool(arrows(data, alpha=alpha, method="pc")) for data in null)
        assert drawn <= stats.binom.ppf(0.999, seeds, alpha)

    def test_arrows_without_time_join_all_nodes(self):
        data = means("collider")
        batch = data.batch(range(5))
        drawn = Causal().fit(data).edges(batch)
        for s, d in (("a", "c"), ("b", "c")):
            real = batch.mask[s].unsqueeze(2) & batch.mask[d].unsqueeze(1)
            assert torch.equal(drawn[s, "causal", d], real)
        assert not drawn["c", "causal", "a"].any()
        assert not drawn["a", "causal", "b"].any()

    def test_too_few_samples(self):
        with pytest.raises(InputError, match=r"with both modalities than .*at most 6"):
            arrows(means("none").subset(range(6)))
