import numpy as np
import pytest

from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw import Sound, Video
from graphfuse.raw.augment import (
    CAPTION,
    SPEECH,
    Augmentation,
    ImageAugmentation,
    SoundAugmentation,
    TextAugmentation,
)

RATE = 8000
NOISE = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
HALVES = np.zeros((8, 8, 3), np.uint8)
HALVES[:, :4] = 255


def is_mirrored(image):
    return bool(image[0, 0, 0] == 0)


def test_a_shared_change_is_drawn_once_a_sample_and_another_for_each_item():
    apart = Augmentation(image=ImageAugmentation(flip=True))
    together = Augmentation(image=ImageAugmentation(flip=True), shared=("flip",))
    items = {"front": [HALVES, HALVES], "back": [HALVES]}

    def drawn(augmentation, seed):
        return {is_mirrored(i) for own in augmentation(items, seed).values() for i in own}

    assert all(len(drawn(together, seed)) == 1 for seed in range(20))
    assert len({tuple(drawn(together, seed)) for seed in range(20)}) == 2
    assert any(len(drawn(apart, seed)) == 2 for seed in range(20))


def test_a_video_stretches_as_a_recording_beside_it_and_its_frames_change_as_one():
    both = Augmentation(
        image=ImageAugmentation(rotate=(20, 40), probability=1.0),
        audio=SoundAugmentation(speed=(0.7, 0.9), probability=1.0),
        shared=("speed",),
    )
    film = Video(np.stack([HALVES, HALVES]), np.array([0.0, 0.5]), Sound(NOISE, RATE))
    made = both({"film": [film], "voice": [Sound(NOISE, RATE)]}, 1)
    changed, voice = made["film"][0], made["voice"][0]
    assert changed.sound.seconds == voice.seconds > 1.05
    assert changed.times[1] == pytest.approx(0.5 * voice.seconds)
    assert np.array_equal(changed.frames[0], changed.frames[1])
    assert not np.array_equal(changed.frames[0], HALVES)


def test_the_order_of_modalities_means_nothing_and_other_kinds_stay():
    every = Augmentation(image=ImageAugmentation(hue=(-0.5, 0.5)), text=CAPTION)
    items = {"photo": [HALVES], "title": ["one two three four"], "row": [{"age": 3.0}]}
    made, turned = every(items, 4), every(dict(reversed(items.items())), 4)
    assert np.array_equal(made["photo"][0], turned["photo"][0])
    assert made["title"] == turned["title"]
    assert made["row"] == items["row"]


def test_a_shared_change_that_nothing_makes_is_an_error():
    with pytest.raises(UnknownNameError, match="change in shared 'flap'; did you mean 'flip'"):
        Augmentation(image=ImageAugmentation(flip=True), shared=("flap",))
    with pytest.raises(UnknownNameError, match="Known: delete, insert"):
        Augmentation(text=TextAugmentation(swap=(0, 1)), shared=("flip",))


@pytest.mark.parametrize("given", ["PHOTO", SPEECH, {"flip": True}])
def test_what_changes_no_pictures_is_an_error_that_names_what_does(given):
    message = f"image takes ImageAugmentation or None, got {type(given).__name__}; .* 'photo'"
    with pytest.raises(InputError, match=message):
        Augmentation(image=given)
