"""Reduce the gradients of the modality that learns fastest."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import torch
from accelerate.utils import reduce
from torch import Tensor, nn

from graphfuse._keys import module_key
from graphfuse.data import Batch, FusionDataset
from graphfuse.errors import InputError
from graphfuse.fusion import EndToEnd, FusionOutput, Strategy
from graphfuse.nn import NodeEncoder
from graphfuse.training.balance._method import Balance, unimodal_logits
from graphfuse.training.balance.registry import balance_methods
from graphfuse.training.mixed_batch import MixedBatch

if TYPE_CHECKING:
    from graphfuse.training.recipe import Recipe

ALPHA = 0.5
"""Strength of the gradient modulation; the paper chooses it per dataset, up to 1."""


@balance_methods.register("ogm_ge")
class OGMGE(Balance):
    r"""Reduce the gradients of the encoder of a modality that predicts better than the others.

    .. math:: g_m \leftarrow k_m\, g_m + \epsilon, \qquad
        k_m = \begin{cases} 1 - \tanh(\alpha \rho_m) & \rho_m > 1 \\ 1 & \text{else} \end{cases},
        \qquad \rho_m = \frac{s_m}{\mathrm{mean}_{n \ne m}\, s_n}

    where :math:`s_m` is the mean probability that modality m alone gives to the label, and
    :math:`\epsilon` is normal noise with the standard deviation of the gradient (GE; added to
    weights, not to biases). After Peng et al. 2022, https://arxiv.org/abs/2203.15332. The ratio of
    the paper is between two modalities; with more, it is the ratio to the mean of the others. The
    paper computes the score by splitting the last linear layer of a concatenation by modality.
    Here it comes from ``modality_logits``, or from the prediction with the other modalities
    hidden, which every strategy has. With several labels, it is the mean probability of the true
    value of each label.

    The parameters of an encoder are those that :class:`~graphfuse.nn.NodeEncoder` has for a
    modality. The paper uses SGD with momentum. AdamW divides by the size of the gradient, so that
    a constant reduction has little effect, and a reduction that changes from step to step does.

    Raises:
        InputError: the strategy has no encoder per modality, such as ``cca`` and ``concat_early``.
    """

    needs_probabilities: ClassVar[bool] = True

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
        self.random = torch.Generator().manual_seed(seed)
        self.owned = encoder_parameters(self.strategy)

    @torch.no_grad()
    def modulate(self, output: FusionOutput, mixed: MixedBatch) -> None:
        """Reduce the gradients and add noise."""
        logits = unimodal_logits(self.strategy, output, mixed.batch)

        def score(batch: Batch, m: str) -> dict[str, Tensor]:
            return {m: self._score(logits[m], batch, m)}

        scores = [mixed.mixed_loss(partial(score, m=m), [m])[m] for m in self.owned]
        found = torch.stack(scores)
        total, count = reduce(found, "sum").T
        for parameters, k in zip(self.owned.values(), coefficients(total, count), strict=True):
            for parameter in parameters:
                if parameter.grad is None:
                    continue
                spread = parameter.grad.std(correction=0)
                parameter.grad *= k
                if parameter.dim() > 1:
                    noise = torch.randn(parameter.shape, generator=self.random)
                    parameter.grad += spread * noise.to(parameter.grad)

    def _score(self, logits: Tensor, batch: Batch, modality: str) -> Tensor:
        """Return the sum of the labels' probabilities and that of the samples' weights, [2]."""
        present, y = batch.mask[modality].any(1), batch.y
        target = self.strategy.schema.target
        known = present & target.known(y).reshape(len(y), -1).all(1)
        if target.is_classification:
            right = logits.float().softmax(1).gather(1, y.clamp(min=0).unsqueeze(1)).squeeze(1)
        else:
            right = (logits.float() * (2 * y.nan_to_num() - 1)).sigmoid().mean(1)
        share = known.float() if batch.weight is None else known * batch.weight.float()
        return torch.stack([(right * share).sum(), share.sum()])


def coefficients(total: Tensor, count: Tensor) -> Tensor:
    """Return the factor of each modality's gradient, given sums of scores and counts.

    A modality that no sample has is ignored.

    Example:
        >>> coefficients(torch.tensor([8.0, 4.0, 0.0]), torch.tensor([10.0, 10.0, 0.0]))
        tensor([0.2384, 1.0000, 1.0000])
    """
    seen = count > 0
    score = torch.where(seen, total / count, 0)
    others = (score.sum() - score) / (seen.sum() - 1).clamp(min=1)
    ratio = score / others.clamp(min=torch.finfo(score.dtype).tiny)
    ahead = seen & (seen.sum() > 1) & (ratio > 1)
    return torch.where(ahead, 1 - (ALPHA * ratio).tanh(), torch.ones_like(ratio))


def encoder_parameters(strategy: Strategy) -> dict[str, list[nn.Parameter]]:
    """Return the parameters of each modality's encoder and of any network in front of it."""
    encoders = [module for module in strategy.modules() if isinstance(module, NodeEncoder)]
    owned = {
        m: [
            parameter
            for encoder in encoders
            for name, parameter in encoder.named_parameters()
            if module_key(m) in name.split(".")
        ]
        for m in strategy.schema.names
    }
    if not all(owned.values()):
        raise InputError(
            f"balance='ogm_ge' changes the gradients of each modality's encoder, but "
            f"{strategy.name!r} has no encoder for {[m for m in owned if not owned[m]]}; encode "
            f"nodes with graphfuse.nn.NodeEncoder or choose another method"
        )
    if isinstance(strategy, EndToEnd):
        for m in strategy.reads:
            before = strategy.network(m)
            owned[m] += [] if before is None else list(before.parameters())
    return owned
