"""Canonical correlations of the raw features, then a head."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor, nn

from graphfuse._keys import module_key
from graphfuse.data import Batch, FusionDataset, Schema
from graphfuse.data.canonical import canonical_directions
from graphfuse.errors import NotFittedError
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import check_least, check_sizes, head, presence
from graphfuse.fusion.pooled import PooledFeatures
from graphfuse.fusion.strategy import Strategy


@strategy(
    "cca",
    family="feature",
    summary="projections on the directions of highest correlation, then a head",
    paper="Hotelling 1936, https://doi.org/10.1093/biomet/28.3-4.321",
    modalities=2,
)
class CCA(Strategy):
    r"""Predict from the mean node of each modality, projected on its canonical directions.

    .. math:: z = [C_m^\top \bar x_m]_m

    with standardised mean nodes :math:`\bar x_m` and the directions :math:`C_m` of
    :func:`graphfuse.data.canonical.canonical_directions`, which ``prepare`` fits on the
    training samples without their labels, each pair of modalities on the samples that have both.
    They are regularised, and only the head is trained. Three or more modalities share one set of
    components. Information that correlates with no other modality is lost, and positions are not
    used. A missing modality is replaced by a learned projection.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/redundant", n=200)
        >>> model = CCA(data.schema, components=2).prepare(data)
        >>> left, right = model(data.batch(range(200))).embedding.unflatten(1, (2, 2))[:, :, 0].T
        >>> bool(torch.corrcoef(torch.stack([left, right]))[0, 1] > 0.4)
        True
    """

    is_fitted: Tensor

    def __init__(
        self,
        schema: Schema,
        hidden_channels: int = 64,
        dropout: float = 0.1,
        components: int = 32,
    ) -> None:
        super().__init__(schema)
        check_sizes(hidden_channels, dropout)
        check_least(1, components=components)
        # No more directions than the features outside the largest modality can correlate.
        sizes = [m.features for m in schema.modalities]
        self.components = min(components, sum(sizes) - max(sizes))
        self.pooled = PooledFeatures(schema.modalities)
        for m in schema.modalities:
            self.register_buffer(
                module_key("direction", m.name), torch.zeros(m.features, self.components)
            )
        self.register_buffer("is_fitted", torch.tensor(False))
        self.absent = nn.Parameter(torch.zeros(len(sizes), self.components))
        # As deep as encoder and head of other strategies together, as the directions are linear.
        self.head = nn.Sequential(
            nn.Linear(self.absent.numel(), hidden_channels),
            nn.GELU(),
            nn.Linear(hidden_channels, hidden_channels),
            nn.LayerNorm(hidden_channels),
            head(hidden_channels, hidden_channels, schema.outputs, dropout),
        )

    def prepare(self, train: FusionDataset, validation: FusionDataset | None = None) -> Self:
        """Fit the directions."""
        super().prepare(train, validation)
        views = self.pooled.fit(train)
        present = torch.stack([train.x[m].counts > 0 for m in self.schema.names], dim=1)
        directions = canonical_directions(views, present, self.components)
        for m, direction in zip(self.schema.names, directions, strict=True):
            self.get_buffer(module_key("direction", m)).copy_(direction)
        self.is_fitted.fill_(True)
        return self

    def forward(self, batch: Batch) -> FusionOutput:
        """Project, predict.

        Raises:
            NotFittedError: before :meth:`prepare`.
        """
        if not torch.compiler.is_compiling() and not self.is_fitted:
            raise NotFittedError("cca is not fitted; call strategy.prepare(train) first")
        directions = [self.get_buffer(module_key("direction", m)) for m in self.schema.names]
        projected = torch.stack(
            [x @ d for x, d in zip(self.pooled(batch), directions, strict=True)], dim=1
        )
        embedding = torch.where(presence(batch).unsqueeze(2), projected, self.absent).flatten(1)
        return FusionOutput(self.rescale(self.head(embedding)), embedding)
