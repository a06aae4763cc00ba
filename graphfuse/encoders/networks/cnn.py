"""cnn: a small convolutional network for images, trained from scratch."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphfuse.data import Modality
from graphfuse.encoders.networks._cells import cell_positions, check_image
from graphfuse.encoders.networks.network import Encoded, Network, network, on_real_nodes
from graphfuse.errors import InputError, check_integer

GROUPS = 8


@network("cnn")
class CNN(Network):
    """Convolve an image down to a grid of cells, which become nodes at their row and column.

    Each stage is a 3 x 3 convolution with stride 2, which halves both sides, group normalisation
    (Wu and He 2018, https://arxiv.org/abs/1803.08494), which unlike batch normalisation keeps
    samples apart, and GELU; after LeCun et al. 1998, https://doi.org/10.1109/5.726791. Images in
    bytes are brought to [-1, 1], others taken as they are. A sample's images are encoded one by
    one, and the position of an image, if it has one, comes before row and column.

    Args:
        channels: features of a cell, those of the last stage; each stage before has half as many,
            eight at least.
        stages: how often both sides are halved.

    Example:
        >>> made = CNN(Modality("image", (3, 32, 32)), channels=16)
        >>> x, mask = torch.zeros(2, 1, 3, 32, 32).byte(), torch.ones(2, 1).bool()
        >>> made(x, mask, None).x.shape, made(x, mask, None).pos[0, -1].tolist()
        (torch.Size([2, 16, 16]), [3.0, 3.0])
    """

    def __init__(self, modality: Modality, channels: int = 64, stages: int = 3) -> None:
        super().__init__(modality)
        colours, *sides = check_image(modality, "cnn")
        check_integer("channels of network 'cnn'", channels, GROUPS)
        check_integer("stages of network 'cnn'", stages, 1)
        if channels % GROUPS:
            raise InputError(
                f"channels of network 'cnn' must be a multiple of {GROUPS}, the groups that are "
                f"normalised together; got {channels}"
            )
        self.features, self.pos_dim = channels, modality.pos_dim + 2
        layers: list[nn.Module] = []
        for left in reversed(range(stages)):
            width = max(channels >> left, GROUPS) // GROUPS * GROUPS
            layers += [nn.Conv2d(colours, width, 3, stride=2, padding=1, bias=False)]
            layers += [nn.GroupNorm(GROUPS, width), nn.GELU()]
            colours = width
            sides = [(side + 1) // 2 for side in sides]
        self.layers = nn.Sequential(*layers)
        self.rows, self.columns = sides

    def forward(self, x: Tensor, mask: Tensor, pos: Tensor | None) -> Encoded:
        """Encode images [B, N, C, H, W] to cells [B, N * rows * columns, channels]."""
        cells = self.rows * self.columns
        encoded = on_real_nodes(self._convolve, x, mask, (cells, self.features)).to(self.dtype)
        along = [torch.arange(side, dtype=self.dtype) for side in (self.rows, self.columns)]
        places = cell_positions(pos, mask, torch.cartesian_prod(*along))
        return Encoded(encoded, mask.repeat_interleave(cells, 1), places)

    def _convolve(self, images: Tensor) -> Tensor:
        pixels = images.to(self.dtype)
        if images.dtype == torch.uint8:
            pixels = pixels / 127.5 - 1
        grid: Tensor = self.layers(pixels)
        return grid.flatten(2).transpose(1, 2)
