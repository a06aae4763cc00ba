import numpy as np
import pytest
import torch

from graphfuse.encoders import create_encoder
from graphfuse.encoders.image.histogram import normalise_blocks, orientation_histograms
from graphfuse.errors import InputError


def ramp(angle, side=32, slope=2.0):
    """Return a picture that grows lighter by `slope` a pixel in a direction, in degrees."""
    rows, columns = np.meshgrid(np.arange(side), np.arange(side), indexing="ij")
    radians = np.deg2rad(angle)
    grown = slope * (columns * np.cos(radians) + rows * np.sin(radians))
    grown = np.round(grown - grown.min()).astype(np.uint8)
    return np.repeat(grown[..., None], 3, axis=2)


def test_features_are_the_shares_of_colours_then_orientations():
    image = np.zeros((16, 16, 3), np.uint8)
    image[:8, :, 0] = 255  # the upper half is red
    image[:8, :4] = 100  # but its left quarter is grey
    encoder = create_encoder("image", "histogram", side=2, pixels=8, colours=4)
    (nodes,) = encoder.encode([image])
    assert nodes.x.shape == (4, encoder.features)
    shares = nodes.x[:, :12].view(4, 3, 4)
    assert shares[0].tolist() == [[0, 0.5, 0, 0.5], [0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0]]
    assert shares[3].tolist() == [[1, 0, 0, 0]] * 3


@pytest.mark.parametrize(("angle", "expected"), [(10, 0), (90, 4), (130, 6), (190, 0), (270, 4)])
def test_a_ramp_votes_for_its_direction_whatever_its_sign(angle, expected):
    inner = orientation_histograms(ramp(angle)[None], 4, 9)[0, 1:3, 1:3]
    assert (inner.argmax(-1) == expected).all()
    # Differences of pixels two apart: 2 * slope of 255, spread over bins by rounding at most.
    np.testing.assert_allclose(inner.sum(-1), 4 / 255, rtol=0.1)


def test_a_direction_between_two_bins_is_split_between_them():
    steps = orientation_histograms(ramp(0)[None], 4, 9)[0, 1, 1]
    np.testing.assert_allclose(steps[[8, 0]], 2 / 255, rtol=1e-5)
    np.testing.assert_allclose(steps[1:8], 0, atol=1e-7)


def test_the_strongest_colour_gives_the_gradient():
    image = np.zeros((32, 32, 3), np.uint8)
    image[..., 0] = ramp(0, slope=1)[..., 0]
    image[..., 2] = ramp(90, slope=3)[..., 0]
    both = orientation_histograms(image[None], 4, 9)
    image[..., 0] = 0
    assert np.array_equal(both[0, 1:3, 1:3], orientation_histograms(image[None], 4, 9)[0, 1:3, 1:3])


def test_a_flat_picture_has_no_gradients():
    encoder = create_encoder("image", "histogram")
    (nodes,) = encoder.encode([np.full((40, 40, 3), 77, np.uint8)])
    assert not nodes.x[:, 24:].any()


def test_blocks_are_normalised_clipped_and_seen_by_each_of_their_cells():
    random = np.random.default_rng(0)
    cells = 100 * random.random((1, 3, 4, 9))  # far above the noise
    normal = normalise_blocks(cells)
    assert normal.shape == (1, 3, 4, 4, 9)
    block = cells[0, 1:3, 1:3].reshape(-1)
    block = np.minimum(block / np.linalg.norm(block), 0.2)
    block = block / np.linalg.norm(block)
    seen = [normal[0, 1 + r, 1 + c, 2 * r + c] for r in (0, 1) for c in (0, 1)]
    np.testing.assert_allclose(np.ravel(seen), block, rtol=1e-3)


def test_contrast_does_not_matter():
    encoder = create_encoder("image", "histogram", side=4)
    weak = np.random.default_rng(0).integers(0, 128, (32, 32, 3), dtype=np.uint8)
    a, b = (encoder.encode([image])[0].x[:, 24:] for image in (weak, 2 * weak))
    torch.testing.assert_close(a, b, atol=0.001, rtol=0)


def test_a_batch_equals_each_image_alone():
    encoder = create_encoder("image", "histogram")
    images = [ramp(20), ramp(70, side=50), ramp(110, side=16)]
    for image, nodes in zip(images, encoder.encode(images), strict=True):
        assert torch.equal(encoder.encode([image])[0].x, nodes.x)


def test_options_are_whole_numbers():
    with pytest.raises(InputError, match="orientations must be an integer of at least 1, got 0"):
        create_encoder("image", "histogram", orientations=0)
