"""Change the features of training samples at random, anew in each epoch."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from graphfuse.data import Batch, FusionDataset
from graphfuse.data.batch_changes import drop_edges, drop_nodes, hide, mix
from graphfuse.training.labelled import Labelled
from graphfuse.training.modality_dropout import draw_gaps

if TYPE_CHECKING:
    from graphfuse.training.recipe import Recipe


class FeatureAugmentation:
    """The changes that a recipe asks for, to the samples of one training part.

    What is drawn for a sample depends on the seed, the epoch and its id alone, so that all
    strategies see the same; whom it is mixed with, on its batch. There is no way to hand it
    validation or test samples.
    """

    def __init__(self, train: FusionDataset, recipe: Recipe, seed: int) -> None:
        self.train, self.recipe, self.seed = train, recipe, seed
        self.keys = np.array([zlib.crc32(str(name).encode()) for name in train.ids])
        self.missing = np.random.default_rng([seed, 1])
        self.gaps: dict[str, Tensor] = {}
        self.epoch = -1

    def begin_epoch(self) -> None:
        """Draw anew."""
        self.epoch += 1
        if self.recipe.modality_dropout:
            self.gaps = draw_gaps(self.train, self.recipe.modality_dropout, self.missing)

    def change(self, batch: Batch, rows: np.ndarray) -> Batch:
        """Return the batch of those rows of the training part without what is dropped."""
        seeds = [[self.seed, self.epoch, int(key)] for key in self.keys[rows]]
        if self.recipe.node_dropout:
            batch = drop_nodes(batch, self.recipe.node_dropout, seeds)
        if self.recipe.edge_dropout:
            batch = drop_edges(batch, self.recipe.edge_dropout, seeds)
        return hide(batch, {m: hidden[rows] for m, hidden in self.gaps.items()})

    def mix(self, batch: Batch, rows: np.ndarray) -> Labelled:
        """Return the batch mixed with itself in another order, with own and other labels.

        Without mixup the batch with its labels.
        """
        if not self.recipe.mixup or len(batch) < 2:
            return Labelled(batch)
        rng = np.random.default_rng([self.seed, self.epoch, 2, *sorted(self.keys[rows].tolist())])
        share = float(rng.beta(self.recipe.mixup, self.recipe.mixup))
        share = min(share, 1 - share)
        order = torch.from_numpy(rng.permutation(len(batch))).to(batch.device)
        moved, mixed = mix(batch, order, share)
        return Labelled(moved, batch.y[order], share, mixed)
