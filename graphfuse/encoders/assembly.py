"""Build a dataset from the nodes of cells."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from graphfuse.data.columns import in_schema
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.schema import Schema
from graphfuse.data.steps.sequence import DEFAULT
from graphfuse.encoders.encoder import Encoder, Nodes
from graphfuse.errors import InputError
from graphfuse.raw import Manifest, facts

logger = logging.getLogger(__name__)

CLOCKED = ("audio", "series", "video")
"""Kinds whose positions are times."""

APART = 100.0
"""Least distance between the positions of two pictures, or two texts, of one sample."""


def assemble(
    manifest: Manifest,
    made: Mapping[str, Encoder],
    nodes: Mapping[str, list[list[Nodes]]],
    schema: Schema | None = None,
) -> FusionDataset:
    """Return the dataset of encoded cells, with labels, groups and parts of the manifest.

    With the schema of a training part, the dataset has all its modalities, missing where needed,
    and no labels.
    """
    x: dict[str, list[Any]] = {}
    pos: dict[str, list[Any]] = {}
    for modality, found in nodes.items():
        rows = [[n for n in row if len(n.x)] for row in found]
        if not any(rows):
            if schema is None and modality in manifest.modalities:
                logger.warning("modality %s is missing in every sample and left out", modality)
            continue
        x[modality] = [_joined([n.x for n in row]) if row else None for row in rows]
        if made[modality].pos_dim:
            clock = made[modality].info.kind in CLOCKED
            pos[modality] = [_positions(row, clock) if row else None for row in rows]
    if not x:
        raise InputError(
            f"{manifest.name or 'the manifest'} has no modality that can be read in any sample"
        )
    known = vars(facts(manifest, labelled=schema is None))
    if schema is not None:
        known = {**known, "y": None, "task": None, "classes": None}
    dtypes = {m: made[m].dtype for m in x}
    dataset = _with_units(FusionDataset.from_arrays(x, pos=pos, dtype=dtypes, **known), made)
    if schema is not None:
        return replace(dataset, **in_schema(dataset, schema))
    steps = [step for m in x for step in made[m].steps(m)]
    if not steps and manifest.steps is None:
        return dataset
    return replace(
        dataset, steps=(*steps, *(DEFAULT if manifest.steps is None else manifest.steps))
    )


def _with_units(dataset: FusionDataset, made: Mapping[str, Encoder]) -> FusionDataset:
    """Return the dataset with what positions count: seconds, or places within the modality."""
    units = {m: "seconds" if made[m].info.kind in CLOCKED else f"places in {m}" for m in made}
    modalities = [
        replace(m, pos_unit=units[m.name]) if m.pos_dim else m for m in dataset.schema.modalities
    ]
    return replace(dataset, schema=Schema(tuple(modalities), dataset.schema.targets))


def _positions(items: Sequence[Nodes], clock: bool) -> Tensor:
    """Return the positions [N, P] of a sample's items, moved apart unless they are times."""
    parts: list[Tensor] = []
    for item in items:
        pos = item.pos
        if parts and not clock:
            shift = torch.zeros(pos.shape[1])
            shift[0] = parts[-1][:, 0].max() + APART - pos[:, 0].min()
            pos = pos + shift
        parts.append(pos)
    return _joined(parts)


def _joined(parts: Sequence[Tensor]) -> Tensor:
    """Return the rows of all parts; a single part as it is, not copied."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))
