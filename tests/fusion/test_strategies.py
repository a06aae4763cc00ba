import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset, Modality, Sample, Schema, Target, load_dataset
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.fusion import FAMILIES, create_strategy, list_strategies, strategy_info
from graphfuse.testing import check_strategy
from graphfuse.training import Recipe, fit, predict

SCHEMA = Schema([Modality("image", (6,)), Modality("text", (4,))], Target("multiclass", 3))


@pytest.mark.parametrize("name", ["unimodal", *list_strategies()])
def test_keeps_every_promise(name):
    check_strategy(name)


@pytest.mark.parametrize("name", list_strategies(schema=SCHEMA))
def test_every_listed_name_is_accepted_and_named(name):
    made = create_strategy(name, SCHEMA)
    assert made.name == name
    assert strategy_info(name).family in FAMILIES


def test_list_by_family_and_schema():
    assert list_strategies("unimodal") == ["unimodal:best"]
    assert list_strategies("unimodal", SCHEMA) == [
        "unimodal:best",
        "unimodal:image",
        "unimodal:text",
    ]
    assert "graph:hgt/no_edges" in list_strategies("graph")
    alone = Schema([Modality("x", (3,))], Target("regression"))
    assert "concat" not in list_strategies(schema=alone)
    assert "graph:hgt" in list_strategies(schema=alone)
    several = Schema([Modality("x", (3,))], {"a": Target("binary"), "b": Target("regression")})
    assert list_strategies(schema=several) == []


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("graph:hgtt", {}, "unknown strategy 'graph:hgtt'; did you mean 'graph:hgt'"),
        ("graph:hgt/no_edge", {}, "did you mean 'no_edges'"),
        ("unimodal:imge", {}, "unknown modality 'imge'; did you mean 'image'"),
        ("unimodal", {}, "unknown strategy 'unimodal'"),
        ("concat", {"hidden": 3}, "unknown option of strategy 'concat' 'hidden'"),
        ("concat", {"hidden_channels": 0}, "hidden_channels must be at least 1"),
        ("concat", {"dropout": 1.0}, r"dropout in \[0, 1\)"),
        ("graph:hgt", {"readout": "sum"}, "unknown readout 'sum'"),
        ("graph:hgt", {"heads": 3}, "multiple of heads"),
        ("token_transformer", {"heads": 3}, "multiple of heads"),
        ("token_transformer", {"heads": 0}, "multiple of heads, got hidden_channels=64, heads=0"),
        ("graph:gatv2", {"heads": 0}, "multiple of heads"),
        ("graph:hgt", {"relations": []}, "at least one relation"),
        ("graph:hgt", {"relations": ["spatial"]}, "cannot draw edges between the modalities"),
        ("graph:hgt", {"relations": ["spatail"]}, "did you mean 'spatial'"),
    ],
)
def test_errors_say_what_to_do(name, options, message):
    with pytest.raises((InputError, UnknownNameError), match=message):
        create_strategy(name, SCHEMA, **options)


def test_needs_are_checked():
    alone = Schema([Modality("x", (3,))], Target("binary"))
    with pytest.raises(InputError, match="at least 2 modalities"):
        create_strategy("concat", alone)
    several = Schema([Modality("x", (3,))], {"a": Target("binary"), "b": Target("binary")})
    with pytest.raises(InputError, match="one target"):
        create_strategy("majority", several)


def many(count):
    random = torch.Generator().manual_seed(0)
    samples = []
    for i in range(12):
        here = [m for m in range(count) if not m or torch.rand((), generator=random) < 0.8]
        x = {f"m{m}": torch.randn(2, 3, generator=random) for m in here}
        pos = {m: torch.tensor([[0.0], [1.0]]) for m in x}
        samples.append(Sample(x, i % 2, pos=pos, id=str(i)))
    names = [f"m{m}" for m in range(count)]
    schema = Schema([Modality(m, (3,), pos_dim=1) for m in names], Target("binary"))
    return FusionDataset.from_samples(samples, schema)


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "count", [1, 2, 3, 7, pytest.param(17, marks=SLOW), pytest.param(40, marks=SLOW)]
)
def test_every_listed_name_serves_so_many_modalities(count):
    data = many(count)
    batch = data.batch(range(3))
    listed = list_strategies(schema=data.schema)
    assert ("graph:mfn" in listed) == ("graph:mfn/no_edges" in listed) == (2 <= count <= 6)
    assert ("tensor" in listed) == (2 <= count <= 16)
    for name in (name for name in listed if "/" not in name):
        model = create_strategy(name, data.schema).prepare(data).eval()
        with torch.no_grad():
            assert model(batch).logits.isfinite().all(), name


def test_too_many_modalities_are_counted():
    assert strategy_info("graph:mfn").needs == "2 to 6 modalities"
    assert strategy_info("tensor").needs == "2 to 16 modalities"
    schema = many(17).schema
    with pytest.raises(InputError, match="131071 for 17 modalities; it takes at most 6 modalities"):
        create_strategy("graph:mfn", schema)
    with pytest.raises(InputError, match="131,072 numbers per sample; the limit is 65,536"):
        create_strategy("tensor", schema)


def test_graph_strategy_takes_the_edges_a_batch_brings():
    data = load_dataset("planted/binding", n=30)
    model = create_strategy("graph:hgt", data.schema, relations=data.relations).prepare(data).eval()
    drawn = model(data.batch(range(30))).logits
    brought = model(model.precompute(data).batch(range(30))).logits
    assert torch.allclose(drawn, brought, atol=1e-6)
    batch = model.precompute(data).batch(range(30))
    for edge_type, edges in batch.edges.items():
        batch.edges[edge_type] = torch.zeros_like(edges)
    none = create_strategy("graph:hgt/no_edges", data.schema, relations=data.relations)
    none.load_state_dict(model.state_dict())
    assert torch.allclose(model(batch).logits, none.eval()(data.batch(range(30))).logits, atol=1e-6)


def test_relations_that_are_named_are_all_there_is():
    x = {"a": torch.randn(3, 2), "b": torch.randn(3, 2)}
    edges = {("a", "given", "b"): torch.tensor([[0, 1], [0, 1]])}
    data = FusionDataset.from_samples([Sample(x, i % 2, edges=edges, id=str(i)) for i in range(4)])
    model = create_strategy("graph:hgt", data.schema, relations=["complete"]).prepare(data).eval()
    assert sorted(r for _, r, _ in model.edges(data.batch([0]))) == ["complete"] * 4
    assert model(data.batch([0, 1])).logits.isfinite().all()


def test_ablations_change_edges_alone():
    data = load_dataset("planted/binding", n=30)
    models = {}
    for ablation in ("", "/no_edges", "/shuffled_edges"):
        torch.manual_seed(0)
        name = f"graph:hgt{ablation}"
        models[ablation] = create_strategy(name, data.schema, relations=data.relations).prepare(
            data
        )
    sizes = {k: sum(p.numel() for p in m.parameters()) for k, m in models.items()}
    assert len(set(sizes.values())) == 1
    edges = {k: m.edges(data.batch(range(30))) for k, m in models.items()}
    assert edges["/no_edges"] == {}
    real, shuffled = (edges[k]["a", "k_nearest", "b"] for k in ("", "/shuffled_edges"))
    assert torch.equal(real.sum(1), shuffled.sum(1))
    assert not torch.equal(real, shuffled)
    complete = create_strategy("graph:hgt/complete", data.schema).prepare(data)
    full = complete.edges(data.batch([0]))
    assert full["a", "complete", "b"].all()
    assert int(full["a", "complete", "a"].sum()) == 6 * 5


def test_regression_is_in_the_units_of_the_target():
    x = torch.randn(40, 3)
    data = FusionDataset.from_arrays({"a": x, "b": x}, 1e6 + 100 * x[:, 0].numpy())
    model = create_strategy("concat", data.schema).prepare(data).eval()
    batch = data.batch(range(40))
    assert (model(batch).logits - 1e6).abs().max() < 1e3
    assert float(model.loss(model(batch), batch)["task"].detach()) < 10


@pytest.mark.parametrize(
    "name",
    ["majority", "concat", "graph:hgt", "stacking", "weighted_vote", "product_of_experts_vae",
     "unimodal:best"],
)  # fmt: skip
@pytest.mark.parametrize("balance", [None, "distillation", "unimodal_loss"])
def test_a_large_mean_of_the_target_changes_nothing(name, balance):
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 4))
    y = x[:, 0] + x[:, 2] + 0.1 * random.normal(size=60)
    recipe = Recipe(epochs=2, balance=balance)
    if balance and name in ("majority", "unimodal:best"):
        pytest.skip("there is nothing to balance")
    found = []
    for mean in (0.0, 1.6e9):
        data = FusionDataset.from_arrays({"a": x[:, :2], "b": x[:, 2:]}, mean + y)
        torch.manual_seed(0)
        model = create_strategy(name, data.schema)
        fit(model, data.subset(range(40)), data.subset(range(40, 60)), recipe)
        found.append(predict(model, data) - mean)
    assert np.abs(found[1] - found[0]).max() < 1e-4


def test_majority_predicts_frequencies():
    data = FusionDataset.from_arrays({"a": torch.randn(8, 2)}, [0, 0, 0, 0, 0, 0, 1, 1])
    logits = create_strategy("majority", data.schema).prepare(data)(data.batch([0])).logits
    assert torch.allclose(logits.softmax(1), torch.tensor([[0.75, 0.25]]), atol=1e-3)


def test_mean_prob_averages_what_is_present():
    data = FusionDataset.from_arrays(
        {"a": [torch.randn(1, 3), torch.randn(2, 3), None], "b": [torch.randn(1, 2), None, None]},
        ["x", "y", "x"],
    )
    model = create_strategy("mean_prob", data.schema).prepare(data).eval()
    output = model(data.batch([0, 1, 2]))
    single = {m: logits.softmax(1) for m, logits in output.modality_logits.items()}
    probability = output.logits.exp()
    assert torch.allclose(probability[0], (single["a"][0] + single["b"][0]) / 2, atol=1e-6)
    assert torch.allclose(probability[1], single["a"][1], atol=1e-6)
    assert torch.allclose(probability[2], torch.tensor([0.5, 0.5]))


def conversations(units):
    x = {"a": torch.randn(units, 3), "b": torch.randn(units, 2)}
    unit = dict.fromkeys(x, torch.arange(units))
    samples = [Sample(x, torch.randn(units), unit=unit, id=str(i)) for i in range(8)]
    return FusionDataset.from_samples(samples)


@pytest.mark.parametrize("units", [1, 3])
@pytest.mark.parametrize("name", ["concat", "majority", "graph:hgt", "unimodal:best", "stacking"])
def test_samples_of_several_units_are_refused(name, units):
    data = conversations(units)
    with pytest.raises(
        InputError, match="one prediction per sample, but these samples hold several units"
    ):
        fit(create_strategy(name, data.schema), data, data, Recipe(epochs=1))


def test_the_loss_refuses_units():
    data = conversations(1)
    model, batch = create_strategy("concat", data.schema), data.batch(range(8))
    with pytest.raises(InputError, match="make each unit a sample"):
        model.loss(model(batch), batch)


@pytest.mark.parametrize("name", ["concat", "mean_prob", "majority_vote", "graph:hgt"])
def test_half_precision_does_not_round_in_the_units_of_the_target(name):
    x = torch.randn(40, 3)
    data = FusionDataset.from_arrays({"a": x, "b": x}, 1e6 + x[:, 0].numpy())
    model = create_strategy(name, data.schema).prepare(data).eval()
    batch = data.batch(range(40))
    with torch.no_grad():
        expected = model(batch).logits
        with torch.autocast("cpu", torch.bfloat16):
            got = model(batch).logits
        assert (got - expected).abs().max() < 0.2
        model.bfloat16().target_mean.zero_()
        own = model(batch.to(torch.bfloat16)).logits
    assert own.dtype == torch.float32
    assert own.isfinite().all()


def test_needs_that_data_does_not_meet_are_named():
    both, alone = (
        Schema([Modality(m, (3,)) for m in names], Target("binary")) for names in ("ab", "a")
    )
    attention = strategy_info("positional_attention")
    assert attention.needs == "at least 2 modalities, positions"
    assert attention.missing(both) == ["positions"]
    assert attention.missing(alone) == ["at least 2 modalities", "positions"]
    assert strategy_info("graph:mfn").missing(many(7).schema) == ["2 to 6 modalities"]
    numbers = Schema(both.modalities, Target("regression"))
    assert strategy_info("dempster_shafer").missing(numbers) == ["a binary or multiclass task"]
    assert strategy_info("concat").missing(numbers) == []
    with pytest.raises(InputError, match="Missing: at least 2 modalities, positions"):
        create_strategy("positional_attention", alone)


def test_majority_without_any_label_has_even_odds():
    y = np.array([[1.0, 0.0], [np.nan, np.nan]])
    data = FusionDataset.from_arrays({"a": torch.randn(2, 3)}, y, task="multilabel")
    model = create_strategy("majority", data.schema).prepare(data.subset([1]))
    assert torch.equal(model(data.batch([0])).logits, torch.zeros(1, 2))


@pytest.mark.parametrize("name", ["graph:hgt", "graph:dynamic", "graph:mtag", "graph:line"])
def test_checkpoints_are_an_option_that_changes_no_gradient(name):
    data = load_dataset("planted/lagged", n=20)
    slopes = []
    for checkpoint in (False, True):
        torch.manual_seed(0)
        model = create_strategy(name, data.schema, checkpoint=checkpoint, dropout=0.0).prepare(data)
        assert model.core.checkpoint == checkpoint
        batch = data.batch(range(20))
        model.loss(model(batch), batch)["task"].backward()
        slopes.append(
            torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])
        )
    assert torch.allclose(*slopes, atol=1e-6)
