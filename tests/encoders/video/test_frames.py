import numpy as np
import pytest
import torch

from graphfuse.encoders import create_encoder
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw import Video


def video(count, seconds=1.0, seed=0):
    frames = np.random.default_rng(seed).integers(0, 256, (count, 9, 12, 3), dtype=np.uint8)
    return Video(frames, np.linspace(0, seconds, count))


def test_a_node_is_the_mean_of_what_its_frame_gives_at_its_second():
    encoder = create_encoder("video", "frames", image="patches", image_options={"side": 2}, most=8)
    image = create_encoder("image", "patches", side=2)
    given = video(5, seconds=2)
    (nodes,) = encoder.encode([given])
    expected = torch.stack([own.x.mean(0) for own in image.encode(list(given.frames))])
    assert torch.equal(nodes.x, expected)
    assert nodes.x.shape[1] == encoder.features
    assert nodes.pos.tolist() == [[0], [0.5], [1], [1.5], [2]]


def test_frames_are_spread_over_the_time_not_over_the_count():
    encoder = create_encoder("video", "frames", image="patches", most=3)
    times = np.array([0, 0.1, 0.2, 0.3, 0.4, 0.5, 5, 10])
    (nodes,) = encoder.encode([Video(video(8).frames, times)])
    assert nodes.pos.flatten().tolist() == [0.5, 5, 10]


def test_videos_of_any_length_are_encoded_together():
    encoder = create_encoder("video", "frames", image="histogram", most=6)
    given = [video(40), video(1, seed=1), video(3, seed=2)]
    together = encoder.encode(given)
    assert [len(nodes.x) for nodes in together] == [6, 1, 3]
    for one, nodes in zip(given, together, strict=True):
        assert torch.equal(encoder.encode([one])[0].x, nodes.x)
    again = encoder.encode([encoder.prepare(one) for one in given])
    assert all(torch.equal(a.x, b.x) for a, b in zip(again, together, strict=True))


def test_the_image_encoder_is_part_of_the_identity():
    one, other = (
        create_encoder("video", "frames", image="patches", image_options={"side": side})
        for side in (2, 3)
    )
    assert one.identity() != other.identity()
    assert one.identity()["frames"]["options"]["side"] == 2


def test_an_image_encoder_of_raw_pixels_is_refused():
    with pytest.raises(InputError, match=r"'pixels' gives raw nodes .* such as"):
        create_encoder("video", "frames", image="pixels")


def test_what_is_no_video_is_refused():
    encoder = create_encoder("video", "frames", image="patches")
    with pytest.raises(InputError, match="got no frames"):
        encoder.encode([Video(np.zeros((0, 4, 4, 3), np.uint8), np.zeros(0))])
    with pytest.raises(InputError, match="got a ndarray"):
        encoder.encode([np.zeros((4, 4, 3), np.uint8)])
    with pytest.raises(UnknownNameError, match="unknown image encoder 'patch'"):
        create_encoder("video", "frames", image="patch").encode([video(2)])
