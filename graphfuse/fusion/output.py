"""The output of a strategy for a batch."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass
class FusionOutput:
    """The output of a strategy for a batch.

    Shapes:
        - ``logits`` [B, C]: C is the number of classes (2 for binary) or labels, or 1 for
          regression, whose numbers are in the units of the target.
        - ``embedding`` [B, D]: the vectors that the logits were computed from.
        - ``modality_logits`` ``{modality: [B, C]}``: the prediction from each modality alone, if
          the strategy makes one.
    """

    logits: Tensor
    embedding: Tensor
    modality_logits: dict[str, Tensor] | None = None
