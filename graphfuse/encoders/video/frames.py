"""Frames of a video, each through an image encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

from graphfuse.encoders.encoder import Encoder, EncoderInfo, Nodes, create_encoder, encoder
from graphfuse.errors import InputError, check_integer
from graphfuse.raw import Item, Video


@encoder(
    EncoderInfo(
        "frames",
        kind="video",
        title="frames through an image encoder",
        nodes="a frame; pos = its second",
        paper="https://arxiv.org/abs/1608.00859",
    )
)
@dataclass(frozen=True)
class Frames(Encoder):
    """Encode frames that are spread evenly over a video (after Wang et al. 2016).

    The time from the first frame to the last is cut into ``most`` equal segments, of which each
    gives the frame nearest to its middle; see "Temporal Segment Networks",
    https://arxiv.org/abs/1608.00859. A frame is one node, the mean of the nodes that the image
    encoder gives it, and ``pos`` is its second, so that :class:`~graphfuse.graph.Temporal` joins
    frames to each other and to the sound. The sound itself is another modality, for the encoder
    ``sound``.

    Args:
        image: name of an image encoder, such as "timm" or "timm:resnet18".
        image_options: its options, such as ``{"nodes": "global"}``.
        most: frames that are taken of a video.

    Example:
        >>> video = Video(np.zeros((40, 6, 8, 3), np.uint8), np.arange(40) / 10)
        >>> Frames(image="patches", most=4).encode([video])[0].pos.flatten()
        tensor([0.5000, 1.5000, 2.4000, 3.4000])
    """

    image: str = "timm"
    image_options: Mapping[str, Any] = field(default_factory=dict)
    most: int = 16

    batch_size = 4

    def __post_init__(self) -> None:
        check_integer("most, the number of frames,", self.most, 1)
        if not self.frames.dtype.is_floating_point:
            raise InputError(
                f"the node of a frame is the mean of the features of its image, but the image "
                f"encoder {self.image!r} gives raw nodes ({self.frames.dtype}) for a network; "
                f"choose another, such as 'patches'"
            )

    @cached_property
    def frames(self) -> Encoder:
        """The image encoder."""
        return create_encoder("image", self.image, **self.image_options)

    @property
    def features(self) -> int:
        """Those of the image encoder."""
        return self.frames.features

    @property
    def has_network(self) -> bool:
        """Whether the image encoder has."""
        return self.frames.has_network

    @property
    def pos_dim(self) -> int:
        """Second."""
        return 1

    def prepare(self, item: Item) -> Video:
        """Return a video with only the selected frames, each prepared for its encoder.

        Raises:
            InputError: not a video, or one without frames.
        """
        if not isinstance(item, Video) or not len(item.frames):
            what = "no frames" if isinstance(item, Video) else f"a {type(item).__name__}"
            raise InputError(f"a video must be a Video with frames [K, H, W, 3], got {what}")
        chosen = spread(item.times, self.most)
        frames: list[Any] = [self.frames.prepare(item.frames[k]) for k in chosen]
        return Video(np.stack(frames), item.times[chosen], item.sound)

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the frames of each video as nodes.

        Raises:
            InputError: not a video, or one without frames.
        """
        videos = [self.prepare(item) for item in items]
        images = [frame for video in videos for frame in video.frames]
        size, inner = self.frames.batch_size, self.frames.to(self.device)
        parts = [inner.encode(images[i : i + size]) for i in range(0, len(images), size)]
        nodes = iter([own.x.mean(0) for part in parts for own in part])
        return [
            Nodes(
                torch.stack([next(nodes) for _ in video.frames]),
                torch.as_tensor(video.times, dtype=torch.float32)[:, None],
            )
            for video in videos
        ]

    def identity(self) -> dict[str, Any]:
        """Return options, and the identity of the image encoder."""
        return {**super().identity(), "frames": self.frames.identity()}


def spread(times: np.ndarray, most: int) -> np.ndarray:
    """Return which of the times [K], in order, lie nearest to the middles of ``most`` segments.

    Where no more than ``most`` are there, all of them are taken.

    Example:
        >>> spread(np.array([0.0, 1.0, 2.0, 3.0, 10.0]), 2)
        array([2, 4])
    """
    if len(times) <= most:
        return np.arange(len(times))
    middles = times[0] + (times[-1] - times[0]) * (np.arange(most) + 0.5) / most
    return np.unique(np.abs(times[:, None] - middles).argmin(0))
