"""What methods against imbalance share: where they act, and predictions from one modality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor

from graphfuse.data import Batch, FusionDataset
from graphfuse.data.batch_changes import only
from graphfuse.fusion import FusionOutput, Strategy
from graphfuse.training.mixed_batch import MixedBatch

if TYPE_CHECKING:
    from graphfuse.training.recipe import Recipe


class Balance:
    """Takes part in one training of one strategy, here without doing anything.

    To add a method, write a file with a subclass, register it under a name, and override what it
    changes. What it keeps is no part of the strategy and is dropped after the training.

    Args:
        seed: of what is random in the method; the same for all strategies.
    """

    needs_probabilities: ClassVar[bool] = False
    """Whether it is for classes and labels alone."""

    def __init__(
        self,
        strategy: Strategy,
        train: FusionDataset,
        validation: FusionDataset,
        recipe: Recipe,
        seed: int,
    ) -> None:
        self.strategy, self.validation = strategy, validation

    def terms(
        self, terms: dict[str, Tensor], output: FusionOutput, mixed: MixedBatch
    ) -> dict[str, Tensor]:
        """Return the terms of the loss, given those of the strategy.

        Compute terms that depend on labels by ``mixed.mixed_loss``, as mixed samples have two.
        """
        return terms

    def modulate(self, output: FusionOutput, mixed: MixedBatch) -> None:
        """Change the gradients of the strategy's parameters before they are clipped."""

    def end_epoch(self) -> None:
        """Use the validation part after an epoch."""


def unimodal_logits(strategy: Strategy, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
    """Return the prediction from each modality alone, ``{modality: [B, C]}``.

    The strategy's ``modality_logits`` if it has them; else what it predicts with the other
    modalities hidden, which works for any strategy and costs one forward pass per modality.
    """
    if output.modality_logits is not None:
        return output.modality_logits
    return {m: strategy(only(batch, m)).logits for m in strategy.schema.names}


def unimodal_losses(
    strategy: Strategy, own: Mapping[str, Tensor], mixed: MixedBatch
) -> dict[str, Tensor]:
    """Return the task's loss of each modality's own prediction, over the samples that have it."""

    def loss(batch: Batch, m: str) -> dict[str, Tensor]:
        there = batch.mask[m].any(1)
        return {m: strategy.task_loss(own[m][there], replace(batch, y=batch.y[there]))}

    return {m: mixed.mixed_loss(partial(loss, m=m), [m])[m] for m in own}


def with_unimodal(terms: Mapping[str, Tensor], losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Add one term per modality, unless the strategy has that term already."""
    return {**{f"unimodal:{m}": loss for m, loss in losses.items()}, **terms}
