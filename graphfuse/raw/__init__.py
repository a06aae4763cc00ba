"""Raw samples: manifests, what their cells hold, and how these are read."""

from graphfuse.raw.cell import Cell
from graphfuse.raw.columns import KINDS, Column, Skipped
from graphfuse.raw.facts import SampleFacts, facts
from graphfuse.raw.manifest import Change, Manifest
from graphfuse.raw.readers.items import Item, Row, Series, Sound, Video
from graphfuse.raw.tables.sources import read_manifest

__all__ = [
    "KINDS",
    "Cell",
    "Change",
    "Column",
    "Item",
    "Manifest",
    "Row",
    "SampleFacts",
    "Series",
    "Skipped",
    "Sound",
    "Video",
    "facts",
    "read_manifest",
]
