"""Features that others have extracted, one format per file."""

from graphfuse.data.convert.format import Format, formats
from graphfuse.data.convert.read import read_features

__all__ = ["Format", "formats", "read_features"]
