"""Concatenate one vector per modality."""

from __future__ import annotations

from torch import Tensor

from graphfuse.data import Schema
from graphfuse.fusion.info import strategy
from graphfuse.fusion.parts import FillMissing, PooledStrategy


@strategy(
    "concat",
    family="feature",
    summary="concatenation of one pooled vector per modality",
    paper="Baltrusaitis et al. 2019, https://arxiv.org/abs/1705.09406",
    modalities=2,
)
class Concat(PooledStrategy):
    """Predict from the modalities' mean nodes side by side.

    A missing modality has a learned vector in its place.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> data = load_dataset("planted/null", n=50)
        >>> list(Concat(data.schema)(data.batch([0, 1, 2])).embedding.shape)
        [3, 128]
    """

    def __init__(self, schema: Schema, hidden_channels: int = 64, dropout: float = 0.1) -> None:
        super().__init__(schema, hidden_channels, dropout)
        self.stand_in = FillMissing(len(schema.modalities), hidden_channels)

    def width(self, hidden_channels: int) -> int:
        """Return the size of all vectors side by side."""
        return len(self.schema.modalities) * hidden_channels

    def fuse(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Put the vectors side by side."""
        joined: Tensor = self.stand_in(vectors, present).flatten(1)
        return joined
