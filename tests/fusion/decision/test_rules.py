"""How each decision-level rule combines given predictions, against a few lines of numpy."""

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax

from graphfuse.bench.run import fold_parts
from graphfuse.data import Batch, FusionDataset, Modality, Schema, Target, load_dataset, make_splits
from graphfuse.errors import InputError
from graphfuse.fusion import create_strategy, strategy_info
from graphfuse.training import Recipe, fit, predict

NAMES = [
    "dempster_shafer",
    "energy_weighted",
    "log_opinion_pool",
    "majority_vote",
    "max_confidence",
    "mean_logit",
    "mean_prob",
    "weighted_vote",
]
TARGETS = {
    "binary": Target("binary"),
    "multiclass": Target("multiclass", 4),
    "multilabel": Target("multilabel", 3),
    "regression": Target("regression"),
}
CASES = [(name, task) for name in NAMES for task in strategy_info(name).tasks]


def made(name, task):
    modalities = [Modality(m, (4,)) for m in ("b", "a", "c")]
    torch.manual_seed(0)
    return create_strategy(name, Schema(modalities, TARGETS[task])).double()


def predictions(outputs, count=40):
    """Random predictions of 3 modalities, of which each sample has one at least."""
    random = np.random.default_rng(0)
    present = random.random((count, 3)) < 0.6
    present[np.arange(count), random.integers(0, 3, count)] = True
    return 2 * random.normal(size=(count, 3, outputs)), present


def combine(model, single, present):
    with torch.no_grad():
        return model.combine(torch.from_numpy(single), torch.from_numpy(present)).numpy()


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_mean_logit_is_the_geometric_mean(task):
    model = made("mean_logit", task)
    single, present = predictions(model.schema.outputs)
    got = combine(model, single, present)
    for row, z, here in zip(got, single, present, strict=True):
        if task == "multiclass":
            product = softmax(z[here], axis=1).prod(0) ** (1 / here.sum())
            assert np.allclose(softmax(row), product / product.sum())
        else:
            yes, no = (expit(s * z[here]).prod(0) ** (1 / here.sum()) for s in (1, -1))
            assert np.allclose(expit(row), yes / (yes + no))


def test_the_most_votes_win_and_the_mean_probability_breaks_ties():
    model = made("majority_vote", "multiclass")
    single, present = predictions(4)
    got = combine(model, single, present)
    ties = 0
    for row, z, here in zip(got, single, present, strict=True):
        votes = np.bincount(z[here].argmax(1), minlength=4)
        mean = softmax(z[here], axis=1).mean(0)
        tied = np.flatnonzero(votes == votes.max())
        ties += len(tied) > 1
        assert row.argmax() == tied[mean[tied].argmax()]
        assert np.allclose(np.exp(row), (votes + mean) / (here.sum() + 1))
    assert ties > 5


def test_a_majority_is_never_overturned_by_a_sure_minority():
    model = made("majority_vote", "binary")
    single = np.array([[[0.01, 0.0], [0.01, 0.0], [0.0, 50.0]]])
    assert combine(model, single, np.ones((1, 3), bool)).argmax() == 0


def test_labels_are_voted_on_one_by_one():
    model = made("majority_vote", "multilabel")
    single, present = predictions(3)
    got = combine(model, single, present)
    for row, z, here in zip(got, single, present, strict=True):
        votes, mean = (z[here] > 0).sum(0), expit(z[here]).mean(0)
        half = here.sum() / 2
        assert np.array_equal(row > 0, (votes > half) | ((votes == half) & (mean > 0.5)))


def test_the_vote_on_numbers_is_their_median():
    model = made("majority_vote", "regression")
    single, present = predictions(1)
    got = combine(model, single, present)[:, 0]
    wanted = [np.median(z[here]) for z, here in zip(single[:, :, 0], present, strict=True)]
    assert np.allclose(got, wanted)


def test_the_surest_modality_decides():
    model = made("max_confidence", "multiclass")
    single, present = predictions(4)
    got = combine(model, single, present)
    for row, z, here in zip(got, single, present, strict=True):
        share = softmax(z[here], axis=1)
        assert np.allclose(np.exp(row), share[share.max(1).argmax()])
    tie = np.array([[[2.0, 0, 0, 0], [0, 2.0, 0, 0], [0, 0, 0, 0]]])
    both = np.exp(combine(model, tie, np.ones((1, 3), bool)))[0]
    assert np.allclose(both, softmax(tie[0, :2], axis=1).mean(0))


def test_the_surest_modality_decides_label_by_label():
    model = made("max_confidence", "multilabel")
    single, present = predictions(3)
    got = combine(model, single, present)
    for row, z, here in zip(got, single, present, strict=True):
        assert np.allclose(row, z[here][abs(z[here]).argmax(0), range(3)])


@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression"])
def test_weighted_vote_mixes_by_weights_of_those_present(task):
    model = made("weighted_vote", task)
    with torch.no_grad():
        model.score.copy_(torch.tensor([0.1, -0.05, 0.02]))
    weights = np.array([model.weights[m] for m in "abc"])
    assert np.isclose(weights.sum(), 1)
    assert weights[0] > weights[2] > weights[1] > 0
    single, present = predictions(model.schema.outputs)
    got = combine(model, single, present)
    share = {
        "multiclass": lambda z: softmax(z, axis=-1),
        "multilabel": expit,
        "regression": lambda z: z,
    }[task]
    mixed = np.einsum("bmc,m,bm->bc", share(single), weights, present)
    assert np.allclose(share(got), mixed / (weights * present).sum(1, keepdims=True))


@pytest.mark.parametrize("task", ["multiclass", "multilabel"])
def test_log_opinion_pool_multiplies_powers_of_those_present(task):
    model = made("log_opinion_pool", task)
    with torch.no_grad():
        model.log_exponent.copy_(torch.tensor([0.05, -0.1, 0.0]))
    exponents = np.array([model.exponents[m] for m in "abc"])
    assert np.allclose(exponents, np.exp([0.5, -1, 0]))
    single, present = predictions(model.schema.outputs)
    got = combine(model, single, present)
    for row, z, here in zip(got, single, present, strict=True):
        power = exponents[here, None]
        if task == "multiclass":
            product = (softmax(z[here], axis=1) ** power).prod(0)
            assert np.allclose(softmax(row), product / product.sum())
        else:
            yes, no = ((expit(s * z[here]) ** power).prod(0) for s in (1, -1))
            assert np.allclose(expit(row), yes / (yes + no))


@pytest.mark.parametrize(("name", "task"), CASES)
def test_one_modality_alone_is_believed_and_none_is_an_even_chance(name, task):
    model = made(name, task)
    share = {
        "binary": lambda z: softmax(z, axis=-1),
        "multiclass": lambda z: softmax(z, axis=-1),
        "multilabel": expit,
        "regression": lambda z: z,
    }[task]
    single, _ = predictions(model.schema.outputs)
    single = abs(single)  # dempster_shafer takes logarithms of alpha, which are at least 0
    only_b = np.tile([False, True, False], (len(single), 1))
    got, wanted = share(combine(model, single, only_b)), share(single[:, 1])
    if name == "majority_vote" and task != "regression":  # the vote counts too
        vote = np.eye(wanted.shape[1])[wanted.argmax(1)] if "multil" not in task else wanted > 0.5
        wanted = (wanted + vote) / 2
    assert np.allclose(got, wanted)
    nothing = share(combine(model, single, only_b & False))
    even = {"binary": 1 / 2, "multiclass": 1 / 4, "multilabel": 1 / 2, "regression": 0}[task]
    assert np.allclose(nothing, even)


@pytest.mark.parametrize(("name", "task"), CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [1e4, 1e30])
def test_extreme_outputs_stay_finite(name, task, dtype, size):
    model = made(name, task).to(dtype)
    outputs = model.schema.outputs
    signs = torch.tensor(predictions(outputs)[0]).sign().to(dtype)
    if name == "dempster_shafer":
        size = torch.tensor(size).log1p()
    single = (size * signs).clamp(min=0 if name == "dempster_shafer" else -1e31)
    single.requires_grad_()
    for rows in (torch.ones(40, 3), torch.zeros(40, 3), torch.eye(3)[torch.arange(40) % 3]):
        logits = model.combine(single, rows.bool())
        assert logits.isfinite().all()
        (slope,) = torch.autograd.grad(logits.tanh().sum(), single)
        assert slope.isfinite().all()


@pytest.mark.parametrize(("name", "task"), CASES)
def test_the_rule_can_be_seen_through_from_prediction_to_input(name, task):
    model = made(name, task).eval()
    x = {m: torch.randn(6, 2, 4, dtype=torch.float64, requires_grad=True) for m in "abc"}
    batch = Batch(x, {m: torch.ones(6, 2).bool() for m in "abc"})
    model(batch).logits[:, 0].sum().backward()
    assert any(bool(v.grad.any()) for v in x.values())


@pytest.mark.parametrize("name", ["weighted_vote", "log_opinion_pool"])
@pytest.mark.parametrize("task", ["multiclass", "multilabel", "regression"])
def test_the_joint_loss_is_the_prediction_s_and_trains_the_rule_alone(name, task):
    if task not in strategy_info(name).tasks:
        return
    random = np.random.default_rng(0)
    y = {
        "multiclass": np.arange(30) % 4,
        "multilabel": random.integers(0, 2, (30, 3)),
        "regression": 1000 + 50 * random.normal(size=30),
    }[task]
    columns = {m: [random.normal(size=(1, 4)) for _ in range(30)] for m in "abc"}
    columns["a"][3] = columns["b"][3] = columns["c"][3] = columns["b"][5] = None
    data = FusionDataset.from_arrays(columns, y, task=task)
    model = create_strategy(name, data.schema).double().prepare(data).eval()
    batch = data.batch(range(30))
    output = model(batch)
    terms = model.loss(output, batch)
    assert set(terms) == {"unimodal:a", "unimodal:b", "unimodal:c", "joint"}
    assert torch.allclose(terms["joint"], model.task_loss(output.logits, batch))
    named = dict(model.named_parameters())
    slopes = torch.autograd.grad(terms["joint"], list(named.values()), allow_unused=True)
    reached = {n for n, slope in zip(named, slopes, strict=True) if slope is not None}
    assert reached == {"score" if name == "weighted_vote" else "log_exponent"}


@pytest.mark.parametrize("name", NAMES)
def test_needs_are_said(name):
    numbers = Schema([Modality("a", (3,)), Modality("b", (3,))], Target("regression"))
    if "regression" in strategy_info(name).tasks:
        create_strategy(name, numbers)
        return
    with pytest.raises(InputError, match=r"is for binary, multiclass.*the schema has regression"):
        create_strategy(name, numbers)
    assert "binary or multiclass" in strategy_info(name).needs


@pytest.mark.parametrize("name", NAMES)
def test_a_loss_without_labels_says_so(name):
    model = made(name, strategy_info(name).tasks[0]).eval()
    x = {m: torch.rand(2, 1, 4).double() for m in "abc"}
    batch = Batch(x, {m: torch.ones(2, 1).bool() for m in "abc"})
    with pytest.raises(
        InputError, match=r"needs the labels of one target in batch\.y, got NoneType"
    ):
        model.loss(model(batch), batch)


def trained(name, data, **recipe):
    train, validation, test = fold_parts(data, next(make_splits(data)))
    torch.manual_seed(0)
    model = create_strategy(name, data.schema)
    fit(model, train, validation, Recipe(**recipe))
    return model, (predict(model, test).argmax(1) == test.labels()).mean()


@pytest.mark.parametrize(
    "name",
    ["dempster_shafer", "energy_weighted", "log_opinion_pool", "mean_logit", "weighted_vote"],
)
def test_halves_of_an_answer_are_put_together(name):
    assert trained(name, load_dataset("planted/unique", n=1200))[1] > 0.88


@pytest.mark.parametrize("name", NAMES)
def test_repeated_answers_are_found(name):
    data = load_dataset("planted/redundant", n=1200)
    assert trained(name, data, epochs=12)[1] > data.bayes_accuracy - 0.07


def signal_and_noise(n=800):
    """The label is in modality ``signal``, one in five flipped; ``noise`` says nothing."""
    random = np.random.default_rng(0)
    nodes = random.normal(size=(2, n, 6))
    labels = (nodes[0, :, 0] > 0) ^ (random.random(n) < 0.2)
    return FusionDataset.from_arrays({"signal": nodes[0], "noise": nodes[1]}, labels.astype(int))


def test_a_modality_that_says_nothing_loses_its_weight():
    model, _ = trained("weighted_vote", signal_and_noise(), patience=25)
    assert model.weights["signal"] > 0.65
    model, _ = trained("log_opinion_pool", signal_and_noise(), patience=25)
    assert model.exponents["signal"] > 1 > model.exponents["noise"]


def test_exponents_of_copies_shrink():
    data = signal_and_noise()
    signal = data.x["signal"].values.numpy()
    copies = FusionDataset.from_arrays(dict.fromkeys("abcd", signal), data.labels())
    model, _ = trained("log_opinion_pool", copies, patience=25)
    assert sum(model.exponents.values()) < 2.5
