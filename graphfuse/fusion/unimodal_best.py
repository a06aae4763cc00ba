"""The single modality that does best on validation data: what fusion has to beat, fairly chosen."""

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
    summary="the single modality that does best on validation data",
)
class UnimodalBest(Strategy):
    """Train ``unimodal`` on each modality and keep the one with the best validation score.

    Picking the best column of a table of test scores would favour the single modality; this does
    not look at test data. Training it costs as much as training all modalities one by one.

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
        """Name of the modality chosen; the first by name before training."""
        return self.schema.names[int(self.chosen)]

    @property
    def reads(self) -> tuple[str, ...]:
        """The modality chosen."""
        return (self.modality,)

    def prepare(self, train: FusionDataset, validation: FusionDataset | None = None) -> Self:
        """Prepare the members too, so that one predicts in the units of the target."""
        super().prepare(train, validation)
        for member in self.members():
            member.prepare(train, validation)
        return self

    def members(self) -> Sequence[Strategy]:
        """Return one strategy per modality."""
        return [single for single in self.single if isinstance(single, Strategy)]

    def choose(self, results: Sequence[tuple[float, float]]) -> int:
        """Take the highest score, at equal scores the lowest loss."""
        ranked = [(score, -loss) for score, loss in results]
        self.chosen.fill_(ranked.index(max(ranked)))
        return int(self.chosen)

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict from the modality chosen."""
        output: FusionOutput = self.single[int(self.chosen)](batch)
        return output
