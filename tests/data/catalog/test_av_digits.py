from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from graphfuse.data import load_dataset
from graphfuse.data.catalog import av_digits
from graphfuse.errors import InputError


@pytest.fixture(scope="module")
def dataset():
    return load_dataset("av-digits")


def test_file_is_plain_and_described(check_file):
    check_file("av_digits.npz")


def test_card_agrees(check_card):
    check_card("av-digits")


def test_card_says_that_the_pairing_is_made_up():
    from graphfuse.data.catalog import datasets

    assert "paired by class" in datasets.get("av-digits").card.description


def test_written_and_spoken_digit_are_the_same(dataset):
    with np.load(av_digits.FILE, allow_pickle=False) as file:
        spoken = file["label"]
    assert np.array_equal(load_digits().target, spoken)
    assert np.array_equal(dataset.labels(), spoken)


def test_no_recording_occurs_twice(dataset):
    with np.load(av_digits.FILE, allow_pickle=False) as file:
        assert len(np.unique(file["recording"])) == len(dataset)
    frames = {dataset.x["audio"][i].numpy().tobytes() for i in range(len(dataset))}
    assert len(frames) == len(dataset)


def test_pairing_is_the_same_every_time(dataset):
    assert load_dataset("av-digits").fingerprint == dataset.fingerprint
    assert len(set(dataset.ids)) == len(dataset)


def test_patches_make_up_the_image(dataset):
    image = load_digits().images[7]
    sample = dataset[7]
    for patch, (row, column) in zip(sample.x["image"], sample.pos["image"].long(), strict=True):
        part = image[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] / 16
        assert np.allclose(patch.numpy().reshape(4, 4), part)


def test_image_values_lie_between_0_and_1(dataset):
    values = dataset.x["image"].values
    assert values.min() == 0
    assert values.max() == 1


def test_frames_are_numbered_in_order(dataset):
    sample = dataset[3]
    assert sample.pos["audio"][:, 0].tolist() == list(range(len(sample.x["audio"])))
    counts = dataset.x["audio"].counts
    assert counts.min() >= 6
    assert counts.max() <= 92


def test_other_images_are_refused():
    with pytest.raises(InputError, match=r"pairs 3 recordings .* the 2 installed images differ"):
        av_digits.check_pairs(np.array([0, 1]), np.array([0, 1, 2]))
