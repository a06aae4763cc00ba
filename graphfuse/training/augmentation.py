"""Random changes of training samples, drawn anew in each epoch."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from graphfuse.data import Batch, FusionDataset
from graphfuse.data.batch_changes import drop_edges, drop_nodes, hide, mix
from graphfuse.training.mixed_batch import MixedBatch
from graphfuse.training.modality_dropout import draw_gaps

if TYPE_CHECKING:
    from graphfuse.training.recipe import Recipe


class FeatureAugmentation:
    """Apply the random changes of a recipe to the samples of one training part.

    The changes of a sample depend only on the seed, the epoch and the sample's id, so that all
    strategies get the same changes. The sample that it is mixed with depends on its batch.
    Validation and test samples are never changed.
    """

    def __init__(self, train: FusionDataset, recipe: Recipe, seed: int) -> None:
        self.train, self.recipe, self.seed = train, recipe, seed
        self.keys = np.array([zlib.crc32(str(name).encode()) for name in train.ids])
        self.missing = np.random.default_rng([seed, 1])
        self.gaps: dict[str, Tensor] = {}
        self.epoch = -1

    def begin_epoch(self) -> None:
        """Draw new random changes."""
        self.epoch += 1
        if self.recipe.modality_dropout:
            self.gaps = draw_gaps(self.train, self.recipe.modality_dropout, self.missing)

    def change(self, batch: Batch, rows: np.ndarray) -> Batch:
        """Drop nodes, edges and modalities of a batch with these rows of the training part."""
        seeds = [[self.seed, self.epoch, int(key)] for key in self.keys[rows]]
        if self.recipe.node_dropout:
            batch = drop_nodes(batch, self.recipe.node_dropout, seeds)
        if self.recipe.edge_dropout:
            batch = drop_edges(batch, self.recipe.edge_dropout, seeds)
        return hide(batch, {m: hidden[rows] for m, hidden in self.gaps.items()})

    def mix(self, batch: Batch, rows: np.ndarray) -> MixedBatch:
        """Mix the batch with itself in another order; without mixup, return it unchanged."""
        if not self.recipe.mixup or len(batch) < 2:
            return MixedBatch(batch)
        rng = np.random.default_rng([self.seed, self.epoch, 2, *sorted(self.keys[rows].tolist())])
        share = float(rng.beta(self.recipe.mixup, self.recipe.mixup))
        share = min(share, 1 - share)
        order = torch.from_numpy(rng.permutation(len(batch))).to(batch.device)
        moved, mixed = mix(batch, order, share)
        return MixedBatch(moved, batch.y[order], share, mixed)
