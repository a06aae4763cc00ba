"""Checks of raw data and splits, one per file; each gives advice where something is wrong."""

from graphfuse.raw.inspection.inspect import inspect
from graphfuse.raw.inspection.splits import inspect_splits, uneven

__all__ = ["inspect", "inspect_splits", "uneven"]
