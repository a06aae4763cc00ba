from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from graphfuse.data import FusionDataset, Modality, Sample, Schema, Target
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.fusion import Strategy, create_strategy, list_strategies, strategy_info
from graphfuse.raw.augment import SPEECH
from graphfuse.testing import check_strategy
from graphfuse.training import Recipe, fit, predict
from graphfuse.training.balance import start_balance
from graphfuse.training.balance.ogm_ge import encoder_parameters
from graphfuse.training.mixed_batch import MixedBatch

ENCODERS = {"image": {"cnn": {"channels": 16, "stages": 2}}, "speech": {"gru": {"channels": 6}}}
SIDE = 12


def picture(upright, random):
    """Return a bright bar somewhere in a dark image: no pixel on its own tells its direction."""
    image = random.integers(0, 60, (3, SIDE, SIDE), dtype=np.uint8)
    row, column = random.integers(0, SIDE - 6, 2)
    height, width = (6, 2) if upright else (2, 6)
    image[:, row : row + height, column : column + width] += 150
    return image


def pictures(n=60, seed=0):
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, n)
    images = np.stack([picture(label, random) for label in y])
    x = {"image": images, "age": random.standard_normal((n, 2))}
    return FusionDataset.from_arrays(
        x, y, shapes={"image": (3, SIDE, SIDE)}, dtype={"image": torch.uint8}
    )


def gappy(n=16, dtype=torch.float64):
    """Return samples of raw images and speech; 0 lacks nothing, 1 everything."""
    random = torch.Generator().manual_seed(0)
    samples = []
    for i in range(n):
        x, pos = {}, {}
        for m, shape in {"image": (3, 8, 8), "speech": (5,), "a.b": (2,)}.items():
            count = int(torch.randint(0, 4, (), generator=random))
            if (i == 0 or count) and i != 1:
                x[m] = torch.randn(max(count, 1), *shape, generator=random, dtype=dtype)
        if "image" in x:
            x["image"] = (x["image"] * 50 + 120).clamp(0, 255).byte()
        if "speech" in x:  # two frames at one time, too
            pos["speech"] = torch.arange(len(x["speech"]), dtype=dtype).unsqueeze(1) // 2
        samples.append(Sample(x, i % 2, pos, id=str(i)))
    modalities = (Modality("image", (3, 8, 8)), Modality("speech", (5,), 1), Modality("a.b", (2,)))
    return FusionDataset.from_samples(samples, Schema(modalities, Target("binary")))


def create(name, data, encoders=ENCODERS, **options):
    torch.manual_seed(0)
    return create_strategy(name, data.schema, encoders=encoders, **options)


def test_a_network_learns_from_the_picture_alone():
    data = pictures(260)
    model = create("concat", data, {"image": {"cnn": {"channels": 16}}})
    before = {k: v.clone() for k, v in model.networks.state_dict().items()}
    recipe = Recipe(epochs=25, batch_size=16, learning_rate=3e-3)
    fit(model, data.subset(range(160)), data.subset(range(160, 200)), recipe)
    test = data.subset(range(200, 260))
    assert (predict(model, test).argmax(1) == test.labels()).mean() > 0.9
    assert all(not torch.equal(before[k], v) for k, v in model.networks.state_dict().items())


@pytest.mark.parametrize(
    "name",
    [
        n
        for n in list_strategies(schema=create("concat", gappy()).inner.schema)
        if "/" not in n and not strategy_info(n).fixed_features
    ],
)
def test_every_strategy_trains_on_raw_modalities_and_comes_back(name, tmp_path):
    data = gappy(dtype=torch.float32)
    model = create(name, data)
    fit(model, data.subset(range(10)), data.subset(range(8, 14)), Recipe(epochs=1))
    model.save_pretrained(tmp_path / "model")
    loaded = Strategy.from_pretrained(tmp_path / "model")
    assert loaded.name == name
    assert np.isfinite(predict(model, data)).all()
    assert np.array_equal(predict(loaded, data), predict(model, data))


@pytest.mark.parametrize("name", ["concat", "token_transformer", "graph:hgt", "mean_prob"])
def test_samples_do_not_see_each_other_and_no_order_counts(name):
    data = gappy()
    model = create(name, data).double().prepare(data).eval()
    rows = range(len(data))
    together = model(data.batch(rows)).logits
    alone = torch.cat([model(data.batch([i])).logits for i in rows])
    assert (together - alone).abs().max() < 1e-12
    batch = data.batch(rows)
    dirty = replace(batch, x={m: x.clone() for m, x in batch.x.items()})
    for m, x in dirty.x.items():
        x[~batch.mask[m]] = 7
    assert (model(dirty).logits - together).abs().max() < 1e-12
    turned = [
        replace(
            sample,
            x={m: x.flip(0) for m, x in reversed(sample.x.items())},
            pos={m: p.flip(0) for m, p in sample.pos.items()},
        )
        for sample in data
    ]
    other = FusionDataset.from_samples(turned, data.schema)
    assert (model(other.batch(rows)).logits - together).abs().max() < 1e-12


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("concat", {}),
        ("unimodal", {}),
        ("unimodal:best", {}),
        ("majority", {}),
        ("stacking", {}),
        ("product_of_experts_vae", {}),
        ("graph:hgt", {}),
        ("graph:hgt", {"relations": ["temporal", {"k_nearest": {"k": 2}}]}),
    ],
)
def test_what_every_strategy_owes_its_user_it_owes_with_networks_too(name, options):
    encoders = {m: {"gru": {"channels": 4}} for m in ("image", "speech")}
    check_strategy(name, encoders=encoders, **options)


def test_a_single_modality_carries_its_own_network_alone():
    data = gappy(dtype=torch.float32)
    assert list(create("unimodal:image", data).networks) == ["n_image"]
    assert not list(create("majority", data).networks)
    best = create("unimodal:best", data)
    assert [list(m.networks) for m in best.members()] == [[], ["n_image"], ["n_speech"]]


def test_edges_are_drawn_between_encoded_nodes_as_networks_learn():
    data = gappy(dtype=torch.float32)
    model = create("graph:hgt", data, relations=[{"k_nearest": {"k": 2}}]).prepare(data)
    assert model.precompute(data) is data
    encoded = model.eval().encode(data.batch(range(4)))
    assert encoded.mask["image"].shape[1] == 4 * data.batch(range(4)).mask["image"].shape[1]
    before = model.inner.edges(encoded)["image", "k_nearest", "image"]
    nn.init.normal_(model.network("image").layers[0].weight)
    after = model.inner.edges(model.encode(data.batch(range(4))))["image", "k_nearest", "image"]
    assert not torch.equal(before, after)


def test_augmentation_changes_training_alone_and_is_drawn_by_the_seed():
    data = pictures(20)
    calls = []

    def darken(images, generator):
        calls.append(images.shape)
        return images * (torch.rand(len(images), 1, 1, 1, generator=generator) < 0.5)

    model = create("concat", data, {"image": "cnn"}, augment={"image": darken}, dropout=0.0)
    model.prepare(data)
    batch = data.batch(range(20))
    plain = model.eval()(batch).logits
    assert not calls
    model.train()
    draws = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        draws.append(model(batch).logits)
    assert calls == [(20, 3, SIDE, SIDE)] * 3
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert not torch.equal(draws[0], plain)
    assert "augment" not in model.config()["options"]


def test_pretrained_parts_learn_at_their_own_rate():
    data = pictures(10)
    model = create("concat", data, {"image": "cnn"})
    model.network("image").rate = 0.1
    fast, slow = model.parameter_groups(1e-3)
    assert slow["lr"] == pytest.approx(1e-4)
    assert set(slow["params"]) == set(model.networks.parameters())
    assert set(fast["params"]) == set(model.inner.parameters())


def test_edges_of_raw_nodes_that_a_network_replaces_are_refused():
    samples = [
        replace(s, edges={("image", "touches", "image"): torch.tensor([[0], [0]])})
        for s in pictures(4)
    ]
    data = FusionDataset.from_samples(samples, pictures(4).schema)
    with pytest.raises(InputError, match=r"given edges \[\('image', 'touches', 'image'\)\]"):
        create("concat", data, {"image": "cnn"}).prepare(data)


@pytest.mark.parametrize(
    ("encoders", "error", "match"),
    [
        ({"imag": "cnn"}, UnknownNameError, "did you mean 'image'"),
        ({"image": "cnnn"}, UnknownNameError, "encoder network 'cnnn'; did you mean 'cnn'"),
        ({"image": {"cnn": {"channel": 8}}}, UnknownNameError, "did you mean 'channels'"),
        ({"image": 3}, InputError, "a name or"),
        ({"image": {"cnn": {"channels": 12}}}, InputError, "multiple of 8"),
        ({"age": "cnn"}, InputError, "needs images"),
        ({"age": "gru"}, InputError, "order of their positions"),
        (["cnn"], InputError, r"\{modality: network\}"),
    ],
)
def test_what_cannot_be_encoded_is_said(encoders, error, match):
    with pytest.raises(error, match=match):
        create("concat", pictures(4), encoders)


def test_augmentation_without_networks_or_of_another_shape_is_refused():
    data = pictures(4)
    with pytest.raises(InputError, match="pass encoders"):
        create("concat", data, None, augment={"image": lambda x, g: x})
    model = create("concat", data, {"image": "cnn"}, augment={"image": lambda x, g: x[:, :1]})
    with pytest.raises(InputError, match="keep their number and shape"):
        model.train()(data.batch([0, 1]))


@pytest.mark.parametrize(
    "balance", ["unimodal_loss", "gradient_blending", "ogm_ge", "distillation"]
)
def test_a_recipe_against_imbalance_and_with_gaps_trains_networks_too(balance):
    data = gappy(24, torch.float32)
    model = create("concat", data)
    before = {k: v.clone() for k, v in model.networks.named_parameters()}
    recipe = Recipe(epochs=1, balance=balance, modality_dropout=0.3, class_weights=True)
    fit(model, data.subset(range(16)), data.subset(range(16, 24)), recipe)
    assert all(not torch.equal(before[k], v) for k, v in model.networks.named_parameters())
    assert np.isfinite(predict(model, data)).all()


def numbers(n=48, scale=240.0):
    """Return pictures whose brightness is the target, in units of its own."""
    random = np.random.default_rng(0)
    bright = random.random(n)
    images = np.clip(bright[:, None, None, None] * 200 + random.normal(size=(n, 3, 8, 8)), 0, 255)
    x = {"image": images.astype(np.uint8), "age": random.standard_normal((n, 2))}
    y = 1000 + scale * bright
    return FusionDataset.from_arrays(
        x, y, task="regression", shapes={"image": (3, 8, 8)}, dtype={"image": torch.uint8}
    )


SMALL = {"image": {"cnn": {"channels": 8, "stages": 1}}}


def test_the_unit_of_the_target_does_not_change_what_is_learned_from_a_teacher():
    found = []
    for scale in (1.0, 240.0):
        data = numbers(scale=scale)
        model = create("concat", data, SMALL).prepare(data)
        balance = start_balance(model, data, data, Recipe(balance="distillation", epochs=1), 0)
        batch = data.batch(range(len(data)))
        output = model.eval()(batch)
        terms = balance.terms({}, output, MixedBatch(batch))
        found.append({name: term.detach() for name, term in terms.items()})
    for name in ("distillation:age", "distillation:image"):
        assert float(found[0][name]) == pytest.approx(float(found[1][name]), rel=1e-2)
        assert float(found[1][name]) < 10


def test_the_wrapper_measures_in_the_units_of_what_is_inside():
    data = numbers()
    model = create("concat", data, SMALL).prepare(data)
    assert float(model.target_mean) == pytest.approx(data.labels().mean())
    assert float(model.target_scale) == pytest.approx(data.labels().std())
    classes = pictures(20)
    model = create("concat", classes, SMALL).prepare(classes)
    model.weigh_classes(classes)
    assert torch.equal(model.class_weight, model.inner.class_weight)
    assert model.class_weight.unique().numel() == 2


@pytest.mark.parametrize("balance", [None, "unimodal_loss", "gradient_blending", "distillation"])
@pytest.mark.parametrize("name", ["concat", "stacking"])
def test_regression_with_networks_learns_with_each_method(name, balance):
    data = numbers(96)
    model = create(name, data, SMALL)
    recipe = Recipe(epochs=20, batch_size=8, learning_rate=5e-3, balance=balance)
    fit(model, data.subset(range(64)), data.subset(range(64, 80)), recipe)
    test = data.subset(range(80, 96))
    error = predict(model, test).squeeze(1) - test.labels()
    assert (error**2).mean() < 0.5 * test.labels().var()


@pytest.mark.parametrize("name", ["concat", "stacking", "unimodal:best"])
def test_networks_are_refitted_on_both_parts(name):
    data = numbers(64)
    found = []
    for refit in (False, True, True):
        model = create(name, data, SMALL)
        recipe = Recipe(epochs=2, refit=refit)
        fit(model, data.subset(range(40)), data.subset(range(40, 64)), recipe)
        found.append(predict(model, data))
    assert np.isfinite(found).all()
    assert not np.array_equal(found[0], found[1])
    assert np.array_equal(found[1], found[2])


def test_stacking_of_networks_is_fitted_on_numbers_that_were_held_out():
    data = numbers(64)
    model = create("stacking", data, SMALL)
    before = model.inner.weight.clone()
    fit(model, data.subset(range(48)), data.subset(range(48, 64)), Recipe(epochs=2))
    assert not torch.equal(model.inner.weight, before)
    assert abs(float(model.inner.bias)) < 1  # in standard deviations of the target


def test_the_gradient_of_the_modality_ahead_shrinks_down_to_its_network():
    data = gappy(dtype=torch.float32)
    model = create("concat", data)
    owned = encoder_parameters(model)
    assert {id(p) for p in model.network("image").parameters()} <= {id(p) for p in owned["image"]}
    assert not {id(p) for p in model.networks.parameters()} & {id(p) for p in owned["a.b"]}


def test_what_is_fitted_is_fitted_on_the_training_part_as_encoded_at_the_start():
    data = pictures(40)
    model = create("cca", data, {"image": {"cnn": {"channels": 8, "stages": 2}}})
    start = model.encode_dataset(data)
    assert start.schema == model.inner.schema
    assert start.x["image"].values.shape == (40 * 9, 8)
    assert np.array_equal(start.labels(), data.labels())
    plain = create_strategy("cca", start.schema)
    fitted = model.prepare(data).inner.state_dict()
    own = plain.prepare(start).state_dict()
    moved = [
        k
        for k, v in create(
            "cca", data, {"image": {"cnn": {"channels": 8, "stages": 2}}}
        ).inner.named_buffers()
        if not torch.equal(v, own[k])
    ]
    assert moved
    assert all(torch.equal(fitted[k], own[k]) for k in moved)


def sentences(n=24):
    """Return samples of one or two texts each, as numbers, with a gap between their positions."""
    samples = []
    for i in range(n):
        counts = (6, 5) if i % 2 else (7,)
        ids = torch.arange(1, sum(counts) + 1).unsqueeze(1) + 20 * (i % 2)
        starts = torch.tensor([0.0, 105.0])
        pos = torch.cat([starts[k] + torch.arange(count) for k, count in enumerate(counts)])
        samples.append(Sample({"text": ids}, i % 2, {"text": pos.unsqueeze(1)}, id=str(i)))
    schema = Schema((Modality("text", (1,), 1),), Target("binary"))
    return FusionDataset.from_samples(samples, schema)


NAMED = [
    (pictures(24), {"image": "cnn"}, {"image": "photo"}),
    (sentences(), {"text": {"token_gru": {"vocabulary": 60}}}, {"text": "caption"}),
]


@pytest.mark.parametrize(("data", "encoders", "augment"), NAMED)
def test_augmentation_by_name_changes_training_by_the_seed_and_never_predictions(
    data, encoders, augment
):
    recipe, made = Recipe(epochs=2), []
    for given, seed in ((augment, 1), (augment, 1), (augment, 2), (None, 1)):
        model = create("unimodal:" + next(iter(encoders)), data, encoders, augment=given)
        fit(model, data, data, recipe, seed=seed, data_seed=0)
        made.append(predict(model, data))
        assert np.array_equal(made[-1], predict(model, data))
    assert np.array_equal(made[0], made[1])
    assert not np.allclose(made[0], made[2])
    assert not np.allclose(made[0], made[3])


@pytest.mark.parametrize(("data", "encoders", "augment"), NAMED)
def test_the_validation_and_test_part_reach_networks_as_they_are(
    data, encoders, augment, monkeypatch
):
    (m,) = encoders
    model = create(f"unimodal:{m}", data, encoders, augment=augment)
    network, seen = model.network(m), []
    forward = network.forward
    monkeypatch.setattr(
        network, "forward", lambda x, mask, pos: seen.append((x, mask)) or forward(x, mask, pos)
    )
    train, rest = data.subset(range(16)), data.subset(range(16, 24))
    known = {
        tuple(x.flatten().tolist()) for batch in [rest.batch(range(8))]
        for x in [one[mask] for one, mask in zip(batch.x[m], batch.mask[m], strict=True)]
    }  # fmt: skip
    fit(model, train, rest, Recipe(epochs=3))
    predict(model, rest)
    evaluated = [(x, mask) for x, mask in seen if len(x) == 8]
    assert len(evaluated) >= 4
    for x, mask in evaluated:
        for one, real in zip(x, mask, strict=True):
            assert tuple(one[real].flatten().tolist()) in known


def test_each_text_of_a_sample_changes_on_its_own_and_in_the_order_of_positions():
    data = sentences(2)
    augment = {"text": {"delete": [0.4, 0.4], "swap": [0.5, 0.5], "probability": 1.0}}
    model = create("unimodal:text", data, {"text": "token_gru"}, augment=augment)
    batch = data.batch([0, 1])
    x, pos = batch.x["text"], batch.pos["text"]
    turned = torch.arange(x.shape[1] - 1, -1, -1)
    model.train()
    found = []
    for order in (torch.arange(x.shape[1]), turned):
        torch.manual_seed(3)
        given = x[:, order], batch.mask["text"][:, order], pos[:, order]
        changed, left = model._augmented("text", *given)
        assert not changed[~left].any()
        later = given[2][1, :, 0] >= 100
        texts = [set(changed[1][left[1] & one].flatten().tolist()) for one in (~later, later)]
        assert {21} < texts[0] < set(range(21, 27))  # the first token of each text stays
        assert {27} < texts[1] < set(range(27, 32))
        places, tokens = given[2][left].flatten().tolist(), changed[left].flatten().tolist()
        found.append(sorted(zip(places, tokens, strict=True)))
    assert found[0] == found[1]


def test_augmentation_by_name_that_does_not_fit_is_refused():
    data = pictures(4)
    for given, error, message in (
        ({"image": "speech"}, UnknownNameError, "augmentation of image 'speech'"),
        ({"age": "photo"}, UnknownNameError, "modality in augment that a network encodes 'age'"),
        ({"image": SPEECH}, InputError, "the augmentation of image must be a name"),
    ):
        with pytest.raises(error, match=message):
            create("concat", data, {"image": "cnn"}, augment=given)
    speech = gappy().schema
    with pytest.raises(InputError, match=r"'speech' has nodes of shape \(5,\); give a function"):
        create_strategy("concat", speech, encoders={"speech": "gru"}, augment={"speech": "speech"})
