"""Weigh the losses of the fusion and the modalities by how well they generalise."""

from __future__ import annotations

from typing import Any

import torch
from accelerate.utils import reduce
from torch import Tensor

from graphfuse.data import Batch
from graphfuse.fusion import FusionOutput
from graphfuse.training.balance._method import (
    Balance,
    unimodal_logits,
    unimodal_losses,
    with_unimodal,
)
from graphfuse.training.balance.registry import balance_methods
from graphfuse.training.evaluate import batches, weigh
from graphfuse.training.mixed_batch import MixedBatch

LEAST_OVERFITTING = 0.1
"""Smallest value of the overfitting, so that a value near zero does not dominate the weights."""


@balance_methods.register("gradient_blending")
class GradientBlending(Balance):
    r"""Weigh the fused and unimodal losses by generalisation over squared overfitting.

    .. math:: w_0 L + \sum_m w_m L_m, \qquad w_k \propto \frac{G_k}{O_k^2}, \qquad \sum_k w_k = 1

    where :math:`G_k` is the decrease of the validation loss of prediction k since the first epoch,
    and :math:`O_k` is the increase of the gap between validation and training loss (Wang et al.
    2020, https://arxiv.org/abs/1905.12681).

    The paper estimates them in separate trainings of each modality, once or every few epochs. Here
    they are measured in the same training, after every epoch, and weights are equal until there
    are two epochs to compare. The training loss is the mean over the batches of an epoch. A
    prediction whose validation loss increased has weight zero, and overfitting is at least 0.1.
    Other terms of a strategy's loss have the weight of the fused loss. Modalities have no
    additional heads: their predictions are those of ``unimodal_loss``.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        kinds = 1 + len(self.strategy.schema.names)
        self.weights = torch.full((kinds,), 1 / kinds)
        self.train_losses: list[Tensor] = []
        self.first: tuple[Tensor, Tensor] | None = None

    def terms(
        self, terms: dict[str, Tensor], output: FusionOutput, mixed: MixedBatch
    ) -> dict[str, Tensor]:
        """Weigh the terms."""
        losses = self._own_losses(output, mixed)
        self.train_losses.append(self._join(output, losses, mixed).detach())
        fused, *single = self.weights.tolist()
        weights = {f"unimodal:{m}": w for m, w in zip(sorted(losses), single, strict=True)}
        return {
            name: weights.get(name, fused) * term
            for name, term in with_unimodal(terms, losses).items()
        }

    @torch.no_grad()
    def end_epoch(self) -> None:
        """Measure generalisation and overfitting, and set the weights of the next epoch."""
        train: Tensor = reduce(torch.stack(self.train_losses).mean(0), "mean")
        self.train_losses.clear()
        total = torch.zeros_like(train)
        weight = 0.0
        for batch in batches(self.strategy, self.validation):
            weigh(batch, self.sample_weight)
            share = float(len(batch) if batch.weight is None else batch.weight.sum())
            output = self.strategy(batch)
            mixed = MixedBatch(batch)
            losses = self._own_losses(output, mixed)
            total += self._join(output, losses, mixed) * share
            weight += share
        validation = total / (weight or 1)
        if self.first is None:
            self.first = validation, validation - train
        before, gap = self.first
        self.weights = blend(before - validation, validation - train - gap)

    def _own_losses(self, output: FusionOutput, mixed: MixedBatch) -> dict[str, Tensor]:
        logits = unimodal_logits(self.strategy, output, mixed.batch)
        return unimodal_losses(self.strategy, logits, mixed)

    def _join(self, output: FusionOutput, losses: dict[str, Tensor], mixed: MixedBatch) -> Tensor:
        """Return the losses of the fused prediction and of each modality, [1 + M]."""

        def task(batch: Batch) -> dict[str, Tensor]:
            return {"task": self.strategy.task_loss(output.logits, batch)}

        fused = mixed.mixed_loss(task, self.strategy.reads)["task"]
        return torch.stack([fused, *(losses[m] for m in sorted(losses))])


def blend(generalisation: Tensor, overfitting: Tensor) -> Tensor:
    """Return weights that sum to one; equal weights if no prediction generalises.

    Example:
        >>> blend(torch.tensor([0.4, 0.4, -0.1]), torch.tensor([0.1, 0.2, 0.0]))
        tensor([0.8000, 0.2000, 0.0000])
    """
    worth = generalisation.clamp(min=0) / overfitting.clamp(min=LEAST_OVERFITTING).square()
    if not bool(worth.sum() > 0):
        return torch.full_like(worth, 1 / len(worth))
    return worth / worth.sum()
