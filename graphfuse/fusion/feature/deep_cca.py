"""Encoders that are trained to correlate and to predict."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, Schema
from graphfuse.fusion.info import strategy
from graphfuse.fusion.losses import any_labelled, mean_over_pairs
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import ModalityEncoder, check_least, head, per_modality, presence
from graphfuse.fusion.strategy import Strategy

RIDGE = 1e-3


@strategy(
    "deep_cca",
    family="feature",
    summary="encoders trained to correlate, then a head",
    paper="Andrew et al. 2013, https://proceedings.mlr.press/v28/andrew13.html",
    modalities=2,
)
class DeepCCA(Strategy):
    r"""Predict from a few components per modality that are trained to correlate across modalities.

    .. math:: \mathrm{loss} = \mathrm{task} - \text{weight} \cdot
        \mathrm{mean}_{m < n} \tfrac{1}{k} \lVert T_{mn} \rVert_*, \qquad
        T_{mn} = \Sigma_{mm}^{-1/2} \Sigma_{mn} \Sigma_{nn}^{-1/2}

    over the k components of the batch's samples that have both modalities. A pair with at most k
    such samples is left out, because any k samples correlate perfectly. Unlike in the paper,
    encoders and head are trained together, on small batches, with any number of modalities, pair by
    pair. Correlations are computed in training only: a prediction depends on no other sample. A
    missing modality is replaced by learned components.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> model, batch = DeepCCA(data.schema), data.batch(range(50))
        >>> sorted(model.loss(model(batch), batch))
        ['correlation', 'task']
    """

    def __init__(
        self,
        schema: Schema,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        components: int = 8,
        weight: float = 0.1,
    ) -> None:
        super().__init__(schema)
        check_least(1, components=components)
        check_least(0, weight=weight)
        self.weight = weight
        self.encoder = ModalityEncoder(schema.modalities, hidden_channels, dropout)
        self.project = nn.ModuleList(
            nn.Linear(hidden_channels, components) for _ in schema.modalities
        )
        self.absent = nn.Parameter(torch.zeros(len(schema.modalities), components))
        self.head = head(self.absent.numel(), hidden_channels, schema.outputs, dropout)

    def forward(self, batch: Batch) -> FusionOutput:
        """Encode, project, predict."""
        vectors, present = self.encoder(batch)
        projected = per_modality(self.project, vectors)
        embedding = torch.where(present.unsqueeze(2), projected, self.absent).flatten(1)
        return FusionOutput(self.rescale(self.head(embedding)), embedding)

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return the task's loss and minus the weighted mean correlation."""
        terms = super().loss(output, batch)
        projected = output.embedding.view(-1, *self.absent.shape)
        least = projected.shape[2] + 1
        found = mean_over_pairs(correlation, projected, presence(batch), least=least)
        terms["correlation"] = -self.weight * found * any_labelled(batch)
        return terms


def correlation(left: Tensor, right: Tensor) -> Tensor:
    r"""Return the mean canonical correlation of paired rows [b, k], between 0 and 1.

    That is the trace norm of T divided by k. It is computed as the trace norm of
    :math:`L_m^{-1} \Sigma_{mn} L_n^{-\top}` with Cholesky factors :math:`\Sigma = L L^\top`. These
    equal the inverse square roots up to a rotation, which does not change singular values. Unlike
    the gradient of an inverse square root by eigenvectors, the gradients of a Cholesky factor and
    of a trace norm do not divide by differences of eigenvalues, so that equal eigenvalues are no
    problem. Computed in double precision, with a ridge on both covariances.

    Example:
        >>> x = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
        >>> round(float(correlation(x, x @ torch.tensor([[0.0, 3.0], [-2.0, 1.0]]))), 2)
        1.0
    """
    a, b = (side.double() - side.double().mean(0) for side in (left, right))
    freedom = max(len(a) - 1, 1)
    ridge = RIDGE * torch.eye(a.shape[1], dtype=a.dtype, device=a.device)
    root_a, root_b = (torch.linalg.cholesky(x.T @ x / freedom + ridge) for x in (a, b))
    half = torch.linalg.solve_triangular(root_a, a.T @ b / freedom, upper=False)
    whole = torch.linalg.solve_triangular(root_b, half.T, upper=False)
    mean: Tensor = torch.linalg.matrix_norm(whole, "nuc") / a.shape[1]
    return mean.to(left.dtype)
