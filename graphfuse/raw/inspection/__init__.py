"""What is noticeable in raw data and in splits, with what to do; one check a file."""

from graphfuse.raw.inspection.finding import Finding
from graphfuse.raw.inspection.inspect import inspect
from graphfuse.raw.inspection.splits import inspect_splits

__all__ = ["Finding", "inspect", "inspect_splits"]
