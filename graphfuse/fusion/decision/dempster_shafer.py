"""Combine the belief and the uncertainty of each modality by Dempster's rule."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F

from graphfuse.data import Batch, FusionDataset, Schema
from graphfuse.fusion.decision._decision import DecisionStrategy
from graphfuse.fusion.info import CLASSIFICATION, strategy
from graphfuse.fusion.output import FusionOutput

ANNEALING_EPOCHS = 10
LARGEST_LOG = 60.0  # of an alpha in the loss; float32 ends at 88


@strategy(
    "dempster_shafer",
    family="decision",
    summary="belief and uncertainty of each modality, combined by Dempster's rule (TMC)",
    paper="Han et al. 2021, https://arxiv.org/abs/2102.02051",
    tasks=CLASSIFICATION,
    modalities=2,
)
class DempsterShafer(DecisionStrategy):
    r"""Predict evidence from each modality alone and combine the opinions of those present.

    The evidence :math:`e_{mk}` of modality :math:`m` is the softplus of an output. It gives a
    Dirichlet distribution over the probabilities of :math:`C` classes with parameters
    :math:`\alpha_{mk} = e_{mk} + 1`, the beliefs :math:`b_{mk} = e_{mk} / S_m` and the uncertainty
    :math:`u_m = C / S_m`, where :math:`S_m = \sum_k \alpha_{mk}`. The reduced rule for two
    opinions is

    .. math::
        b_k = \frac{b_{1k} b_{2k} + b_{1k} u_2 + b_{2k} u_1}{1 - c}, \quad
        u = \frac{u_1 u_2}{1 - c}, \quad
        c = \sum_{i \ne j} b_{1i} b_{2j}

    Since :math:`b_k / u = e_k / C`, dividing the first by the second cancels the conflict
    :math:`c`. For any number of opinions, in any order,

    .. math:: 1 + e_k / C = \prod_m (1 + e_{mk} / C)

    This takes O(C) per modality, where the paper's code fills a C x C table. A missing modality
    has no evidence, :math:`e = 0`, and changes nothing.

    Logits are :math:`\log \alpha`, so that their softmax is the mean of the Dirichlet distribution
    and ``C / logits.exp().sum(1)`` is :math:`u`. The same holds for the logits of each modality.

    The loss of each opinion and of the combined one is the expected cross-entropy under the
    Dirichlet distribution, plus its divergence from the uniform one after the evidence for the
    right class is removed. The weight of the divergence grows linearly over the first 10 epochs
    (the paper tunes that number), counted by samples seen. The additional opinion of ETMC, from a
    network on all modalities, is left out because it is not a decision of a single modality.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> output = DempsterShafer(data.schema)(data.batch([0, 1, 2]))
        >>> alone = 2 / output.modality_logits["a"].exp().sum(1)
        >>> bool((2 / output.logits.exp().sum(1) < alone).all())  # together they know more
        True
    """

    seen: Tensor
    epoch_size: Tensor

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema, hidden_channels, dropout)
        self.register_buffer("seen", torch.zeros((), dtype=torch.long))
        self.register_buffer("epoch_size", torch.ones((), dtype=torch.long))

    def prepare(self, train: FusionDataset, validation: FusionDataset | None = None) -> Self:
        """Store the number of samples of an epoch; annealing starts again."""
        super().prepare(train, validation)
        self.epoch_size.fill_(max(len(train), 1))
        self.seen.zero_()
        return self

    def predict_per_modality(self, vectors: Tensor) -> Tensor:
        """Return the logarithm of each opinion's alpha."""
        return F.softplus(super().predict_per_modality(vectors)).log1p()

    def combine(self, single: Tensor, present: Tensor) -> Tensor:
        """Combine opinions, in logarithms to prevent overflow."""
        classes = single.shape[2]
        factor = single + ((1 - 1 / classes) * (-single).expm1()).log1p()  # log(1 + e / C)
        product = (factor * present.unsqueeze(2)).sum(1)
        return product + (-(classes - 1) * (-product).expm1()).log1p()

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return one loss term per modality, over the samples that have it, and the combined one.

        In training mode, this counts the samples, which determine the weight of the divergence.
        """
        if self.training:
            self.seen += len(batch)
        terms = {
            f"unimodal:{m}": self.opinion_loss(logits, self.only_with(m, batch).y, batch.weight)
            for m, logits in (output.modality_logits or {}).items()
        }
        return {**terms, "joint": self.opinion_loss(output.logits, batch.y, batch.weight)}

    def opinion_loss(
        self, log_alpha: Tensor, y: Tensor, sample_weight: Tensor | None = None
    ) -> Tensor:
        """Return the mean loss of opinions [B, C] over the labelled samples of ``y`` [B]."""
        known = y >= 0
        alpha = log_alpha[known].clamp(max=LARGEST_LOG)
        alpha = alpha.to(torch.promote_types(alpha.dtype, torch.float32)).exp()
        right = F.one_hot(y[known], alpha.shape[1]).bool()
        surprise = alpha.sum(1).digamma() - alpha[right].digamma()
        share = (self.seen / (ANNEALING_EPOCHS * self.epoch_size)).clamp(max=1)
        cost = surprise + share * divergence_from_uniform(torch.where(right, 1, alpha))
        weight = self.class_weight.to(cost.dtype)[y[known]]
        if sample_weight is not None:
            weight = weight * sample_weight[known].to(cost.dtype)
        return (cost * weight).sum() / weight.sum().clamp(min=torch.finfo(cost.dtype).tiny)


def divergence_from_uniform(alpha: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence of Dirichlet distributions [B, C] from the uniform.

    Example:
        >>> divergence_from_uniform(torch.tensor([[1.0, 1.0], [2.0, 1.0]]))
        tensor([0.0000, 0.1931])
    """
    total = alpha.sum(1, keepdim=True)
    classes = torch.full_like(total, alpha.shape[1])
    constant = total.lgamma() - classes.lgamma() - alpha.lgamma().sum(1, keepdim=True)
    return (constant + ((alpha - 1) * (alpha.digamma() - total.digamma())).sum(1, True)).squeeze(1)
