"""timm: any network of timm, fine-tuned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import torch
from torch import Tensor

from graphfuse.data import Modality
from graphfuse.encoders.image.timm import (
    NODES,
    Timm,
    import_timm,
    nodes_of,
    pixels_of,
    positions_of,
)
from graphfuse.encoders.networks._cells import cell_positions, check_image
from graphfuse.encoders.networks._pretrained import (
    RATE,
    SAVED,
    choose_trained,
    keep_norms,
    outside,
)
from graphfuse.encoders.networks.network import Encoded, Network, network, on_real_nodes
from graphfuse.encoders.weights import LITE0
from graphfuse.errors import InputError, UnknownNameError


@network("timm")
class TimmNetwork(Network):
    """Encode images in bytes by a network of timm (Wightman 2019), and train it further.

    See https://github.com/huggingface/pytorch-image-models. Before training its nodes are those
    of the frozen image encoder of the same name; images come from the encoder ``pixels``, best
    with the side and interpolation that the network was trained with. Batch normalisation keeps
    its pretrained statistics.

    Args:
        model: a name that timm knows, or ``"hf-hub:user/name"``.
        nodes: "cells", "global" or "both", as in the encoder.
        train: "all" weights, those of the "last" block as timm groups layers, or "none".
        lora: rank of matrices that are trained in place of the weights; 0 for none.
        rate: learning rate as a share of the recipe's; 0.1 if pretrained, else 1.
        pretrained: whether it begins with pretrained weights; without them it is trained from
            scratch.
        weights: path of a file of weights; without it, as in the encoder.

    Raises:
        InputError: no weights, or images of a size that the network does not take.
    """

    def __init__(
        self,
        modality: Modality,
        model: str = LITE0,
        nodes: str = "cells",
        train: str = "all",
        lora: int = 0,
        rate: float | None = None,
        pretrained: bool = True,
        weights: str | None = None,
    ) -> None:
        super().__init__(modality)
        shape = check_image(modality, "timm")
        if nodes not in NODES:
            raise UnknownNameError("nodes of network 'timm'", nodes, NODES)
        self.model, self.nodes, self.pretrained = model, nodes, pretrained
        self.rate = (RATE if pretrained else 1.0) if rate is None else rate
        if pretrained and weights != SAVED:
            self.network = Timm(model, nodes, weights).network
        else:
            self.network = import_timm().create_model(model)
        config = pixels_of(self.network, model)
        self.network.reset_classifier(0)  # type: ignore[operator]
        choose_trained(self.network, train, lora, self._is_last, "timm")
        self.network.to(memory_format=torch.channels_last)
        for name in ("mean", "std"):
            self.register_buffer(name, 255 * torch.tensor(config[name]).view(3, 1, 1))
        self.cells, self.features = self._measure(shape)
        self.pos_dim = modality.pos_dim + positions_of(self.cells, nodes).shape[1]

    mean: Tensor
    std: Tensor

    def saved_options(self) -> dict[str, Any]:
        """Take the weights that are saved with the strategy."""
        return {"weights": SAVED} if self.pretrained else {}

    @classmethod
    def check_saved(cls, options: Mapping[str, Any]) -> None:
        """Raise an error unless the weights are those saved with the strategy."""
        if str(options.get("model")).startswith("local-dir:"):
            raise outside("model", options["model"], "a name that timm knows")
        if options.get("pretrained", True) and options.get("weights") != SAVED:
            raise outside("weights", options.get("weights"), repr(SAVED))

    def train(self, mode: bool = True) -> Self:
        """Set to train or evaluate, but for pretrained statistics."""
        super().train(mode)
        if self.pretrained:
            keep_norms(self.network)
        return self

    def forward(self, x: Tensor, mask: Tensor, pos: Tensor | None) -> Encoded:
        """Encode images [B, N, 3, S, S] in bytes to nodes [B, N * cells, F]."""
        encoded = on_real_nodes(self._nodes, x, mask, (self.cells, self.features))
        places = cell_positions(pos, mask, positions_of(self.cells, self.nodes).to(self.dtype))
        return Encoded(
            encoded.to(self.dtype),
            mask.repeat_interleave(self.cells, 1),
            places if self.pos_dim else None,
        )

    def _nodes(self, images: Tensor) -> Tensor:
        scaled = (images.to(self.dtype) - self.mean) / self.std
        return nodes_of(self.network, scaled, self.nodes, self.model)

    @torch.no_grad()
    def _measure(self, shape: tuple[int, int, int]) -> tuple[int, int]:
        """Return number and size of the nodes of an image."""
        was = self.training
        try:
            output = self.eval()._nodes(torch.zeros(1, *shape))
        except (RuntimeError, AssertionError) as error:
            raise InputError(
                f"{self.model!r} does not take images of {shape[1]} x {shape[2]} pixels in "
                f"{shape[0]} colours, as those of modality {self.modality.name!r} are: {error}"
            ) from error
        self.train(was)
        return output.shape[1], output.shape[2]

    def _is_last(self, name: str) -> bool:
        """Return whether a parameter belongs to the last group of layers, as timm groups them."""
        from timm.models import group_parameters

        matcher: Any = self.network.group_matcher(coarse=True)  # type: ignore[operator]
        layers: dict[str, int] = group_parameters(self.network, matcher, reverse=True)
        return layers[name] == max(layers.values())
