"""Predict with a trained strategy, and evaluate it during training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from graphfuse._wording import first_names
from graphfuse.data import Batch, FusionDataset
from graphfuse.errors import InputError
from graphfuse.fusion import Strategy

EVALUATION_BATCH = 512


@torch.no_grad()
def evaluate(
    strategy: Strategy,
    dataset: FusionDataset,
    sample_weight: Mapping[str, float] | None = None,
) -> tuple[float, float]:
    """Return the task's mean loss over a dataset, without regularisation terms, and the score.

    The score is the accuracy over labelled samples if each sample has one class, else minus the
    loss. Samples are weighted if weights are given, by their ids.
    """
    target = strategy.schema.target
    loss = right = known = total = 0.0
    for batch in batches(strategy, dataset):
        weigh(batch, sample_weight)
        share = torch.ones(len(batch)) if batch.weight is None else batch.weight.cpu()
        logits = strategy(batch).logits
        loss += float(strategy.task_loss(logits, batch)) * float(share.sum())
        total += float(share.sum())
        if target.is_classification:
            right += float(share[(logits.argmax(1) == batch.y).cpu()].sum())
            known += float(share[target.known(batch.y).cpu()].sum())
    loss /= total or 1
    return loss, right / (known or 1) if target.is_classification else -loss


def weigh(batch: Batch, sample_weight: Mapping[str, float] | None) -> None:
    """Set the weights of a batch's samples, by their ids."""
    if sample_weight is not None:
        batch.weight = weights_of(batch.ids, sample_weight).to(batch.device)


def weights_of(ids: Iterable[str], sample_weight: Mapping[str, float]) -> Tensor:
    """Return the weights of samples, in the order of their ids.

    Raises:
        InputError: a sample has no weight.
    """
    ids = list(ids)
    if missing := [name for name in ids if name not in sample_weight]:
        raise InputError(
            f"sample_weight must have a weight for the id of each sample; it lacks "
            f"{first_names(missing)}"
        )
    return torch.tensor([sample_weight[name] for name in ids], dtype=torch.float64)


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
    """Yield the batches of a dataset in order, on the strategy's device, in evaluation mode."""
    strategy.eval()
    tensors = [*strategy.parameters(), *strategy.buffers()]
    device = tensors[0].device if tensors else torch.device("cpu")
    for start in range(0, len(dataset), EVALUATION_BATCH):
        rows = range(start, min(start + EVALUATION_BATCH, len(dataset)))
        yield dataset.batch(rows).to(device)
