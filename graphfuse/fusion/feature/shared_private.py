"""Separate vectors for shared and private information of modalities."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from graphfuse.data import Batch, Schema
from graphfuse.errors import InputError
from graphfuse.fusion.feature._attention import AttentionBlock
from graphfuse.fusion.info import strategy
from graphfuse.fusion.losses import any_labelled, mean_over_pairs
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import ModalityEncoder, check_least, head, per_modality, presence
from graphfuse.fusion.strategy import Strategy

MOMENTS = 5


@dataclass(kw_only=True)
class SharedPrivateOutput(FusionOutput):
    """Also has each modality's vector and its shared and private parts, [B, M, hidden] each."""

    vectors: Tensor
    shared: Tensor
    private: Tensor


@strategy(
    "shared_private",
    family="feature",
    summary="shared and private vectors of each modality (MISA)",
    paper="Hazarika et al. 2020, https://arxiv.org/abs/2005.03545",
    modalities=2,
)
class SharedPrivate(Strategy):
    r"""Split each modality's vector into a shared and a private one, fuse all, predict.

    .. math:: s_m = \sigma(W_s v_m), \quad p_m = \sigma(W_m v_m), \qquad
        z = \mathrm{block}([s_1, \dots, s_M, p_1, \dots, p_M])

    The outputs of the block are concatenated. The loss has three more weighted terms, each over
    the samples of the batch that have the modalities compared: *similarity*, the central moment
    discrepancy between the shared vectors of two modalities; *difference*, the overlap of each
    private vector with its shared one and with the other private ones; and *reconstruction*, the
    squared error of :math:`v_m` from :math:`s_m + p_m`. The default weights are those of the
    authors' code. Unlike in the paper, terms are means over samples, pairs and modalities instead
    of sums, so that the weights suit any number of them, and the transformer layer normalises
    first. A missing modality is replaced by learned vectors.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> model, batch = SharedPrivate(data.schema), data.batch(range(50))
        >>> sorted(model.loss(model(batch), batch))
        ['difference', 'reconstruction', 'similarity', 'task']
    """

    def __init__(
        self,
        schema: Schema,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        heads: int = 4,
        similarity_weight: float = 1.0,
        difference_weight: float = 0.3,
        reconstruction_weight: float = 1.0,
    ) -> None:
        super().__init__(schema)
        self.weights = {
            "similarity": similarity_weight,
            "difference": difference_weight,
            "reconstruction": reconstruction_weight,
        }
        check_least(0, **{f"{term}_weight": value for term, value in self.weights.items()})
        self.encoder = ModalityEncoder(schema.modalities, hidden_channels, dropout)
        self.shared = nn.Linear(hidden_channels, hidden_channels)
        self.private, self.decoder = (
            nn.ModuleList(nn.Linear(hidden_channels, hidden_channels) for _ in schema.modalities)
            for _ in range(2)
        )
        self.block = AttentionBlock(hidden_channels, heads, dropout)
        self.absent = nn.Parameter(torch.zeros(2 * len(schema.modalities), hidden_channels))
        self.head = head(self.absent.numel(), hidden_channels, schema.outputs, dropout)

    def forward(self, batch: Batch) -> SharedPrivateOutput:
        """Split, fuse, predict."""
        vectors, present = self.encoder(batch)
        shared = self.shared(vectors).sigmoid()
        private = per_modality(self.private, vectors).sigmoid()
        tokens, real = torch.cat([shared, private], dim=1), torch.cat([present, present], dim=1)
        fused = self.block(tokens, tokens, real)
        embedding = torch.where(real.unsqueeze(2), fused, self.absent).flatten(1)
        logits = self.rescale(self.head(embedding))
        return SharedPrivateOutput(
            logits, embedding, vectors=vectors, shared=shared, private=private
        )

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return the task's loss and the three weighted terms."""
        terms = super().loss(output, batch)
        if not isinstance(output, SharedPrivateOutput):
            raise InputError(f"loss takes the output of forward, got {type(output).__name__}")
        present, count = presence(batch), output.shared.shape[1]
        both = torch.cat([output.shared, output.private], dim=1)
        overlaps = [(m, count + m) for m in range(count)]
        overlaps += combinations(range(count, 2 * count), 2)
        error = per_modality(self.decoder, output.shared + output.private) - output.vectors
        squared = error.square().mean(2) * present
        found = {
            "similarity": mean_over_pairs(moment_discrepancy, output.shared, present),
            "difference": mean_over_pairs(overlap, both, torch.cat([present] * 2, 1), overlaps),
            "reconstruction": squared.sum() / present.sum().clamp(min=1),
        }
        for term, value in found.items():
            terms[term] = self.weights[term] * value * any_labelled(batch)
        return terms


def moment_discrepancy(left: Tensor, right: Tensor) -> Tensor:
    """Return the distance of the first five moments of rows [b, C] in [0, 1].

    The norm of the difference of means plus those of central moments 2 to 5 (Zellinger et al.
    2017, https://arxiv.org/abs/1702.08811).
    """
    a, b = left - left.mean(0), right - right.mean(0)
    distance: Tensor = torch.linalg.vector_norm(left.mean(0) - right.mean(0))
    for order in range(2, MOMENTS + 1):
        distance = distance + torch.linalg.vector_norm((a**order).mean(0) - (b**order).mean(0))
    return distance


def overlap(left: Tensor, right: Tensor) -> Tensor:
    r"""Return how strongly two views of the samples correlate, between 0 and 1.

    :math:`\lVert L^\top R \rVert_F^2 / b^2` for centred rows [b, C] of length 1. A row close to
    the mean stays shorter, because its direction would be noise.
    """
    a, b = (F.normalize(side - side.mean(0), dim=1, eps=1e-3) for side in (left, right))
    return (a.T @ b).square().sum() / len(a) ** 2
