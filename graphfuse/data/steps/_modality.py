"""Look up and replace the nodes of the modality that a step works on."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from graphfuse.data.dataset import FusionDataset
from graphfuse.data.ragged import Ragged
from graphfuse.data.schema import Schema
from graphfuse.errors import SchemaError


def nodes_of(dataset: FusionDataset, modality: str, width: int | None, step: str) -> Tensor:
    """Return the nodes [total, F] of a modality; ``width`` is the F that was fitted on, if any.

    Raises:
        UnknownNameError: no such modality.
        SchemaError: its nodes have another number of features, or are raw.
    """
    shape = dataset.schema[modality].shape
    if len(shape) != 1 or (width is not None and shape[0] != width):
        raise SchemaError(
            f"step {step!r} works on nodes of {'any' if width is None else width} features, "
            f"modality {modality!r} has {'raw ' if len(shape) > 1 else ''}nodes of shape "
            f"{list(shape)}; "
            f"apply the step to data encoded like the data it was fitted on"
        )
    return dataset.x[modality].values


def raw_modalities(dataset: FusionDataset) -> list[str]:
    """Return the modalities with raw nodes, such as pixels or word ids."""
    return [
        m.name
        for m in dataset.schema.modalities
        if len(m.shape) != 1 or not dataset.x[m.name].values.is_floating_point()
    ]


def with_nodes(dataset: FusionDataset, modality: str, values: Tensor) -> FusionDataset:
    """Return the dataset with other features [total, F] for the nodes of a modality."""
    modalities = [
        replace(m, shape=(values.shape[1],)) if m.name == modality else m
        for m in dataset.schema.modalities
    ]
    x = {**dataset.x, modality: Ragged(values, dataset.x[modality].offsets)}
    return replace(dataset, schema=Schema(tuple(modalities), dataset.schema.targets), x=x)
