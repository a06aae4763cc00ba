import numpy as np
import pytest
import torch

from graphfuse.encoders import create_encoder
from graphfuse.encoders.store import NodeStore
from graphfuse.errors import InputError


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
    with pytest.raises(InputError, match="an image is an array"):
        create_encoder("image", "pixels").encode(["text"])
    with pytest.raises(InputError, match="side"):
        create_encoder("image", "pixels", side=0)
