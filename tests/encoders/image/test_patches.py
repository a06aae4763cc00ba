import numpy as np
import pytest
import torch

from graphfuse.encoders import create_encoder
from graphfuse.errors import InputError


def test_patches_hold_their_pixels_where_they_are():
    rows, columns = np.meshgrid(np.arange(6), np.arange(6), indexing="ij")
    image = np.stack([rows, columns, rows * 0 + 9], axis=-1).astype(np.uint8)
    encoder = create_encoder("image", "patches", side=3, pixels=2)
    (nodes,) = encoder.encode([image])
    assert nodes.x.shape == (9, encoder.features)
    assert nodes.pos.tolist() == [[r, c] for r in range(3) for c in range(3)]
    patch = (nodes.x[5] * 255).view(2, 2, 3)  # row 1, column 2
    expected = torch.from_numpy(image[2:4, 4:6].astype(np.float32))
    torch.testing.assert_close(patch, expected)


@pytest.mark.parametrize("upright", [False, True])
def test_oblong_images_are_centred_on_white(upright):
    image = np.zeros((40, 20, 3) if upright else (20, 40, 3), np.uint8)
    (nodes,) = create_encoder("image", "patches", side=4).encode([image])
    lightness = nodes.x.mean(1).view(4, 4)
    lightness = lightness.T if upright else lightness
    assert torch.equal(lightness[[0, 3]], torch.ones(2, 4))
    assert torch.equal(lightness[1:3], torch.zeros(2, 4))


@pytest.mark.parametrize("options", [{"side": 0}, {"pixels": 1.5}])
def test_sizes_are_whole_numbers(options):
    with pytest.raises(InputError, match=r"(side|pixels), .* must be an integer of at least 1"):
        create_encoder("image", "patches", **options)
