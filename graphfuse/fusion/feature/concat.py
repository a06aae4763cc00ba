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
    """Predict from the concatenated mean nodes of all modalities.

    A missing modality is replaced by a learned vector.

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
        """Return the size of the concatenated vectors."""
        return len(self.schema.modalities) * hidden_channels

    def fuse(self, vectors: Tensor, present: Tensor) -> Tensor:
        """Concatenate the vectors."""
        joined: Tensor = self.stand_in(vectors, present).flatten(1)
        return joined
