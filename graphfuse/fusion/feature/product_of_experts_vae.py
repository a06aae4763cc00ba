"""A latent Gaussian that is the product of one Gaussian per modality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, FusionDataset, Schema
from graphfuse.errors import InputError
from graphfuse.fusion.info import strategy
from graphfuse.fusion.losses import any_labelled
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import ModalityEncoder, check_least, head, per_modality, presence
from graphfuse.fusion.pooled import PooledFeatures
from graphfuse.fusion.strategy import Strategy

LOG_VARIANCE = 10.0
"""Largest absolute value of the logarithm of an expert's variance."""


@dataclass(kw_only=True)
class LatentOutput(FusionOutput):
    """Also has the mean and variance [B, D] of the latent vector."""

    mean: Tensor
    variance: Tensor


@strategy(
    "product_of_experts_vae",
    family="feature",
    summary="variational autoencoder with a product of experts (MVAE)",
    paper="Wu and Goodman 2018, https://arxiv.org/abs/1802.05335",
    modalities=2,
)
class ProductOfExpertsVAE(Strategy):
    r"""Predict from a latent vector whose posterior is the product of Gaussians and the prior.

    .. math:: \frac{1}{\sigma^2} = 1 + \sum_m \frac{1}{\sigma_m^2}, \qquad
        \mu = \sigma^2 \sum_m \frac{\mu_m}{\sigma_m^2}, \qquad
        z \sim \mathcal{N}(\mu, \sigma^2)

    over the modalities that the sample has; in evaluation :math:`z = \mu`. The loss has two terms
    beside the task's: *reconstruction*, half the squared error of the standardised mean nodes of
    the present modalities, reconstructed from z; and *divergence*,
    :math:`\mathrm{KL}(\mathcal{N}(\mu, \sigma^2) \,\|\, \mathcal{N}(0, 1))`. Both are means over
    features and latent channels, where the paper has sums. Unlike in the paper, there is a task,
    and there are no bounds for subsets of the present modalities. Without any modality, the
    posterior is the prior.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> model, batch = ProductOfExpertsVAE(data.schema), data.batch(range(50))
        >>> sorted(model.loss(model(batch), batch))
        ['divergence', 'reconstruction', 'task']
    """

    def __init__(
        self,
        schema: Schema,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        reconstruction_weight: float = 0.1,
        divergence_weight: float = 0.01,
    ) -> None:
        super().__init__(schema)
        check_least(
            0, reconstruction_weight=reconstruction_weight, divergence_weight=divergence_weight
        )
        self.reconstruction_weight = reconstruction_weight
        self.divergence_weight = divergence_weight
        self.encoder = ModalityEncoder(schema.modalities, hidden_channels, dropout)
        self.experts = nn.ModuleList(
            nn.Linear(hidden_channels, 2 * hidden_channels) for _ in schema.modalities
        )
        self.decoders = nn.ModuleList(
            nn.Sequential(
                nn.Linear(hidden_channels, hidden_channels),
                nn.GELU(),
                nn.Linear(hidden_channels, m.features),
            )
            for m in schema.modalities
        )
        self.pooled = PooledFeatures(schema.modalities)
        self.head = head(hidden_channels, hidden_channels, schema.outputs, dropout)

    def prepare(self, train: FusionDataset, validation: FusionDataset | None = None) -> Self:
        """Fit the scale of the features that are reconstructed."""
        super().prepare(train, validation)
        self.pooled.fit(train)
        return self

    def forward(self, batch: Batch) -> LatentOutput:
        """Multiply the experts, draw a latent vector (in evaluation its mean), predict."""
        vectors, present = self.encoder(batch)
        mean, log_variance = per_modality(self.experts, vectors).chunk(2, dim=2)
        precision = (-log_variance.clamp(-LOG_VARIANCE, LOG_VARIANCE)).exp() * present.unsqueeze(2)
        variance = 1 / (1 + precision.sum(1))
        mean = (precision * mean).sum(1) * variance
        latent = mean + variance.sqrt() * torch.randn_like(mean) if self.training else mean
        logits = self.rescale(self.head(latent))
        return LatentOutput(logits, latent, mean=mean, variance=variance)

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return the task's loss and the two weighted terms of the evidence bound."""
        terms = super().loss(output, batch)
        if not isinstance(output, LatentOutput):
            raise InputError(f"loss takes the output of forward, got {type(output).__name__}")
        present = presence(batch)
        errors = [
            (decoder(output.embedding) - wanted).square().mean(1) / 2
            for decoder, wanted in zip(self.decoders, self.pooled(batch), strict=True)
        ]
        reconstruction = (torch.stack(errors, dim=1) * present).sum() / present.sum().clamp(min=1)
        mean, variance = output.mean, output.variance
        divergence = (variance + mean.square() - 1 - variance.log()).mean() / 2
        labelled = any_labelled(batch)
        terms["reconstruction"] = self.reconstruction_weight * reconstruction * labelled
        terms["divergence"] = self.divergence_weight * divergence * labelled
        return terms
