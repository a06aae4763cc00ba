"""Helpers of networks for images, which become grids of cells."""

from __future__ import annotations

import torch
from torch import Tensor

from graphfuse.data import Modality
from graphfuse.errors import InputError


def check_image(modality: Modality, network: str) -> tuple[int, int, int]:
    """Return channels, height and width of an image modality."""
    if len(modality.shape) != 3:
        raise InputError(
            f"network {network!r} needs images, raw nodes of shape (channels, height, width), "
            f"but modality {modality.name!r} has {modality.shape}; the image encoder 'pixels' "
            f"makes such nodes"
        )
    channels, height, width = modality.shape
    return channels, height, width


def cell_positions(pos: Tensor | None, mask: Tensor, cells: Tensor) -> Tensor:
    """Return positions [B, N * cells, P + P'] of cells [cells, P'] after those of their image."""
    grid = cells.to(mask.device).expand(*mask.shape, -1, -1)
    if pos is not None:
        own = pos.unsqueeze(2).expand(-1, -1, len(cells), -1)
        grid = torch.cat([own, grid.to(pos.dtype)], dim=3)
    return (grid * mask[:, :, None, None]).flatten(1, 2)
