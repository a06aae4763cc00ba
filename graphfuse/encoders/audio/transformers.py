"""Audio models of the transformers library: frames of a hidden layer."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphfuse.encoders.audio._frames import SHORTEST, bounds_of, check_seconds, heard
from graphfuse.encoders.encoder import Encoder, EncoderInfo, Nodes, encoder
from graphfuse.encoders.huggingface import import_library, load, load_network
from graphfuse.encoders.weights import find_folder, folder_checksum
from graphfuse.errors import InputError
from graphfuse.raw import Item, Sound

TOGETHER = 120.0
"""Seconds, padding included, that go through a model at once."""
MASKED = ("hubert", "unispeech-sat", "wav2vec2", "wavlm")
"""Types of models whose frames are the same with and without masked padding behind them."""
UNUSED = ("masked_spec_embed",)
"""Weights that only pretraining uses: checkpoints may lack them."""
WHAT = "an audio model"


@encoder(
    EncoderInfo(
        name="transformers",
        kind="audio",
        title="audio model of transformers",
        nodes="frames of a hidden layer, pooled if asked for; seconds of their centre",
        paper="Wolf et al. 2020, https://doi.org/10.18653/v1/2020.emnlp-demos.6",
        needs="encoders",
    )
)
@dataclass(frozen=True)
class Transformers(Encoder):
    """Frames of a hidden layer of a pretrained audio model, frozen.

    ``model`` is a folder, or a name on the Hugging Face Hub (``"user/name"`` or
    ``"user/name@revision"``), of a model that ``AutoModel`` and ``AutoFeatureExtractor`` load:
    Wav2Vec2, HuBERT, WavLM and similar models, Wav2Vec2-BERT, the encoder of Whisper, the Audio
    Spectrogram Transformer (mean over its bands). Code that comes with weights is never run.

    Sounds are brought to the model's sample rate, those shorter than 0.1 s lengthened with silence,
    and prepared as the model was trained, which for most takes away the volume (not for WavLM base
    models). Where the source's rate is lower than the model's, only the missing upper frequencies
    show it. Padding takes no part: models that can mask it do, other ones
    (``feat_extract_norm="group"`` among them, as of Wav2Vec2 and HuBERT base models) get sounds of
    equal length together only. Whisper and the Spectrogram Transformer always read their full
    window, filled with silence; frames of that silence are left out.

    The position of a frame is the second at the centre of what it hears: with convolutions of
    stride S and receptive field R, ``(t S + R / 2) / rate``, and otherwise spread evenly over the
    window.

    For short speech, all frames (50 per second with most models) or ``rate=4``; for long recordings
    ``rate=1``, which also keeps samples under some 500 nodes.

    Args:
        model: folder, or name on the Hub.
        layer: 0 for what enters the first layer, 1 to the number of layers for what leaves each,
            or -1 for the model's output.
        rate: average frames to about this many nodes per second; None for one node per frame.
        chunk: seconds; longer sounds are cut into equal parts of at most this length that do not
            hear each other. Memory grows with its square.
        seconds: length read from the start of each sound; all of it if None. A limit hides the
            duration of every sound that is at least as long.

    Raises:
        MissingDependencyError: at the first use, without the package ``transformers``.
        InputError: at the first use, if there is no such model or layer, if weights are missing,
            or if it does not turn sound alone into frames.

    Example:
        >>> Transformers("microsoft/wavlm-large", layer=12, rate=4).pos_dim
        1
    """

    model: str = "facebook/wav2vec2-base-960h"
    layer: int = -1
    rate: float | None = None
    chunk: float = 30.0
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.rate is not None and not self.rate > 0:
            raise InputError(
                f"rate must be a number of nodes per second above 0, got {self.rate!r}"
            )
        if not self.chunk >= 1:
            raise InputError(f"chunk must be a number of seconds of at least 1, got {self.chunk!r}")
        check_seconds(self.seconds)
        if self.layer < -1:
            raise InputError(f"layer must be -1 or at least 0, got {self.layer!r}")

    @property
    def has_network(self) -> bool:
        """It has."""
        return True

    @property
    def features(self) -> int:
        """Width of the hidden layer."""
        config = self.network.config
        if self.layer == -1 and getattr(config, "add_adapter", False):
            return int(config.output_hidden_size)
        return int(config.hidden_size)

    @property
    def network(self) -> Any:
        """The model with its weights, in evaluation mode."""
        return _load(self.model).network

    @property
    def pos_dim(self) -> int:
        """Seconds."""
        return 1

    def identity(self) -> dict[str, Any]:
        """Return name, options and the checksum of the model's files.

        Raises:
            InputError: there is no such model.
        """
        plain = super().identity()
        plain["options"].pop("model")  # a name or path, which may come to mean something else
        return {**plain, "weights": folder_checksum(find_folder(self.model))}

    def prepare(self, item: Item) -> Sound:
        """Return the part of a sound that is read, at the model's sample rate.

        Raises:
            InputError: not a sound; or there is no such model.
        """
        return heard(item, int(_extractor(self.model).sampling_rate), self.seconds)

    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the nodes of each sound.

        Raises:
            InputError: there is no such model or layer, or the model does not take sound alone.
        """
        loaded = _load(self.model)
        loaded.network.to(self.device)
        longest = int(min(self.chunk, loaded.window or self.chunk) * loaded.rate)
        sounds = [self.prepare(item) for item in items]
        pieces = [
            _Piece(number, start, samples)
            for number, sound in enumerate(sounds)
            for start, samples in _cut(_lengthened(sound), longest)
        ]
        made: dict[tuple[int, int], Nodes] = {}
        for batch in _batches(pieces, loaded):
            for piece, nodes in zip(batch, loaded.frames(batch, self.layer), strict=True):
                made[piece.item, piece.start] = nodes
        return [
            self._pool([made[key] for key in sorted(made) if key[0] == number], sound.seconds)
            for number, sound in enumerate(sounds)
        ]

    def _pool(self, parts: list[Nodes], seconds: float) -> Nodes:
        x, pos = torch.cat([part.x for part in parts]), torch.cat([part.pos for part in parts])
        if self.rate is None:
            return Nodes(x, pos)
        sizes = np.diff(bounds_of(len(x), seconds * self.rate)).tolist()
        return Nodes(
            *(torch.stack([span.mean(0) for span in torch.split(v, sizes)]) for v in (x, pos))
        )


@dataclass(frozen=True, eq=False)
class _Piece:
    """Samples of an item from ``start`` on."""

    item: int
    start: int
    samples: np.ndarray


@dataclass(frozen=True, eq=False)
class _Loaded:
    """A model, how its input is prepared, and how its frames lie in time."""

    name: str
    network: Any
    extractor: Any

    @property
    def rate(self) -> int:
        return int(self.extractor.sampling_rate)

    @property
    def spectrogram_transformer(self) -> bool:
        return bool(self.network.config.model_type == "audio-spectrogram-transformer")

    @property
    def window(self) -> float | None:
        """Seconds that the model always hears; None if as long as the sound."""
        if self.spectrogram_transformer:
            return float(self.extractor.max_length * 0.01)
        samples = getattr(self.extractor, "n_samples", None)
        return samples / self.rate if samples else None

    @property
    def masks(self) -> bool:
        """Whether padding can be masked without a trace."""
        config = self.network.config
        return (
            config.model_type in MASKED
            and config.feat_extract_norm == "layer"
            and not getattr(config, "add_adapter", False)
        )

    def frames(self, batch: list[_Piece], layer: int) -> list[Nodes]:
        """Return frames [L, F] of each piece, and their seconds [L, 1]."""
        hidden = self._hidden([piece.samples for piece in batch], layer)
        if self.spectrogram_transformer:  # two special tokens, then patches, band by band
            config = self.network.config
            columns = (config.max_length - config.patch_size) // config.time_stride + 1
            hidden = hidden[:, 2:].reshape(len(hidden), -1, columns, hidden.shape[2]).mean(1)
        made = []
        for piece, x in zip(batch, hidden, strict=True):
            seconds = self._seconds(len(piece.samples), len(x)) + piece.start / self.rate
            made.append(
                Nodes(x[: len(seconds)].clone(), torch.from_numpy(seconds).float()[:, None])
            )
        return made

    def _hidden(self, samples: list[np.ndarray], layer: int) -> Tensor:
        padding = {"padding": True, "return_attention_mask": True} if self.masks else {}
        prepared = self.extractor(samples, sampling_rate=self.rate, return_tensors="pt", **padding)
        wanted = layer != -1
        try:
            with torch.inference_mode():
                output = self.network(
                    **prepared.to(self.network.device), output_hidden_states=wanted
                )
            layers = output.hidden_states if wanted else (output.last_hidden_state,)
        except torch.OutOfMemoryError:
            raise
        except (AttributeError, RuntimeError, TypeError, ValueError) as error:
            raise InputError(
                f"the model {self.name!r} ({type(self.network).__name__}) does not turn sound "
                f"alone into frames: {error}; take an encoder of sound, such as Wav2Vec2"
            ) from error
        if layer >= len(layers):
            raise InputError(
                f"the model {self.name!r} has the layers 0 to {len(layers) - 1}, got layer={layer}"
            )
        hidden: Tensor = layers[layer]
        return hidden.float().cpu()

    def _seconds(self, samples: int, frames: int) -> np.ndarray:
        """Return the centres of the frames that hear the sound, at least one."""
        count, stride, field = self._convolved(samples)
        if not self.masks and (self.window or count != frames):  # frames share the time evenly
            stride = field = self.rate * (self.window or samples / self.rate) / frames
            if self.spectrogram_transformer:
                stride = 0.01 * self.rate * self.network.config.time_stride
                field = (0.01 * (self.network.config.patch_size - 1) + 0.025) * self.rate
            count = min(frames, math.ceil(samples / stride))
        return (np.arange(count) * stride + field / 2) / self.rate

    def _convolved(self, samples: int) -> tuple[int, float, float]:
        """Return number, stride and receptive field of the frames of the model's convolutions."""
        config = self.network.config
        layers = getattr(config, "conv_kernel", ()), getattr(config, "conv_stride", ())
        count, stride, field = samples, 1, 1
        for kernel, step in zip(*layers, strict=True):
            count, field = (count - kernel) // step + 1, field + (kernel - 1) * stride
            stride *= step
        return count, stride, field


def _lengthened(sound: Sound) -> np.ndarray:
    """Return the samples, with silence behind them up to what a model needs."""
    lacking = math.ceil(SHORTEST * sound.rate) - len(sound.samples)
    return np.pad(sound.samples, (0, max(0, lacking)))


def _cut(samples: np.ndarray, most: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yield equal parts of at most a number of samples, and where they start."""
    parts = math.ceil(len(samples) / most)
    for k in range(parts):
        start = k * len(samples) // parts
        yield start, samples[start : (k + 1) * len(samples) // parts]


def _batches(pieces: list[_Piece], loaded: _Loaded) -> Iterator[list[_Piece]]:
    """Yield pieces that may go through the model together, of similar length."""
    batch: list[_Piece] = []
    for piece in sorted(pieces, key=lambda piece: len(piece.samples)):
        seconds = (len(batch) + 1) * (loaded.window or len(piece.samples) / loaded.rate)
        equal = not batch or len(batch[0].samples) == len(piece.samples)
        if batch and (seconds > TOGETHER or not (equal or loaded.masks or loaded.window)):
            yield batch
            batch = []
        batch.append(piece)
    if batch:
        yield batch


@lru_cache(maxsize=2)
def _extractor(model: str) -> Any:
    library, folder = import_library("encoding sounds"), find_folder(model)
    return load(library.AutoFeatureExtractor, model, folder, WHAT)


@lru_cache(maxsize=2)
def _load(model: str) -> _Loaded:
    extractor = _extractor(model)
    return _Loaded(model, load_network(model, find_folder(model), WHAT, UNUSED), extractor)
