"""The base class of balancing methods, and predictions from one modality."""

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
    """Base class of methods that act during one training of one strategy; this one does nothing.

    To add a method, write a file with a subclass, register it under a name, and override the
    methods that it changes. Its state is not part of the strategy and is dropped after training.

    Args:
        seed: seed of the method's random numbers; the same for all strategies.
        sample_weight: weight of each sample by its id; by default 1.
    """

    needs_probabilities: ClassVar[bool] = False
    """Whether it supports classes and labels only, not regression."""

    def __init__(
        self,
        strategy: Strategy,
        train: FusionDataset,
        validation: FusionDataset,
        recipe: Recipe,
        seed: int,
        sample_weight: Mapping[str, float] | None = None,
    ) -> None:
        self.strategy, self.validation = strategy, validation
        self.sample_weight = sample_weight

    def terms(
        self, terms: dict[str, Tensor], output: FusionOutput, mixed: MixedBatch
    ) -> dict[str, Tensor]:
        """Return the loss terms, given those of the strategy.

        Terms that depend on labels must be computed with ``mixed.mixed_loss``, because mixed
        samples have two labels.
        """
        return terms

    def modulate(self, output: FusionOutput, mixed: MixedBatch) -> None:
        """Change the gradients of the strategy's parameters before they are clipped."""

    def end_epoch(self) -> None:
        """Called after each epoch, for methods that use the validation part."""


def unimodal_logits(strategy: Strategy, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
    """Return the prediction from each modality alone, ``{modality: [B, C]}``.

    These are the strategy's ``modality_logits`` if it has them. Otherwise, they are its predictions
    with the other modalities hidden, which works for any strategy and costs one forward pass per
    modality.
    """
    if output.modality_logits is not None:
        return output.modality_logits
    return {m: strategy(only(batch, m)).logits for m in strategy.schema.names}


def unimodal_losses(
    strategy: Strategy, own: Mapping[str, Tensor], mixed: MixedBatch
) -> dict[str, Tensor]:
    """Return the task's loss of each modality's prediction, over the samples that have it."""

    def loss(batch: Batch, m: str) -> dict[str, Tensor]:
        there = batch.mask[m].any(1)
        return {m: strategy.task_loss(own[m][there], replace(batch, y=batch.y[there]))}

    return {m: mixed.mixed_loss(partial(loss, m=m), [m])[m] for m in own}


def with_unimodal(terms: Mapping[str, Tensor], losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Add one term per modality, unless the strategy already has that term."""
    return {**{f"unimodal:{m}": loss for m, loss in losses.items()}, **terms}
