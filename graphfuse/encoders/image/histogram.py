"""Histograms of colours and of gradient orientations: an image encoder without weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from graphfuse.encoders.encoder import EncoderInfo, encoder
from graphfuse.encoders.image._cells import CellEncoder
from graphfuse.encoders.image._pixels import into_cells
from graphfuse.errors import check_integer

CLIP = 0.2
NOISE = 0.01
"""Constant added to the norm of gradients, for colours in [0, 1]; weaker gradients fade."""


@encoder(
    EncoderInfo(
        "histogram",
        kind="image",
        title="histograms of colours and gradients",
        nodes="a square cell of the image, at its row and column",
        paper="https://doi.org/10.1109/CVPR.2005.177",
    )
)
@dataclass(frozen=True)
class Histogram(CellEncoder):
    """Describe each cell of an image by its colours and gradients (Dalal & Triggs 2005).

    See "Histograms of Oriented Gradients for Human Detection",
    https://doi.org/10.1109/CVPR.2005.177. An image is made a square of ``side * pixels`` pixels a
    side, by default padded with white. Features of a cell, F = 3 * colours + 4 * orientations: the
    shares of its pixels in equal ranges of red, green and blue; then its histogram of unsigned
    orientations (centred differences, the strongest of the three colours, votes by magnitude that
    are split between the two nearest bins), as normalised within each of the four blocks of 2 x 2
    cells that hold it, by length, clipped at 0.2 and by length again.

    Differs from the paper: votes are neither spread over cells nor weighted by a Gaussian; cells
    beyond the border repeat those at it; and colours are added.

    Args:
        side: cells along a side of the image.
        pixels: pixels along a side of a cell.
        square: how an image becomes a square: "pad" with white, which shows its aspect ratio,
            "crop" to its middle, or "stretch".
        colours: ranges of each colour.
        orientations: bins of half a turn.

    Example:
        >>> nodes = Histogram(side=2).encode([np.zeros((60, 80, 3), np.uint8)])[0]
        >>> nodes.x.shape, nodes.pos.shape
        (torch.Size([4, 60]), torch.Size([4, 2]))
    """

    colours: int = 8
    orientations: int = 9

    def __post_init__(self) -> None:
        super().__post_init__()
        check_integer("colours", self.colours, 1)
        check_integer("orientations", self.orientations, 1)

    @property
    def features(self) -> int:
        """Ranges of three colours, and orientations by four normalisations."""
        return 3 * self.colours + 4 * self.orientations

    def describe(self, squares: np.ndarray) -> np.ndarray:
        """Return the histograms of each cell."""
        oriented = orientation_histograms(squares, self.side, self.orientations)
        return np.concatenate(
            [
                colour_histograms(squares, self.side, self.colours),
                normalise_blocks(oriented).reshape(len(squares), self.side**2, -1),
            ],
            axis=2,
        )


def colour_histograms(squares: np.ndarray, side: int, bins: int) -> np.ndarray:
    """Return the shares [B, side * side, 3 * bins] of each cell's pixels by range of colour."""
    bin_of = into_cells(squares.astype(np.int64) * bins // 256, side)
    bin_of = bin_of.reshape(-1, bin_of.shape[2] ** 2, 3)
    return _count(bin_of, np.ones(1), bins).reshape(len(squares), side**2, 3 * bins)


def orientation_histograms(squares: np.ndarray, side: int, bins: int) -> np.ndarray:
    """Return the mean magnitudes [B, side, side, bins] of each cell's gradients by orientation.

    The first bin starts at a gradient along the rows, from left to right or back.
    """
    colours = np.pad(squares.astype(np.float32) / 255, [(0, 0), (1, 1), (1, 1), (0, 0)], "edge")
    across = colours[:, 1:-1, 2:] - colours[:, 1:-1, :-2]
    down = colours[:, 2:, 1:-1] - colours[:, :-2, 1:-1]
    strongest = (across**2 + down**2).argmax(-1)[..., None]
    across, down = (np.take_along_axis(d, strongest, -1)[..., 0] for d in (across, down))
    place = np.arctan2(down, across) / math.pi % 1 * bins - 0.5
    lower = np.floor(place)
    share, size = place - lower, np.hypot(across, down)
    votes = np.stack([size * (1 - share), size * share], axis=-1)
    bin_of = np.stack([lower, lower + 1], axis=-1).astype(np.int64) % bins
    cells, votes = into_cells(bin_of, side), into_cells(votes, side)
    flat = (-1, cells.shape[2] ** 2 * 2, 1)
    # A pixel votes twice, so the mean over votes is half of that over pixels.
    return 2 * _count(cells.reshape(flat), votes.reshape(flat), bins).reshape(
        len(squares), side, side, bins
    )


def normalise_blocks(cells: np.ndarray) -> np.ndarray:
    """Return histograms [B, R, C, O] as normalised in the four blocks around: [B, R, C, 4, O]."""
    rows, columns = cells.shape[1:3]
    padded = np.pad(cells, [(0, 0), (1, 1), (1, 1), (0, 0)], "edge")
    corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
    blocks = np.stack(
        [padded[:, r : r + rows + 1, c : c + columns + 1] for r, c in corners], axis=3
    )
    blocks = np.minimum(blocks / _length(blocks), CLIP)
    blocks = blocks / _length(blocks)
    return np.stack(
        [blocks[:, 1 - r : 1 - r + rows, 1 - c : 1 - c + columns, 2 * r + c] for r, c in corners],
        axis=3,
    )


def _length(blocks: np.ndarray) -> np.ndarray:
    length: np.ndarray = np.sqrt((blocks**2).sum((-2, -1), keepdims=True) + NOISE**2)
    return length


def _count(bin_of: np.ndarray, votes: np.ndarray, bins: int) -> np.ndarray:
    """Return the mean votes [G, K, bins] of bins [G, P, K] over P."""
    groups, each, kinds = bin_of.shape
    start = np.arange(groups)[:, None, None] * kinds + np.arange(kinds)
    weights = np.broadcast_to(votes, bin_of.shape).ravel()
    total = np.bincount((start * bins + bin_of).ravel(), weights, groups * kinds * bins)
    mean: np.ndarray = total.reshape(groups, kinds, bins) / each
    return mean
