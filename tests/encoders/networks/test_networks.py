import copy
import json
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from graphfuse.data import FusionDataset, Modality
from graphfuse.encoders import create_encoder
from graphfuse.encoders.networks import create_network, networks
from graphfuse.encoders.weights import LITE0, packaged_folder
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.fusion import Strategy, create_strategy
from graphfuse.training import Recipe, fit, predict


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def weights(tmp_path):
    """Return a function that writes drawn weights of one of timm's tiny networks."""

    def write(model):
        torch.manual_seed(0)
        path = tmp_path / f"{model}.safetensors"
        save_file(timm.create_model(model).state_dict(), path)
        return str(path)

    return write


@pytest.fixture(scope="module")
def bert(bert):
    """Name the small BERT as options do."""
    return str(bert)


def picture(side, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def raw(encoder, items):
    """Return raw nodes, mask and positions of items as a batch."""
    nodes = encoder.encode(items)
    data = FusionDataset.from_arrays(
        {"m": [n.x for n in nodes]},
        pos={"m": [n.pos for n in nodes]} if encoder.pos_dim else None,
        dtype={"m": encoder.dtype},
    )
    batch = data.batch(range(len(items)))
    return data.schema["m"], (batch.x["m"], batch.mask["m"], batch.pos.get("m"))


@pytest.mark.parametrize("model", ["test_resnet", "test_vit"])
@pytest.mark.parametrize("options", [{}, {"train": "last"}, {"lora": 2}, {"nodes": "both"}])
def test_before_training_a_fine_tuned_image_network_gives_the_nodes_of_the_frozen_one(
    model, options, weights
):
    path = weights(model)
    nodes = options.get("nodes", "cells")
    frozen = create_encoder("image", "timm", model=model, weights=path, nodes=nodes)
    side = frozen._config["side"]
    images = [picture(side, seed) for seed in range(2)]
    pixels = create_encoder("image", "pixels", side=side)
    expected = frozen.encode(images)
    modality, batch = raw(pixels, images)
    made = create_network({"timm": {"model": model, "weights": path, **options}}, modality).eval()
    got = made(*batch)
    for i, own in enumerate(expected):
        torch.testing.assert_close(got.x[i], own.x, atol=1e-4, rtol=1e-4)
        assert torch.equal(got.pos[i], own.pos)
    assert torch.equal(made.train()(*batch).x, got.x) or options.get("lora")
    assert made.encoded == Modality("m", (expected[0].x.shape[1],), 2)


@pytest.mark.skipif(packaged_folder(LITE0) is None, reason="the package of weights is missing")
def test_the_packaged_weights_are_fine_tuned_as_they_are():
    image = picture(224)
    modality, batch = raw(create_encoder("image", "pixels", side=224), [image])
    made = create_network("timm", modality).eval()
    expected = create_encoder("image", "timm").encode([image])[0].x
    torch.testing.assert_close(made(*batch).x[0], expected, atol=1e-3, rtol=1e-3)


def trained(network):
    return {name for name, p in network.named_parameters() if p.requires_grad}


def test_what_learns_is_all_the_last_block_none_or_low_rank_additions(weights, bert):
    image, text = Modality("image", (3, 160, 160)), Modality("text", (1,), 1)
    vit = {"model": "test_vit", "weights": weights("test_vit")}
    for make, last in [
        (lambda **more: create_network({"timm": {**vit, **more}}, image), "blocks.5."),
        (
            lambda **more: create_network({"transformers": {"model": bert, **more}}, text),
            "layer.1.",
        ),
    ]:
        assert trained(make()) == {n for n, _ in make().named_parameters()}
        assert trained(make(train="none")) == set()
        some = trained(make(train="last"))
        assert any(last in n for n in some)
        assert all(last in n or "norm" in n for n in some), some
        low = trained(make(lora=2))
        assert low
        assert all("lora_" in n for n in low)
        assert make().rate == 0.1
        assert make(rate=0.5).rate == 0.5
        assert make(pretrained=False).rate == 1


def test_a_fine_tuned_text_model_gives_the_states_of_the_frozen_one(bert):
    texts = ["a red cat sat", "dog"]
    modality, (ids, mask, pos) = raw(create_encoder("text", "token_ids", model=bert), texts)
    made = create_network({"transformers": {"model": bert}}, modality).eval()
    got = made(ids, mask, pos)
    frozen = create_encoder("text", "transformers", model=bert).encode(texts)
    for i, own in enumerate(frozen):
        inside = got.x[i][mask[i]][1:-1]  # between the special tokens
        torch.testing.assert_close(inside, own.x, atol=1e-5, rtol=1e-5)
    turned = made(ids.flip(1), mask.flip(1), pos.flip(1))
    torch.testing.assert_close(turned.x.flip(1), got.x, atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("lora", [0, 2])
def test_a_fine_tuned_strategy_comes_back_without_the_files_it_began_with(
    lora, weights, bert, tmp_path
):
    random = np.random.default_rng(0)
    n, y = 12, np.arange(12) % 2
    token = create_encoder("text", "token_ids", model=bert)
    texts = token.encode(["a red cat" if label else "dog sat" for label in y])
    data = FusionDataset.from_arrays(
        {
            "image": random.integers(0, 256, (n, 3, 32, 32), dtype=np.uint8),
            "text": [t.x for t in texts],
        },
        y,
        pos={"text": [t.pos for t in texts]},
        shapes={"image": (3, 32, 32)},
        dtype={"image": torch.uint8, "text": torch.int64},
    )
    path = weights("test_resnet")
    encoders = {
        "image": {"timm": {"model": "test_resnet", "weights": path, "lora": lora}},
        "text": {"transformers": {"model": bert, "lora": lora}},
    }
    model = create_strategy("concat", data.schema, encoders=encoders)
    start = copy.deepcopy(model.state_dict())
    fit(model, data, data, Recipe(epochs=2))
    for m in ("image", "text"):
        own = [k for k in start if f"networks.n_{m}." in k]
        assert any(not torch.equal(start[k], model.state_dict()[k]) for k in own)
    model.save_pretrained(tmp_path / "model")
    config = (tmp_path / "model" / "config.json").read_text()
    (tmp_path / "model" / "config.json").write_text(config.replace(bert, "nowhere"))
    assert path not in config
    loaded = Strategy.from_pretrained(tmp_path / "model")
    assert np.array_equal(predict(loaded, data), predict(model, data))


@pytest.fixture
def saved(tmp_path, weights):
    """Return a function that saves a strategy with a network of timm, and its data."""

    def save(name):
        random = np.random.default_rng(0)
        x = {
            "image": random.integers(0, 256, (6, 3, 32, 32), dtype=np.uint8),
            "age": random.normal(size=(6, 2)).astype(np.float32),
        }
        data = FusionDataset.from_arrays(
            x, [0, 1] * 3, shapes={"image": (3, 32, 32)}, dtype={"image": torch.uint8}
        )
        path = weights("test_resnet")
        encoders = {"image": {"timm": {"model": "test_resnet", "weights": path}}}
        model = create_strategy(name, data.schema, encoders=encoders).prepare(data)
        model.save_pretrained(tmp_path / "model")
        return model, data, path

    return save


def test_a_network_that_is_not_read_needs_no_weights_later(tmp_path, saved):
    model, data, path = saved("unimodal:age")
    Path(path).unlink()
    loaded = Strategy.from_pretrained(tmp_path / "model")
    assert np.array_equal(predict(loaded, data), predict(model, data))
    loaded.save_pretrained(tmp_path / "again")
    assert np.array_equal(
        predict(Strategy.from_pretrained(tmp_path / "again"), data), predict(model, data)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weights": "outside.safetensors"}, "weights of a network .* must be 'saved', as all"),
        ({"weights": None}, "weights of a network .* must be 'saved', as all"),
        ({"model": "local-dir:outside"}, "model of a network .* must be a name that timm knows"),
    ],
)
@pytest.mark.parametrize("name", ["concat", "unimodal:age"])
def test_a_saved_model_reads_nothing_outside_of_its_folder(tmp_path, saved, name, change, message):
    saved(name)
    path = tmp_path / "model" / "config.json"
    config = json.loads(path.read_text())
    config["options"]["encoders"]["image"]["timm"] |= change
    path.write_text(json.dumps(config))
    with pytest.raises(InputError, match=message):
        Strategy.from_pretrained(tmp_path / "model")


def test_a_saved_text_model_has_its_configuration():
    with pytest.raises(InputError, match=r"config of a network .* configuration of the model"):
        networks.get("transformers").check_saved({"model": "outside"})


def test_word_vectors_learn_which_word_counts():
    y = np.random.default_rng(0).integers(0, 2, 80)
    texts = [f"the {'cat' if label else 'dog'} sat on mat" for label in y]
    nodes = create_encoder("text", "word_ids", vocabulary=500).encode(texts)
    data = FusionDataset.from_arrays(
        {"text": [n.x for n in nodes]},
        y,
        pos={"text": [n.pos for n in nodes]},
        dtype={"text": torch.int64},
    )
    encoders = {"text": {"token_gru": {"vocabulary": 500, "channels": 8}}}
    torch.manual_seed(0)
    model = create_strategy("unimodal:text", data.schema, encoders=encoders)
    fit(model, data.subset(range(50)), data.subset(range(50, 60)), Recipe(epochs=15, batch_size=8))
    assert (predict(model, data)[60:].argmax(1) == y[60:]).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
@pytest.mark.parametrize("name", ["cnn", "gru", "token_gru"])
def test_networks_take_any_precision_gaps_and_no_node_at_all(name, dtype):
    modality = {
        "cnn": Modality("m", (3, 8, 8)),
        "gru": Modality("m", (4,), 1),
        "token_gru": Modality("m", (1,), 1),
    }[name]
    torch.manual_seed(0)
    made = create_network(name, modality).to(dtype)
    x = torch.randint(0, 9, (3, 2, *modality.shape))
    x = x.byte() if name == "cnn" else x.to(dtype) if name == "gru" else x
    pos = torch.arange(2.0).expand(3, 2)[..., None] if modality.pos_dim else None
    mask = torch.tensor([[True, True], [False, False], [True, False]])
    got = made(x, mask, pos)
    assert got.x.dtype == dtype
    assert got.x.isfinite().all()
    assert not got.x[~got.mask].any()
    assert got.x[got.mask].any()
    assert torch.equal(got.mask.any(1), mask.any(1))
    none = made(x, torch.zeros_like(mask), pos)
    assert none.x.shape == got.x.shape
    assert not none.x.any()


def test_networks_are_found_by_name():
    assert networks.names() == ["cnn", "gru", "timm", "token_gru", "transformers"]


@pytest.mark.parametrize(
    ("given", "modality", "error", "match"),
    [
        ({"timm": {"model": "test_vit", "pretrained": False}}, (3, 50, 50), InputError, "50 x 50"),
        ({"timm": {"pretrained": False, "nodes": "x"}}, (3, 32, 32), UnknownNameError, "nodes"),
        ({"timm": {"model": "test_resnet", "pretrained": False, "train": "x"}}, (3, 32, 32),
         UnknownNameError, "train"),
        ({"timm": {"model": "test_resnet", "pretrained": False, "train": "last", "lora": 2}},
         (3, 32, 32), InputError, "leave one of them out"),
        ("token_gru", (2,), InputError, r"nodes of shape \(1,\)"),
    ],
)  # fmt: skip
def test_what_a_network_does_not_take_is_said(given, modality, error, match):
    with pytest.raises(error, match=match):
        create_network(given, Modality("m", modality, pos_dim=1))


@pytest.mark.parametrize("name", ["gru", "token_gru", "transformers"])
def test_a_call_without_positions_is_named(name, bert):
    given = {"transformers": {"model": bert}} if name == "transformers" else name
    made = create_network(given, Modality("text", (1,), 1))
    with pytest.raises(InputError, match=r"nodes of modality 'text' .* and pos \[B, N, 1\]"):
        made(torch.ones(2, 3, 1).long(), torch.ones(2, 3).bool(), None)


def test_numbers_beyond_the_vocabulary_are_named():
    made = create_network({"token_gru": {"vocabulary": 5}}, Modality("text", (1,), 1))
    pos, mask = torch.zeros(1, 1, 1), torch.ones(1, 1).bool()
    with pytest.raises(InputError, match="0 to 4"):
        made(torch.tensor([[[7]]]), mask, pos)
    with pytest.raises(InputError, match=r"must be torch\.int64"):
        made(torch.tensor([[[1.0]]]), mask, pos)
