"""Samples, batches, datasets, splits and scaling."""

from graphfuse._check import Check, Severity
from graphfuse.data.batch import Batch
from graphfuse.data.catalog import list_datasets, load_dataset
from graphfuse.data.catalog.card import DatasetCard
from graphfuse.data.dataset import FusionDataset, collate
from graphfuse.data.near_duplicates import near_duplicates
from graphfuse.data.sample import EdgeType, Sample, SparseEdges
from graphfuse.data.schema import Modality, Schema, Target
from graphfuse.data.spec import EncoderSpec, RelationSpec, StepSpec
from graphfuse.data.splits import (
    Split,
    hold_out,
    inner_folds,
    make_splits,
    split_by_time,
)
from graphfuse.data.steps.sequence import Steps

__all__ = [
    "Batch",
    "Check",
    "DatasetCard",
    "EdgeType",
    "EncoderSpec",
    "FusionDataset",
    "Modality",
    "RelationSpec",
    "Sample",
    "Schema",
    "Severity",
    "SparseEdges",
    "Split",
    "StepSpec",
    "Steps",
    "Target",
    "collate",
    "hold_out",
    "inner_folds",
    "list_datasets",
    "load_dataset",
    "make_splits",
    "near_duplicates",
    "split_by_time",
]
