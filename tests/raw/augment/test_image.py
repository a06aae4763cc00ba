import random

import numpy as np
import pytest
import torch

from graphfuse.errors import InputError
from graphfuse.raw.augment import PHOTO, ImageAugmentation

RANGES = {
    "crop": (0.3, 0.6),
    "flip": True,
    "rotate": (10, 40),
    "scale": (0.5, 0.8),
    "brightness": (0.3, 0.7),
    "contrast": (0.3, 0.7),
    "saturation": (0.1, 0.5),
    "hue": (0.1, 0.3),
}


def picture(seed=0, height=24, width=32):
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((8, 8, 1), np.uint8))


@pytest.mark.parametrize("name", RANGES)
def test_each_change_follows_its_seed_and_keeps_size_and_bytes(name):
    augmentation = ImageAugmentation(**{name: RANGES[name]}, probability=1.0)
    before = picture()
    made = augmentation(before, 3)
    assert np.array_equal(made, augmentation(before, 3))
    assert made.shape == before.shape
    assert made.dtype == np.uint8
    assert not np.array_equal(made, before)
    if name != "flip":
        assert not np.array_equal(made, augmentation(before, 4))
    assert np.array_equal(before, picture())


def test_amounts_mean_what_they_say():
    square, rest = picture(height=32), {"probability": 1.0}

    def made(**amounts):
        ranges = {name: (amount, amount) for name, amount in amounts.items()}
        return ImageAugmentation(**ranges, **rest)(square, 0).astype(int)

    np.testing.assert_allclose(made(rotate=90), np.rot90(square, -1), atol=1)  # clockwise
    middle = np.kron(square[8:24:8, 8:24:8], np.ones((16, 16, 1)))
    inner = [4, 11, 20, 27]  # away from the edges of its fields
    np.testing.assert_allclose(made(scale=2)[inner][:, inner], middle[inner][:, inner], atol=1)
    np.testing.assert_allclose(made(brightness=0.5), square // 2, atol=1)
    assert made(contrast=0).std() < 1 < 50 < made(contrast=0).mean()
    assert (made(saturation=0).std(axis=-1) == 0).all()
    assert made(saturation=0).std() > 20
    red = np.full((2, 2, 3), (255, 0, 0), np.uint8)
    green = ImageAugmentation(hue=(1 / 3, 1 / 3), **rest)(red, 0)
    np.testing.assert_allclose(green, np.full((2, 2, 3), (0, 255, 0)), atol=2)


def test_a_crop_shows_the_share_of_the_area_that_is_asked():
    ramp = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None, :, None], 64, 0).repeat(3, 2)
    made = ImageAugmentation(crop=(0.25, 0.25), probability=1.0)(ramp, 0).astype(int)
    assert made[0, -1, 0] - made[0, 0, 0] == pytest.approx(0.5 * (ramp[0, -1, 0] - 0), abs=4)


def test_global_generators_are_neither_used_nor_touched():
    torch.manual_seed(0), random.seed(0)
    states = torch.get_rng_state(), random.getstate()
    first = PHOTO(picture(), 1)
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == random.getstate()
    torch.manual_seed(9)
    assert np.array_equal(first, PHOTO(picture(), 1))


def test_what_is_left_out_does_not_change_what_is_drawn_for_the_rest():
    names = ("rotate", "hue")
    both = ImageAugmentation(**{n: RANGES[n] for n in names}, probability=1.0)
    one = ImageAugmentation(hue=RANGES["hue"], probability=1.0)
    assert {n: a for n, a, _ in both.draw(5, {})}["hue"] == next(one.draw(5, {}))[1]


def test_a_batch_of_tensors_is_changed_each_in_its_own_way_by_the_generator():
    images = torch.from_numpy(picture()).movedim(-1, 0).expand(4, 3, 24, 32) / 255
    augmentation = ImageAugmentation(rotate=(-40, 40), brightness=(0.5, 1), probability=1.0)
    once, again = (augmentation.batch(images, torch.Generator().manual_seed(7)) for _ in range(2))
    assert torch.equal(once, again)
    assert once.shape == images.shape
    assert len({float(image.sum()) for image in once}) == 4
    assert once.min() >= 0
    assert once.max() <= 1
    videos = images.unsqueeze(1).expand(4, 2, 3, 24, 32)
    made = augmentation.batch(videos, torch.Generator().manual_seed(7))
    assert torch.equal(made[:, 0], made[:, 1])  # frames of one sample change together
    with pytest.raises(
        InputError, match=r"pictures must be \[B, ..., 3, H, W\], got shape \[3, 24"
    ):
        augmentation.batch(images[0], torch.Generator())


def test_the_corners_that_a_rotation_opens_have_the_colour_of_the_border():
    white = np.full((20, 20, 3), 255, np.uint8)
    white[8:12, 8:12] = 0
    made = ImageAugmentation(rotate=(45, 45), probability=1.0)(white, 0)
    assert made[0, 0].tolist() == [255, 255, 255]


def test_ranges_that_are_none_say_what_is_taken():
    with pytest.raises(InputError, match=r"crop must be a range \(from, to\) between 0.05 and 1"):
        ImageAugmentation(crop=(0.0, 2.0))
    for given in (("a", "b"), (None, 1), "ab", (float("nan"), 1.0), 0.5):
        with pytest.raises(InputError, match=r"crop must be a range \(from, to\)"):
            ImageAugmentation(crop=given)
    with pytest.raises(InputError, match=r"hue must be a range .* got \('a', 'b'\)"):
        ImageAugmentation(hue=("a", "b"))
    with pytest.raises(InputError, match="probability must lie between 0 and 1, got 3"):
        ImageAugmentation(probability=3)
