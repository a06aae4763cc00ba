"""Images as grids of cells: what networks for images share."""

from __future__ import annotations

import torch
from torch import Tensor

from graphfuse.data import Modality
from graphfuse.errors import InputError


def check_image(modality: Modality, network: str) -> tuple[int, int, int]:
    """Return channels, height and width of an image modality."""
    if len(modality.shape) != 3:
        raise InputError(
            f"network {network!r} takes images, raw nodes of shape (channels, height, width), "
            f"modality {modality.name!r} has {modality.shape}; the image encoder 'pixels' makes "
            f"such nodes"
        )
    channels, height, width = modality.shape
    return channels, height, width


def cell_positions(
    pos: Tensor | None, mask: Tensor, rows: int, columns: int, dtype: torch.dtype
) -> Tensor:
    """Return positions [B, N * rows * columns, P + 2]: the image's own, then row and column."""
    along = [torch.arange(n, dtype=dtype, device=mask.device) for n in (rows, columns)]
    grid = torch.cartesian_prod(*along).expand(*mask.shape, -1, -1)
    if pos is not None:
        own = pos.to(dtype).unsqueeze(2).expand(-1, -1, rows * columns, -1)
        grid = torch.cat([own, grid], dim=3)
    return (grid * mask[:, :, None, None]).flatten(1, 2)
