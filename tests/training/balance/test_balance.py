import math

import numpy as np
import pytest
import torch
from torch import nn

from graphfuse.data import FusionDataset, load_dataset
from graphfuse.data.batch_changes import mix, only
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.fusion import FusionOutput, PooledStrategy, create_strategy
from graphfuse.training import Recipe, fit, predict
from graphfuse.training.balance import (
    Balance,
    balance_methods,
    gradient_blending,
    start_balance,
)
from graphfuse.training.balance._method import unimodal_logits
from graphfuse.training.balance.gradient_blending import blend
from graphfuse.training.balance.ogm_ge import ALPHA, coefficients, encoder_parameters
from graphfuse.training.mixed_batch import MixedBatch

METHODS = balance_methods.names()


def made(name, data, seed=0):
    torch.manual_seed(seed)
    return create_strategy(name, data.schema)


def started(method, model, data, epochs=2):
    return start_balance(model.prepare(data), data, data, Recipe(balance=method, epochs=epochs), 0)


def holed(task, n=48):
    random = np.random.default_rng(0)
    there = random.random((n, 2)) < 0.8
    x = {
        m: [random.normal(size=(3, 4)) if there[i, k] else None for i in range(n)]
        for k, m in enumerate(("a.b", "type"))
    }
    y = {
        "binary": random.integers(0, 2, n),
        "multilabel": random.integers(0, 2, (n, 3)),
        "regression": 100 + 10 * random.normal(size=n),
    }[task]
    return FusionDataset.from_arrays(x, y, task=task)


def weighted(method):
    x = {m: np.zeros((120, 2)) for m in "ab"}
    data = FusionDataset.from_arrays(x, np.tile([0, 1, 1], 40))
    weight = {name: 10.0 if i % 3 == 0 else 1.0 for i, name in enumerate(data.ids)}
    recipe = Recipe(balance=method, epochs=40, learning_rate=0.01)
    model = made("concat", data).prepare(data)
    return start_balance(model, data, data, recipe, 0, weight), data, list(weight.values())


def test_teachers_weigh_samples():
    balance, data, _ = weighted("distillation")
    assert predict(balance.teachers["a"], data)[:, 0].min() > 0.7  # by weight 0.83, by number 0.33


def test_validation_losses_weigh_samples(monkeypatch):
    balance, _, weight = weighted("gradient_blending")
    seen = []
    loss = balance.strategy.task_loss
    monkeypatch.setattr(
        balance.strategy, "task_loss", lambda x, batch: seen.append(batch.weight) or loss(x, batch)
    )
    balance.train_losses.append(torch.zeros(3))
    balance.end_epoch()
    assert len(seen) == 3
    assert all(own.tolist() == weight for own in seen)


def test_the_methods():
    assert METHODS == ["distillation", "gradient_blending", "ogm_ge", "unimodal_loss"]
    assert Recipe().balance is None
    for method in METHODS:
        recipe = Recipe(balance=method)
        assert Recipe.from_dict(recipe.to_dict()) == recipe
    with pytest.raises(UnknownNameError, match="unknown balance method 'ogm'; did you mean"):
        Recipe(balance="ogm")
    with pytest.raises(UnknownNameError, match="unknown balance method"):
        Recipe.from_dict({"balance": ["ogm_ge"]})


@pytest.mark.parametrize("name", ["concat", "bottleneck", "mean_prob", "graph:hgt", "stacking"])
@pytest.mark.parametrize("method", METHODS)
def test_each_method_runs_with_each_family_and_leaves_the_strategy_as_it_was(method, name):
    data = holed("binary")
    model = made(name, data)
    before = {key: value.shape for key, value in model.named_parameters()}
    needed = [p.requires_grad for p in model.parameters()]
    fit(model, data, data, Recipe(epochs=2, balance=method, modality_dropout=0.2))
    assert np.isfinite(predict(model, data)).all()
    assert {key: value.shape for key, value in model.named_parameters()} == before
    assert not [key for key in model.state_dict() if "teacher" in key or "balance" in key]
    assert [p.requires_grad for p in model.parameters()] == needed


@pytest.mark.parametrize("task", ["multilabel", "regression"])
@pytest.mark.parametrize("method", METHODS)
def test_each_method_runs_with_each_task_or_says_why_not(method, task):
    data = holed(task)
    for name in ("concat", "mean_prob"):
        model = made(name, data)
        if task == "regression" and method == "ogm_ge":
            with pytest.raises(InputError, match=r"needs probabilities.*'gradient_blending'"):
                fit(model, data, data, Recipe(balance=method))
            continue
        fit(model, data, data, Recipe(epochs=2, balance=method))
        assert np.isfinite(predict(model, data)).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_result_depends_on_the_seeds_alone(method):
    data = load_dataset("planted/unique", n=60)
    scores = []
    for noise in (1, 2):
        model = made("concat", data)
        torch.manual_seed(noise)
        expected = torch.random.get_rng_state()
        fit(model, data, data, Recipe(epochs=2, balance=method), seed=4, data_seed=5)
        assert torch.equal(torch.random.get_rng_state(), expected)
        scores.append(predict(model, data))
    assert np.array_equal(*scores)
    plain = made("concat", data)
    fit(plain, data, data, Recipe(epochs=2), seed=4, data_seed=5)
    assert not np.array_equal(scores[0], predict(plain, data))


@pytest.mark.parametrize("method", METHODS)
def test_nothing_to_balance_is_an_error(method):
    data = load_dataset("planted/unique", n=40)
    recipe = Recipe(balance=method, epochs=1)
    for name, why in (
        ("majority", "is not trained by gradient"),
        ("unimodal:a", r"uses only \['a'\]"),
        ("unimodal:best", r"uses only \['a'\]"),
    ):
        with pytest.raises(InputError, match=f"cannot be used with .*{why}.*balance=None"):
            fit(made(name, data), data, data, recipe)
    single = FusionDataset.from_arrays({"a": np.ones((4, 2))}, [0, 1, 0, 1])
    with pytest.raises(InputError, match=r"needs at least 2 modalities, the data has \['a'\]"):
        fit(made("graph:hgt", single), single, single, recipe)


def test_off_is_the_plain_loop():
    """The weights after three steps are those of a loop written out here."""
    data = load_dataset("planted/unique", n=40)
    model, plain = made("concat", data), made("concat", data)
    recipe = Recipe(epochs=3, batch_size=40)
    history = fit(model, data, data, recipe, seed=3)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        plain.train()
        order = np.random.default_rng(3)
        optimizer = torch.optim.AdamW(
            plain.parameters(), lr=recipe.learning_rate, weight_decay=0.05, fused=True
        )
        for epoch in range(history.best_epoch + 1):
            optimizer.param_groups[0]["lr"] = recipe.learning_rate * rate(epoch, 3)
            batch = data.batch(order.permutation(40))
            optimizer.zero_grad()
            plain.loss(plain(batch), batch)["task"].backward()
            nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
            optimizer.step()
    for a, b in zip(model.parameters(), plain.parameters(), strict=True):
        assert torch.equal(a, b)


def rate(step, total):
    return 1.0 if step < 1 else 0.5 * (1 + math.cos(math.pi * (step - 1) / (total - 1)))


def test_without_a_method_terms_are_the_strategys():
    data = load_dataset("planted/unique", n=40)
    model = made("concat", data)
    balance = started(None, model, data)
    assert type(balance) is Balance
    batch = data.batch(range(40))
    output = model(batch)
    terms = model.loss(output, batch)
    assert balance.terms(terms, output, MixedBatch(batch)) is terms


def test_what_a_modality_says_on_its_own():
    data = load_dataset("planted/unique", n=20)
    batch = data.batch(range(20))
    late, early = made("mean_prob", data).eval(), made("concat", data).eval()
    output = late(batch)
    assert unimodal_logits(late, output, batch) is output.modality_logits
    found = unimodal_logits(early, early(batch), batch)
    changed = only(batch, "a")
    changed.x["b"] = torch.randn_like(changed.x["b"])
    assert torch.equal(found["a"], early(changed).logits)


def test_unimodal_loss_is_over_samples_that_have_the_modality():
    data = holed("binary")
    model = made("concat", data).eval()
    batch = data.batch(range(48))
    output = model(batch)
    terms = started("unimodal_loss", model, data).terms(
        model.loss(output, batch), output, MixedBatch(batch)
    )
    assert list(terms) == ["unimodal:a.b", "unimodal:type", "task"]
    there = batch.mask["type"].any(1)
    alone = model(only(batch, "type")).logits
    expected = nn.functional.cross_entropy(alone[there], batch.y[there])
    assert torch.allclose(terms["unimodal:type"], expected)


def test_strategies_that_have_unimodal_terms_keep_theirs():
    data = holed("binary")
    model = made("dempster_shafer", data).eval()
    batch = data.batch(range(48))
    output = model(batch)
    own = model.loss(output, batch)
    assert started("unimodal_loss", model, data).terms(own, output, MixedBatch(batch)) == own


def test_unimodal_loss_trains_the_weaker_modality():
    data = load_dataset("planted/redundant", n=600)
    train, validation = data.subset(range(300)), data.subset(range(300, 600))
    accuracy = {}
    for method in (None, "unimodal_loss"):
        model = made("concat", data)
        fit(model, train, validation, Recipe(epochs=10, balance=method))
        batch = validation.batch(range(300))
        right = [(model(only(batch, m)).logits.argmax(1) == batch.y) for m in ("a", "b")]
        accuracy[method] = float(torch.stack(right).float().mean())
    assert accuracy["unimodal_loss"] > accuracy[None]


def test_blending_follows_generalisation_and_overfitting():
    gain, over = torch.tensor([1.0, 1.0, 2.0]), torch.tensor([0.2, 0.4, 0.4])
    assert torch.allclose(blend(gain, over), torch.tensor([4.0, 1.0, 2.0]) / 7)
    assert torch.equal(blend(-gain, over), torch.full((3,), 1 / 3))
    assert float(blend(torch.tensor([1.0, -1.0]), torch.zeros(2))[1]) == 0
    assert float(blend(torch.tensor([1.0, 1.0]), torch.tensor([-5.0, 0.0]))[0]) == 0.5


def test_blending_weighs_terms_and_their_gradients():
    data = load_dataset("planted/unique", n=40)
    model = made("mean_prob", data).eval()
    balance = started("gradient_blending", model, data)
    batch = data.batch(range(40))
    balance.weights = torch.tensor([0.0, 0.75, 0.25])

    def gradient(m, change):
        model.zero_grad()
        output = model(batch)
        terms = model.loss(output, batch)
        terms = change(terms, output) if change else terms
        sum(terms.values()).backward()
        return torch.cat([p.grad.flatten() for p in encoder_parameters(model)[m]])

    for m, weight in (("a", 0.75), ("b", 0.25)):
        blended = gradient(m, lambda terms, output: balance.terms(terms, output, MixedBatch(batch)))
        assert torch.allclose(blended, weight * gradient(m, None), atol=1e-7)


def test_blending_takes_weight_from_a_modality_that_overfits(monkeypatch):
    measured = []
    monkeypatch.setattr(gradient_blending, "blend", lambda *g: (measured.append(g), blend(*g))[1])
    random = np.random.default_rng(0)
    y = random.integers(0, 2, 240)
    x = {
        "noise": random.normal(size=(240, 60)),
        "signal": y[:, None] + random.normal(size=(240, 2)),
    }
    data = FusionDataset.from_arrays(x, y)
    train, validation = data.subset(range(120)), data.subset(range(120, 240))
    model = made("mean_prob", data).prepare(train)
    recipe = Recipe(balance="gradient_blending", batch_size=120)
    balance = start_balance(model, train, validation, recipe, 0)
    assert balance.weights.tolist() == pytest.approx([1 / 3] * 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(15):
        model.train()
        batch = train.batch(range(120))
        output = model(batch)
        optimizer.zero_grad()
        sum(balance.terms(model.loss(output, batch), output, MixedBatch(batch)).values()).backward()
        optimizer.step()
        balance.end_epoch()
    _, noise, signal = balance.weights.tolist()
    assert signal > 4 * noise
    generalisation, overfitting = measured[-1]
    assert float(overfitting[1]) > float(overfitting[2]) + 0.1
    assert float(generalisation[2]) > float(generalisation[1])


def test_blending_measures_after_every_epoch(monkeypatch):
    data = load_dataset("planted/unique", n=60)
    calls = []
    monkeypatch.setattr(gradient_blending, "blend", lambda *g: (calls.append(g), blend(*g))[1])
    fit(made("concat", data), data, data, Recipe(epochs=3, balance="gradient_blending"))
    assert len(calls) == 3
    assert not calls[0][0].any()  # the first epoch is what the others are held against


def test_coefficients_are_the_papers():
    total, count = torch.tensor([9.0, 3.0]), torch.tensor([10.0, 10.0])
    assert coefficients(total, count).tolist() == pytest.approx([1 - math.tanh(ALPHA * 3), 1.0])
    assert coefficients(torch.tensor([5.0, 5.0]), count).tolist() == [1, 1]
    three = coefficients(torch.tensor([6.0, 4.0, 2.0]), torch.tensor([10.0, 10.0, 10.0]))
    assert three.tolist() == pytest.approx([1 - math.tanh(ALPHA * 2), 1, 1])
    assert coefficients(torch.tensor([5.0, 0.0]), torch.tensor([9.0, 0.0])).tolist() == [1, 1]
    assert coefficients(torch.zeros(2), torch.zeros(2)).tolist() == [1, 1]


def test_ogm_ge_slows_the_modality_that_is_ahead():
    data = load_dataset("planted/unique", n=40)
    model = made("concat", data)
    balance = started("ogm_ge", model, data)
    batch = data.batch(range(40))
    sure = 10 * nn.functional.one_hot(batch.y).float()
    output = FusionOutput(sure, sure, {"a": sure, "b": torch.zeros_like(sure)})
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)  # of no spread: no noise
    balance.modulate(output, MixedBatch(batch))
    owned = encoder_parameters(model)
    expected = 1 - math.tanh(ALPHA * sure.shape[1])
    for parameter in owned["a"]:
        assert torch.allclose(parameter.grad, torch.tensor(expected), atol=1e-3)
    ahead = {id(p) for p in owned["a"]}
    for parameter in model.parameters():
        if id(parameter) not in ahead:
            assert torch.equal(parameter.grad, torch.ones_like(parameter))


def test_ogm_ge_adds_noise_as_wide_as_the_gradient_to_weights():
    data = load_dataset("planted/unique", n=40)
    model = made("concat", data)
    balance = started("ogm_ge", model, data)
    even = torch.zeros(40, data.schema.outputs)
    before = {}
    for parameter in model.parameters():
        parameter.grad = 3 * torch.randn_like(parameter)
        before[parameter] = parameter.grad.clone()
    balance.modulate(
        FusionOutput(even, even, {"a": even, "b": even}), MixedBatch(data.batch(range(40)))
    )
    for parameter in encoder_parameters(model)["a"]:
        noise = parameter.grad - before[parameter]
        if parameter.dim() > 1:
            assert float(noise.std()) == pytest.approx(3, rel=0.15)
        else:
            assert not noise.any()


def test_each_modality_owns_its_encoder():
    for name in ("concat", "bottleneck", "graph:hgt", "mean_prob"):
        model = made(name, holed("binary"))
        owned = encoder_parameters(model)
        assert [len(parameters) for parameters in owned.values()] == [4, 4]
        assert not {id(p) for p in owned["a.b"]} & {id(p) for p in owned["type"]}


def test_ogm_ge_needs_encoders():
    data = load_dataset("planted/unique", n=40)
    for name in ("cca", "concat_early"):
        with pytest.raises(InputError, match=rf"'{name}' has no encoder for \['a', 'b'\]"):
            fit(made(name, data), data, data, Recipe(balance="ogm_ge", epochs=1))
        for method in METHODS:
            if method != "ogm_ge":
                fit(made(name, data), data, data, Recipe(balance=method, epochs=1))


def test_distillation_pulls_towards_the_teacher():
    data = load_dataset("planted/redundant", n=300)
    model = made("concat", data)
    balance = started("distillation", model, data)
    batch = data.batch(range(300))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    def apart():
        output = model.eval()(batch)
        return balance.terms({}, output, MixedBatch(batch))

    before = {name: float(value.detach()) for name, value in apart().items()}
    assert list(before) == ["distillation:a", "distillation:b"]
    for _ in range(40):
        optimizer.zero_grad()
        sum(apart().values()).backward()
        optimizer.step()
    after = apart()
    for name, value in before.items():
        assert 0 <= float(after[name].detach()) < 0.3 * value


@pytest.mark.parametrize("task", ["binary", "multilabel", "regression"])
def test_a_student_like_its_teacher_has_nothing_to_learn(task):
    data = holed(task)
    model = made("mean_prob", data)
    balance = started("distillation", model, data)
    batch = data.batch(range(48))
    output = model(batch)
    output.modality_logits = {m: net(batch).logits for m, net in balance.teachers.items()}
    for value in balance.terms({}, output, MixedBatch(batch)).values():
        assert float(value) == pytest.approx(0, abs=1e-6)
    assert not any(p.requires_grad for t in balance.teachers.values() for p in t.parameters())


def test_the_distance_is_the_divergence_from_the_teacher():
    data = holed("binary")
    model = made("mean_prob", data)
    balance = started("distillation", model, data)
    batch = data.batch(range(48))
    output = model(batch)
    output.modality_logits = dict.fromkeys(data.schema.names, torch.zeros(48, 2))
    found = balance.terms({}, output, MixedBatch(batch))["distillation:type"]
    share = balance.teachers["type"](batch).logits.softmax(1)[batch.mask["type"].any(1)]
    assert torch.allclose(found, (share * (2 * share).log()).sum(1).mean(), atol=1e-6)


def test_a_teacher_is_trained_by_the_recipe_without_anything_against_imbalance():
    data = load_dataset("planted/unique", n=60)
    recipe = Recipe(epochs=4, balance="distillation", modality_dropout=0.5)
    balance = start_balance(made("concat", data).prepare(data), data, data, recipe, 0)
    alone = made("unimodal:a", data)
    fit(alone, data, data, Recipe(epochs=4))
    for a, b in zip(balance.teachers["a"].parameters(), alone.parameters(), strict=True):
        assert torch.equal(a, b)


def test_all_strategies_have_the_same_teachers():
    data = load_dataset("planted/unique", n=60)
    first, second = (
        started("distillation", made(name, data, seed), data)
        for seed, name in ((1, "concat"), (2, "graph:hgt"))
    )
    for m, teacher in first.teachers.items():
        for a, b in zip(teacher.parameters(), second.teachers[m].parameters(), strict=True):
            assert torch.equal(a, b)


def test_teachers_of_an_inner_fold_do_not_see_what_is_held_out(monkeypatch):
    data = load_dataset("planted/unique", n=60)
    sizes = []
    method = balance_methods.get("distillation")
    original = method.__init__

    def spy(self, strategy, train, *rest):
        sizes.append(len(train))
        original(self, strategy, train, *rest)

    monkeypatch.setattr(method, "__init__", spy)
    fit(made("stacking", data), data, data, Recipe(epochs=1, balance="distillation"))
    assert sizes == [40, 40, 40, 60]


def test_a_strategy_of_ones_own():
    class Mine(PooledStrategy):
        def fuse(self, vectors, present):
            return vectors.sum(1)

    data = load_dataset("planted/unique", n=60)
    for method in METHODS:
        model = Mine(data.schema)
        fit(model, data, data, Recipe(epochs=1, balance=method))
        assert np.isfinite(predict(model, data)).all()


TASK_LOSS = {
    "binary": lambda z, y: nn.functional.cross_entropy(z, y, reduction="none"),
    "multilabel": lambda z, y: nn.functional.binary_cross_entropy_with_logits(
        z, y, reduction="none"
    ).mean(1),
    "regression": lambda z, y: (z.squeeze(1) - y).square(),
}


def mixed_up(data, share=0.3):
    """Return all samples mixed with the next one, where they have a modality in common."""
    batch = data.batch(range(len(data)))
    order = torch.arange(len(data)).roll(1)
    moved, mixed = mix(batch, order, share)
    return MixedBatch(moved, batch.y[order], share, mixed)


@pytest.mark.parametrize("task", ["binary", "multilabel", "regression"])
def test_with_mixup_each_loss_is_that_of_both_labels_in_their_shares(task):
    data = holed(task)
    model = made("concat", data).prepare(data).eval()
    mixed = mixed_up(data)
    batch, output = mixed.batch, model(mixed.batch)
    terms = mixed.mixed_loss(lambda b: model.loss(output, b), model.reads)
    found = started("unimodal_loss", model, data).terms(terms, output, mixed)
    scale = model.target_scale.square() if task == "regression" else 1

    def soft(logits, touched, rows):
        own = TASK_LOSS[task](logits, batch.y) / scale
        other = TASK_LOSS[task](logits, mixed.other) / scale
        share = mixed.share * touched
        return ((1 - share) * own + share * other)[rows].mean()

    every = torch.stack(list(mixed.mixed.values())).any(0)
    torch.testing.assert_close(found["task"], soft(output.logits, every, slice(None)))
    for m in data.schema.names:
        there = batch.mask[m].any(1)
        assert bool((there & ~mixed.mixed[m]).any())  # whose label is its own alone
        alone = model(only(batch, m)).logits
        wanted = soft(alone, mixed.mixed[m], there)
        torch.testing.assert_close(found[f"unimodal:{m}"], wanted)
    blended = started("gradient_blending", model, data)
    assert blended.terms(terms, output, mixed).keys() == found.keys()
    for name, term in blended.terms(terms, output, mixed).items():
        torch.testing.assert_close(term, found[name] / 3)
    losses = torch.stack([found["task"], found["unimodal:a.b"], found["unimodal:type"]])
    torch.testing.assert_close(blended.train_losses[0], losses.detach())


def test_with_mixup_each_label_has_the_weight_of_its_own_class():
    data = load_dataset("planted/unique", n=60)
    data = data.subset(np.argsort(data.labels(), kind="stable")[:45])  # one class is rare
    model = made("concat", data).eval()
    model.weigh_classes(data)
    assert float(model.class_weight.max() / model.class_weight.min()) > 1.5
    mixed = mixed_up(data)
    output = model(mixed.batch)
    found = mixed.mixed_loss(lambda b: model.loss(output, b), model.reads)["task"]
    log = output.logits.log_softmax(1)
    parts = [
        (share * model.class_weight[y], -log[range(45), y])
        for share, y in ((0.7, mixed.batch.y), (0.3, mixed.other))
    ]
    wanted = sum((w * loss).sum() for w, loss in parts) / sum(w.sum() for w, _ in parts)
    torch.testing.assert_close(found, wanted)


def test_with_mixup_a_modality_is_ahead_by_the_probability_of_both_labels():
    data = holed("binary")
    model = made("concat", data)
    balance = started("ogm_ge", model, data)
    mixed = mixed_up(data)
    own = {m: torch.randn(48, 2) for m in data.schema.names}
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)  # of no spread: no noise
    balance.modulate(FusionOutput(own["type"], own["type"], own), mixed)
    scores = []
    for m in data.schema.names:
        there = mixed.batch.mask[m].any(1)
        share = own[m].softmax(1)
        y = torch.where(mixed.mixed[m], mixed.other, mixed.batch.y)
        both = 0.7 * share[range(48), mixed.batch.y] + 0.3 * share[range(48), y]
        scores.append(both[there].mean())
    expected = coefficients(torch.stack(scores), torch.ones(2))
    for m, k in zip(data.schema.names, expected, strict=True):
        for parameter in encoder_parameters(model)[m]:
            assert torch.allclose(parameter.grad, k)


@pytest.mark.parametrize("task", ["binary", "multilabel", "regression"])
@pytest.mark.parametrize("method", METHODS)
def test_each_method_trains_with_mixup(method, task):
    if task == "regression" and balance_methods.get(method).needs_probabilities:
        pytest.skip("is for classes and labels alone")
    data = holed(task)
    model, plain = made("concat", data), made("concat", data)
    weights = task == "binary"
    for one, mixup in ((model, 0.4), (plain, 0.0)):
        recipe = Recipe(epochs=2, balance=method, mixup=mixup, class_weights=weights)
        fit(one, data, data, recipe)
    assert np.isfinite(predict(model, data)).all()
    assert not np.allclose(predict(model, data), predict(plain, data))
