"""What a strategy returns for a batch."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass
class FusionOutput:
    """What a strategy returns.

    Shapes:
        - ``logits`` [B, C]: C classes (2 for binary), labels, or 1 number for regression, in the
          units of the target.
        - ``embedding`` [B, D]: what the logits were computed from.
        - ``modality_logits`` ``{modality: [B, C]}``: the prediction from each modality alone, if
          the strategy makes them.
    """

    logits: Tensor
    embedding: Tensor
    modality_logits: dict[str, Tensor] | None = None
