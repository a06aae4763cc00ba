"""The single modality with the best validation score: the baseline that fusion has to beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, FusionDataset, Schema
from graphfuse.fusion.info import strategy
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.strategy import Strategy
from graphfuse.fusion.unimodal import Unimodal


@strategy(
    "unimodal:best",
    family="unimodal",
    summary="the single modality with the best validation score",
)
class UnimodalBest(Strategy):
    """Train ``unimodal`` on each modality and keep the one with the best validation score.

    Choosing the modality with the best test score would favour the single modality. This strategy
    never uses test data. Its training costs as much as training all modalities one by one.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> UnimodalBest(data.schema).prepare(data).modality
        'a'
    """

    chosen: Tensor

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema)
        self.single = nn.ModuleList(
            Unimodal(schema, name, hidden_channels, dropout) for name in schema.names
        )
        self.register_buffer("chosen", torch.tensor(0))

    @property
    def modality(self) -> str:
        """Name of the chosen modality; before training, the first by name."""
        return self.schema.names[int(self.chosen)]

    @property
    def reads(self) -> tuple[str, ...]:
        """The chosen modality."""
        return (self.modality,)

    def prepare(self, train: FusionDataset, validation: FusionDataset | None = None) -> Self:
        """Prepare the members too, so that they predict in the units of the target."""
        super().prepare(train, validation)
        for member in self.members():
            member.prepare(train, validation)
        return self

    def members(self) -> Sequence[Strategy]:
        """Return one strategy per modality."""
        return [single for single in self.single if isinstance(single, Strategy)]

    def choose(self, results: Sequence[tuple[float, float]]) -> int:
        """Choose the highest score; of equal scores, the one with the lowest loss."""
        ranked = [(score, -loss) for score, loss in results]
        self.chosen.fill_(ranked.index(max(ranked)))
        return int(self.chosen)

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict from the chosen modality."""
        output: FusionOutput = self.single[int(self.chosen)](batch)
        return output
