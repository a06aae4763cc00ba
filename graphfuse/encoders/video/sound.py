"""The sound of a video, through an audio encoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch

from graphfuse.encoders.encoder import Encoder, EncoderInfo, Nodes, create_encoder, encoder
from graphfuse.errors import InputError
from graphfuse.raw import Item, Video


@encoder(
    EncoderInfo(
        "sound",
        kind="video",
        title="sound through an audio encoder",
        nodes="the nodes of the audio encoder; pos = their second",
    )
)
@dataclass(frozen=True)
class FilmSound(Encoder):
    """Encode the sound of a video; one without sound has no nodes.

    Nodes are the audio encoder's, and ``pos`` is their second since the first picture, as that of
    frames is, so that :class:`~graphfuse.graph.Temporal` joins frames to sounds.

    Args:
        audio: name of an audio encoder, such as "mel" or "transformers:facebook/wav2vec2-base".
        audio_options: its options, such as ``{"rate": 2}``.

    Example:
        >>> import numpy as np
        >>> from graphfuse.raw import Sound
        >>> silent = Video(np.zeros((4, 6, 8, 3), np.uint8), np.arange(4) / 4)
        >>> heard = Video(silent.frames, silent.times, Sound(np.zeros(8000, np.float32), 8000))
        >>> [len(nodes.x) for nodes in FilmSound("mel", {"rate": 2}).encode([silent, heard])]
        [0, 2]
    """

    audio: str = "mel"
    audio_options: Mapping[str, Any] = field(default_factory=dict)

    batch_size = 8

    @cached_property
    def sounds(self) -> Encoder:
        """The audio encoder."""
        return create_encoder("audio", self.audio, **self.audio_options)

    @property
    def features(self) -> int:
        """Those of the audio encoder."""
        return self.sounds.features

    @property
    def has_network(self) -> bool:
        """Whether the audio encoder has."""
        return self.sounds.has_network

    @property
    def pos_dim(self) -> int:
        """Second."""
        return self.sounds.pos_dim

    def prepare(self, item: Item) -> Video:
        """Return a video without its frames, its sound as the audio encoder takes it.

        Raises:
            InputError: not a video, or a sound that the audio encoder refuses.
        """
        if not isinstance(item, Video):
            raise InputError(f"the sound of a video is that of a Video, got {type(item).__name__}")
        sound: Any = None if item.sound is None else self.sounds.prepare(item.sound)
        return Video(item.frames[:0], item.times[:0], sound)

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the nodes of each video's sound, none where it has no sound.

        Raises:
            InputError: not a video, or a sound that the audio encoder refuses.
        """
        heard = [self.prepare(item).sound for item in items]
        given = [sound for sound in heard if sound is not None]
        made = iter(self.sounds.to(self.device).encode(given) if given else ())
        none = Nodes(torch.zeros(0, self.features), torch.zeros(0, self.pos_dim))
        return [none if sound is None else next(made) for sound in heard]

    def identity(self) -> dict[str, Any]:
        """Return options, and the identity of the audio encoder."""
        return {**super().identity(), "sounds": self.sounds.identity()}
