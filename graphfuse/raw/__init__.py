"""Raw samples: manifests, the kinds of their cells, and readers."""

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
