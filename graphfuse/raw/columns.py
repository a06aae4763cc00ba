"""The columns of a manifest and what each of them holds."""

from __future__ import annotations

from dataclasses import dataclass

from graphfuse.errors import InputError, UnknownNameError

MEDIA = ("image", "audio", "video")
"""Kinds whose cells name files or hold their bytes."""
CONTENT = (*MEDIA, "text", "series", "number", "category")
"""Kinds that become nodes; numbers and categories are read together, as rows of a table."""
ROLES = ("label", "split", "time", "group", "id", "skip")
"""Kinds that say something about a sample; a column to be skipped says nothing.

``time`` (numbers, or dates as 2026-01-31) splits the samples: the latest are the test part.
"""
KINDS = (*CONTENT, *ROLES)
TABLE = "table"
"""The kind, and usual name, of the modality that numbers and categories make up."""
COPY = "a copy of the label"
"""What the reason begins with why a column is skipped that holds the label a second time."""
SPLITS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
    **dict.fromkeys(("test", "testing", "eval"), "test"),
}
"""Names of the parts of a split, as they are found, and as graphfuse calls them."""


@dataclass(frozen=True)
class Column:
    """A column by name and kind; ``modality`` is the one it belongs to, empty for roles.

    Columns of one modality give it several cells a sample, and so more nodes: ``photo_1`` and
    ``photo_2`` are two pictures of the modality ``photo``. ``why`` says how the kind was told.

    Example:
        >>> Column("photo_1", "image", "photo").modality
        'photo'
    """

    name: str
    kind: str
    modality: str = ""
    why: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownNameError(f"kind of column {self.name!r}", self.kind, KINDS)
        if bool(self.modality) != (self.kind in CONTENT):
            raise InputError(
                f"column {self.name!r} of kind {self.kind!r} has modality {self.modality!r}; "
                f"{', '.join(CONTENT)} name one, other kinds do not"
            )
