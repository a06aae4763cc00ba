"""A batch of training samples with their labels: one each, or two where samples are mixed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from graphfuse.data import Batch


@dataclass(frozen=True, eq=False)
class Labelled:
    """A batch, and the labels of what was mixed into its samples, if anything was.

    Args:
        batch: the samples, with their own labels.
        other: labels [B, ...] of the samples that were mixed into these; None without any.
        share: of these labels in what is learnt.
        mixed: which samples [B] were mixed in each modality; the others keep their label there.
    """

    batch: Batch
    other: Tensor | None = None
    share: float = 0.0
    mixed: Mapping[str, Tensor] = field(default_factory=dict)

    def in_shares(
        self, measure: Callable[[Batch], dict[str, Tensor]], modalities: Collection[str]
    ) -> dict[str, Tensor]:
        """Return what depends on labels, such as the terms of a loss: that of both in their shares.

        So it is the loss of soft labels, whatever the loss is, and each label has the weight of
        its own class. Samples have another label where they were mixed in any of the modalities,
        those that what is measured was predicted from.

        Example:
            >>> batch = Batch({}, {}, y=torch.tensor([1.0]))
            >>> mixed = Labelled(batch, torch.tensor([5.0]), 0.25, {"a": torch.tensor([True])})
            >>> mixed.in_shares(lambda batch: {"mean": batch.y.mean()}, ["a"])
            {'mean': tensor(2.)}
        """
        own = measure(self.batch)
        if self.other is None:
            return own
        chosen = [self.mixed[m] for m in modalities]
        touched = torch.stack(chosen).any(0).view(-1, *[1] * (self.other.dim() - 1))
        y = torch.where(touched, self.other, self.batch.y)
        other = measure(replace(self.batch, y=y))
        return {name: torch.lerp(term, other[name], self.share) for name, term in own.items()}
