"""Raw samples: manifests, what their cells hold, and how these are read."""

from graphfuse.data.raw.columns import KINDS, Column
from graphfuse.data.raw.facts import facts
from graphfuse.data.raw.items import Item, Row, Series, Sound, Video
from graphfuse.data.raw.manifest import Cell, Change, Manifest
from graphfuse.data.raw.sources import read_manifest

__all__ = [
    "KINDS",
    "Cell",
    "Change",
    "Column",
    "Item",
    "Manifest",
    "Row",
    "Series",
    "Sound",
    "Video",
    "facts",
    "read_manifest",
]
