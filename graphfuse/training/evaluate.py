"""Predict with a trained strategy, and measure it while it trains."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from graphfuse.data import Batch, FusionDataset
from graphfuse.fusion import Strategy

EVALUATION_BATCH = 512


@torch.no_grad()
def evaluate(strategy: Strategy, dataset: FusionDataset) -> tuple[float, float]:
    """Return the task's mean loss over a dataset, without regularising terms, and the score.

    The score is the accuracy over labelled samples where each has one class, else minus the loss.
    """
    loss, right, known = 0.0, 0, 0
    for batch in batches(strategy, dataset):
        logits = strategy(batch).logits
        loss += float(strategy.task_loss(logits, batch)) * len(batch)
        if strategy.schema.target.is_classification:
            right += int((logits.argmax(1) == batch.y).sum())
            known += int((batch.y >= 0).sum())
    loss /= max(len(dataset), 1)
    return loss, right / max(known, 1) if strategy.schema.target.is_classification else -loss


@torch.no_grad()
def predict(strategy: Strategy, dataset: FusionDataset) -> np.ndarray:
    """Return probabilities [n, C], or the numbers [n, 1] of a regression.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> from graphfuse.fusion import create_strategy
        >>> data = load_dataset("planted/null", n=20)
        >>> model = create_strategy("majority", data.schema).prepare(data)
        >>> predict(model, data).shape
        (20, 2)
    """
    parts = []
    for batch in batches(strategy, dataset):
        logits = strategy(batch).logits.double()
        if strategy.schema.target.is_classification:
            logits = logits.softmax(1)
        elif strategy.schema.task == "multilabel":
            logits = logits.sigmoid()
        parts.append(logits.numpy(force=True))
    return np.concatenate(parts) if parts else np.zeros((0, strategy.schema.outputs))


def batches(strategy: nn.Module, dataset: FusionDataset) -> Iterator[Batch]:
    """Yield a dataset's batches in order, on the strategy's device, which is set to evaluate."""
    strategy.eval()
    tensors = [*strategy.parameters(), *strategy.buffers()]
    device = tensors[0].device if tensors else torch.device("cpu")
    for start in range(0, len(dataset), EVALUATION_BATCH):
        rows = range(start, min(start + EVALUATION_BATCH, len(dataset)))
        yield dataset.batch(rows).to(device)
