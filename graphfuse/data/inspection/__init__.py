"""What is noticeable in raw data, in words and with what to do; one check a file."""

from graphfuse.data.inspection.finding import Finding
from graphfuse.data.inspection.inspect import inspect

__all__ = ["Finding", "inspect"]
