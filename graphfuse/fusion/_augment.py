"""Random changes of the raw nodes of a modality, before a network encodes them in training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from torch import Tensor

from graphfuse.data import Modality
from graphfuse.errors import InputError
from graphfuse.raw.augment import (
    ImageAugmentation,
    SoundAugmentation,
    TextAugmentation,
    create_augmentation,
)

Change = Callable[[Tensor, Tensor, Tensor | None, torch.Generator], tuple[Tensor, Tensor]]
"""Takes raw nodes [B, N, *shape], their mask [B, N] and positions [B, N, P]; returns the changed
nodes and their mask."""

APART = 1.5
"""A larger gap between positions starts the next text of the sample; tokens are 1 apart."""


def create_change(given: Any, modality: Modality) -> Change:
    """Return the change for the name of a preset, its options, an augmentation or a function.

    Raises:
        InputError: no augmentation supports nodes of this shape.
    """
    own = ImageAugmentation | SoundAugmentation | TextAugmentation
    if callable(given) and not isinstance(given, own):
        return map_nodes(given, modality.name)
    if len(modality.shape) == 3 and modality.shape[0] == 3:
        images = cast(ImageAugmentation, create_augmentation("image", given))
        return map_nodes(images.batch, modality.name)
    if modality.shape == (1,) and modality.pos_dim:
        return map_tokens(cast(TextAugmentation, create_augmentation("text", given)))
    raise InputError(
        f"augment takes images of shape (3, H, W), and word or token numbers of shape (1,) with "
        f"positions, but modality {modality.name!r} has nodes of shape {modality.shape}; give a "
        f"function that keeps the number and shape of the nodes"
    )


def map_nodes(function: Callable[[Tensor, torch.Generator], Tensor], modality: str) -> Change:
    """Wrap a shape-preserving function of nodes [K, *shape] so that it changes the real nodes."""

    def change(
        x: Tensor, mask: Tensor, pos: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        real = x[mask]
        changed = function(real, generator)
        if changed.shape != real.shape:
            raise InputError(
                f"the augmentation of modality {modality!r} returned shape {list(changed.shape)} "
                f"for nodes of shape {list(real.shape)}; it must keep their number and shape"
            )
        placed = changed.new_zeros(x.shape)
        placed[mask] = changed
        return placed, mask

    return change


def map_tokens(augmentation: TextAugmentation) -> Change:
    """Wrap an augmentation of texts so that it changes each text, in the order of positions."""

    def change(
        x: Tensor, mask: Tensor, pos: Tensor | None, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        texts = [] if pos is None else list(_texts(mask, pos[..., 0]))
        if not texts:
            return x, mask
        rows = torch.nn.utils.rnn.pad_sequence([nodes for _, nodes in texts], True, -1)
        samples = torch.tensor([sample for sample, _ in texts]).unsqueeze(1).expand_as(rows)
        there = rows >= 0
        at = samples[there].to(x.device), rows[there].to(x.device)
        tokens = x.new_zeros(rows.shape)
        there = there.to(x.device)
        tokens[there] = x[at][:, 0]
        tokens, left = augmentation.batch(tokens, there, generator)
        x, mask = x.clone(), mask.clone()
        x[at], mask[at] = tokens[there].unsqueeze(1), left[there]
        return x, mask

    return change


def _texts(mask: Tensor, pos: Tensor) -> Iterator[tuple[int, Tensor]]:
    """Yield the sample of each text and its nodes, in the order of their positions."""
    mask, pos = mask.cpu(), pos.detach().cpu()
    for sample in range(len(mask)):
        real = mask[sample].nonzero().flatten()
        order = real[pos[sample, real].argsort(stable=True)]
        begins = (pos[sample, order].diff() > APART).nonzero().flatten() + 1
        if len(order):
            yield from ((sample, nodes) for nodes in order.tensor_split(begins))
