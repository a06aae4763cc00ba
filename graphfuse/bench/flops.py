"""Count the floating-point operations of a prediction."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from graphfuse.data import FusionDataset
from graphfuse.fusion import Strategy
from graphfuse.training.evaluate import batches

COUNTED = 64
"""Samples of the batch that is counted."""


def flops_per_sample(strategy: Strategy, dataset: FusionDataset) -> float:
    """Return the floating-point operations of predicting one sample, the mean over a batch.

    The count covers products and distances, with two operations per multiply-add. Padded nodes and
    pairs of nodes without an edge count if they are computed. Elementwise functions, norms, sums
    and the drawing of edges do not count.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> from graphfuse.fusion import create_strategy
        >>> data = load_dataset("planted/unique", n=20)
        >>> flops_per_sample(create_strategy("majority", data.schema).prepare(data), data)
        0.0
    """
    some = strategy.precompute(dataset.subset(range(min(len(dataset), COUNTED))))
    with (
        torch.enable_grad(),  # without, the counter trips over weights that a module is handed
        _taken_apart(),
        FlopCounterMode(display=False, custom_mapping=FORMULAS) as counter,
    ):
        for batch in batches(strategy, some):
            strategy(batch)
    return float(counter.get_total_flops()) / max(len(some), 1)


@contextmanager
def _taken_apart() -> Iterator[None]:
    """Compute attention and transformers' layers by plain products, which the counter knows."""
    mha = torch.backends.mha
    before = mha.get_fastpath_enabled()
    mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH):
            yield
    finally:
        mha.set_fastpath_enabled(before)


def _bilinear(left: Sequence[int], weight: Sequence[int], *others: Any, **_: Any) -> int:
    """Count x W y for rows of ``left`` and a weight [outputs, inputs, inputs]."""
    return 2 * left[0] * math.prod(weight)


def _distances(left: Sequence[int], right: Sequence[int], *others: Any, **_: Any) -> int:
    """Count the distances of vectors [..., P, F] and [..., R, F]."""
    return 2 * math.prod(left) * right[-2]


FORMULAS = {torch.ops.aten._trilinear: _bilinear, torch.ops.aten._cdist_forward: _distances}
"""Of products that the counter does not know."""
