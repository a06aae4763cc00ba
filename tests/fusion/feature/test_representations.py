"""What holds for the strategies on nodes and on learned representations alike."""

from dataclasses import replace

import pytest
import torch

from graphfuse.bench.run import fold_parts
from graphfuse.data import Modality, Schema, Target, load_dataset, make_splits
from graphfuse.errors import InputError
from graphfuse.fusion import create_strategy
from graphfuse.training import fit, predict

NAMES = [
    "bottleneck",
    "cca",
    "contrastive",
    "cross_modal_transformer",
    "deep_cca",
    "multi_head_attention",
    "perceiver",
    "product_of_experts_vae",
    "shared_private",
]
SEVERAL_TERMS = ["contrastive", "deep_cca", "product_of_experts_vae", "shared_private"]
SCHEMA = Schema([Modality("image", (6,)), Modality("text", (4,))], Target("multiclass", 3))


@pytest.mark.parametrize("name", NAMES)
def test_learns_a_joint_effect(name):
    data = load_dataset("planted/xor", n=1000)
    train, validation, test = fold_parts(data, next(make_splits(data)))
    torch.manual_seed(0)
    model = create_strategy(name, data.schema)
    fit(model, train, validation)
    assert (predict(model, test).argmax(1) == test.labels()).mean() > 0.9


@pytest.mark.parametrize("name", SEVERAL_TERMS)
def test_terms_beside_the_task_learn_from_unlabelled_samples_of_a_labelled_batch(name):
    data = load_dataset("planted/redundant", n=40)
    model = create_strategy(name, data.schema).prepare(data).eval()
    batch = data.batch(range(40))
    some = replace(batch, y=batch.y.clone())
    some.y[1:] = -1
    full, few = (model.loss(model(b), b) for b in (batch, some))
    for term in full.keys() - {"task"}:
        assert full[term] == few[term] != 0


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        (
            "multi_head_attention",
            {"heads": 3},
            "multiple of heads, got hidden_channels=64, heads=3",
        ),
        ("multi_head_attention", {"heads": 0}, "multiple of heads"),
        ("shared_private", {"heads": 5}, "multiple of heads"),
        (
            "cross_modal_transformer",
            {"num_layers": 0},
            "num_layers must be at least 1, got num_layers=0",
        ),
        ("bottleneck", {"bottlenecks": 0}, "bottlenecks must be at least 1"),
        ("bottleneck", {"num_layers": 0}, "num_layers must be at least 1"),
        ("perceiver", {"latents": 0}, "latents must be at least 1"),
        ("perceiver", {"hidden_channels": 0}, "hidden_channels must be at least 1"),
        ("cca", {"components": 0}, "components must be at least 1"),
        ("cca", {"dropout": 1.0}, r"dropout in \[0, 1\)"),
        ("deep_cca", {"components": 0}, "components must be at least 1"),
        ("deep_cca", {"weight": -1.0}, "weight must be at least 0, got weight=-1.0"),
        ("contrastive", {"weight": float("nan")}, "weight must be at least 0, got weight=nan"),
        ("contrastive", {"temperature": 0.0}, "temperature must be at least 0.001"),
        ("shared_private", {"difference_weight": -1.0}, "difference_weight must be at least 0"),
        (
            "product_of_experts_vae",
            {"divergence_weight": -1.0},
            "divergence_weight must be at least 0",
        ),
    ],
)
def test_options_are_checked(name, options, message):
    with pytest.raises(InputError, match=message):
        create_strategy(name, SCHEMA, **options)
