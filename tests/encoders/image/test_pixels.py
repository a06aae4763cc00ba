import numpy as np
import pytest
import torch

from graphfuse.encoders import create_encoder
from graphfuse.encoders.image._pixels import SQUARES
from graphfuse.encoders.store import NodeStore
from graphfuse.errors import InputError, UnknownNameError


def picture(height, width):
    random = np.random.default_rng(0)
    return random.integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_a_square_of_the_size_stays_as_it_is():
    image = picture(16, 16)
    (nodes,) = create_encoder("image", "pixels", side=16).encode([image])
    assert nodes.x.shape == (1, 3, 16, 16)
    assert nodes.pos.shape == (1, 0)
    assert np.array_equal(nodes.x[0].permute(1, 2, 0).numpy(), image)


def test_any_image_becomes_a_square_without_distortion():
    (nodes,) = create_encoder("image", "pixels", side=8).encode([picture(10, 40)])
    assert nodes.x.shape == (1, 3, 8, 8)
    assert (nodes.x[0, :, [0, -1]] == 255).all()


def test_bytes_are_kept_as_bytes(tmp_path):
    encoder = create_encoder("image", "pixels", side=8)
    (nodes,) = encoder.encode([picture(8, 8)])
    store = NodeStore(tmp_path, encoder)
    store.put(["0" * 64], [nodes])
    found = store.get(["0" * 64])["0" * 64]
    assert found.x.dtype == torch.uint8
    assert torch.equal(found.x, nodes.x)


def test_what_is_no_image_or_size_is_refused():
    with pytest.raises(InputError, match="an image must be an array"):
        create_encoder("image", "pixels").encode(["text"])
    with pytest.raises(InputError, match="side"):
        create_encoder("image", "pixels", side=0)


def squares(image):
    """Return an image [H, W, 3] as each way to a square makes it."""
    encoders = {s: create_encoder("image", "pixels", side=16, square=s) for s in SQUARES}
    return {s: e.encode([image])[0].x[0].permute(1, 2, 0).numpy() for s, e in encoders.items()}


def test_how_wide_a_picture_is_shows_unless_it_is_cropped_or_stretched():
    middle = picture(16, 16) // 2
    wide = np.pad(middle, [(0, 0), (7, 7), (0, 0)], "edge")
    for image, plain in ((wide, middle), (wide.swapaxes(0, 1), middle.swapaxes(0, 1))):
        made = squares(image)
        assert {s: bool((x == 255).any()) for s, x in made.items()} == {
            "pad": True, "crop": False, "stretch": False,
        }  # fmt: skip
        assert np.array_equal(made["crop"], plain)
        assert all(np.array_equal(made, plain) for made in squares(plain).values())


@pytest.mark.parametrize("name", ["pixels", "patches", "histogram", "timm"])
def test_an_unknown_value_of_square(name):
    with pytest.raises(UnknownNameError, match=r"value of square 'cut'.* crop, pad, stretch"):
        create_encoder("image", name, square="cut")
