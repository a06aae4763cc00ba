"""What is noticeable in raw data and in splits, with what to do; one check a file."""

from graphfuse.data.inspection.finding import Finding
from graphfuse.data.inspection.inspect import inspect
from graphfuse.data.inspection.splits import inspect_splits

__all__ = ["Finding", "inspect", "inspect_splits"]
