"""What methods against imbalance share: where they act, and what a modality says on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor

from graphfuse._registry import Registry
from graphfuse.data import Batch, FusionDataset
from graphfuse.data.batch_changes import only
from graphfuse.fusion import FusionOutput, Strategy
from graphfuse.training.labelled import Labelled

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
        self, terms: dict[str, Tensor], output: FusionOutput, labelled: Labelled
    ) -> dict[str, Tensor]:
        """Return the terms of the loss, given those of the strategy.

        Terms of its own that depend on labels are taken by ``labelled.in_shares``, as samples that
        are mixed have two.
        """
        return terms

    def modulate(self, output: FusionOutput, labelled: Labelled) -> None:
        """Change the gradients of the strategy's parameters before they are clipped."""

    def end_epoch(self) -> None:
        """Look at the validation part after an epoch."""


balance_methods: Registry[type[Balance]] = Registry("balance method", "graphfuse.training.balance")


def own_logits(strategy: Strategy, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
    """Return what each modality predicts on its own, ``{modality: [B, C]}``.

    The strategy's ``modality_logits`` if it has them; else what it predicts with the other
    modalities hidden, which any strategy can say, at the price of one more forward pass each.
    """
    if output.modality_logits is not None:
        return output.modality_logits
    return {m: strategy(only(batch, m)).logits for m in strategy.schema.names}


def own_losses(
    strategy: Strategy, own: Mapping[str, Tensor], labelled: Labelled
) -> dict[str, Tensor]:
    """Return the task's loss of each modality's own prediction, over the samples that have it."""

    def loss(batch: Batch, m: str) -> dict[str, Tensor]:
        there = batch.mask[m].any(1)
        return {m: strategy.task_loss(own[m][there], replace(batch, y=batch.y[there]))}

    return {m: labelled.in_shares(partial(loss, m=m), [m])[m] for m in own}


def with_unimodal(terms: Mapping[str, Tensor], losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the terms with one a modality added, unless the strategy has that of its own."""
    return {**{f"unimodal:{m}": loss for m, loss in losses.items()}, **terms}
