"""A batch of training samples whose labels may be mixed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from graphfuse.data import Batch


@dataclass(frozen=True, eq=False)
class MixedBatch:
    """A batch, and the labels of the samples that mixup mixed into it, if any.

    Args:
        batch: the samples with their original labels.
        other: labels [B, ...] of the samples that were mixed into these; None without mixup.
        share: weight of the other labels in the loss.
        mixed: mask [B] of the mixed samples, per modality; the others keep their label there.
    """

    batch: Batch
    other: Tensor | None = None
    share: float = 0.0
    mixed: Mapping[str, Tensor] = field(default_factory=dict)

    def mixed_loss(
        self, measure: Callable[[Batch], dict[str, Tensor]], modalities: Collection[str]
    ) -> dict[str, Tensor]:
        """Evaluate a loss for both labels and interpolate by the mixing weight.

        This extends soft labels to any loss. Each label has the weight of its own class.

        Args:
            measure: function that returns named loss terms for a batch with labels.
            modalities: modalities that the prediction was made from. A sample has a second label
                if it was mixed in any of these.

        Example:
            >>> batch = Batch({}, {}, y=torch.tensor([1.0]))
            >>> mixed = MixedBatch(batch, torch.tensor([5.0]), 0.25, {"a": torch.tensor([True])})
            >>> mixed.mixed_loss(lambda batch: {"mean": batch.y.mean()}, ["a"])
            {'mean': tensor(2.)}
        """
        terms = measure(self.batch)
        if self.other is None:
            return terms
        chosen = [self.mixed[m] for m in modalities]
        touched = torch.stack(chosen).any(0).view(-1, *[1] * (self.other.dim() - 1))
        y = torch.where(touched, self.other, self.batch.y)
        other = measure(replace(self.batch, y=y))
        return {name: torch.lerp(term, other[name], self.share) for name, term in terms.items()}
