"""Distillation of each modality from a network that was trained on it alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from graphfuse.data import FusionDataset
from graphfuse.fusion import FusionOutput, Strategy
from graphfuse.fusion.unimodal import Unimodal
from graphfuse.training.balance._method import Balance, unimodal_logits
from graphfuse.training.balance.registry import balance_methods
from graphfuse.training.mixed_batch import MixedBatch

if TYPE_CHECKING:
    from graphfuse.training.recipe import Recipe


@balance_methods.register("distillation")
class Distillation(Balance):
    r"""Train each modality's prediction to match a teacher that was trained on it alone.

    .. math:: L + \sum_m D(t_m, p_m)

    with the teacher's probabilities :math:`t_m` and the Kullback-Leibler divergence D (for
    regression the squared error in standard deviations), over the samples that have the modality.
    Teachers are ``unimodal`` networks of the default width. They are trained first, on the same
    samples, with the same recipe without balancing, and then frozen. All strategies of a fold have
    the same teachers.

    In the paper (Du et al. 2023, https://arxiv.org/abs/2305.01233), the features of each encoder
    are matched to those of the unimodal teacher by squared error. Not every strategy has such
    features of the teacher's size, so that predictions are matched here (Hinton et al. 2015,
    https://arxiv.org/abs/1503.02531, at temperature 1): the strategy's ``modality_logits``, or its
    predictions with the other modalities hidden.
    """

    def __init__(
        self,
        strategy: Strategy,
        train: FusionDataset,
        validation: FusionDataset,
        recipe: Recipe,
        seed: int,
        sample_weight: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(strategy, train, validation, recipe, seed, sample_weight)
        from graphfuse.training.loop import fit  # which needs this file

        plain = replace(recipe, balance=None, modality_dropout=0.0)
        self.teachers: dict[str, Strategy] = {}
        for m in strategy.schema.names:
            with torch.random.fork_rng():
                torch.manual_seed(seed)
                teacher = Unimodal(strategy.schema, m)
            fit(teacher, train, validation, plain, seed=seed, sample_weight=sample_weight)
            self.teachers[m] = teacher.requires_grad_(False)

    def terms(
        self, terms: dict[str, Tensor], output: FusionOutput, mixed: MixedBatch
    ) -> dict[str, Tensor]:
        """Add one term per modality, which does not depend on labels."""
        found, batch = dict(terms), mixed.batch
        for m, logits in unimodal_logits(self.strategy, output, batch).items():
            with torch.no_grad():
                wanted = self.teachers[m](batch).logits
            apart = self._distance(wanted.to(logits), logits) * batch.mask[m].any(1)
            found[f"distillation:{m}"] = apart.sum() / batch.mask[m].any(1).sum().clamp(min=1)
        return found

    def _distance(self, wanted: Tensor, logits: Tensor) -> Tensor:
        """Return the distance of each sample's prediction from the teacher's, [B]."""
        if self.strategy.schema.task == "regression":
            return ((logits - wanted) / self.strategy.target_scale).square().mean(1)
        if self.strategy.schema.task == "multilabel":
            share = wanted.sigmoid()
            cross = F.binary_cross_entropy_with_logits(logits, share, reduction="none")
            least = F.binary_cross_entropy_with_logits(wanted, share, reduction="none")
            return (cross - least).mean(1)
        log_share = wanted.log_softmax(1)
        return (log_share.exp() * (log_share - logits.log_softmax(1))).sum(1)
