"""The columns of a manifest, their kinds, and the reasons why some are left out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from graphfuse.errors import InputError, UnknownNameError

MEDIA = ("image", "audio", "video")
"""Kinds whose cells name files or hold their bytes."""
TABULAR = ("number", "category", "date")
"""Kinds that are read together, as rows of a table."""
CONTENT = (*MEDIA, "text", "series", *TABULAR)
"""Kinds that become nodes."""
ROLES = ("label", "split", "time", "group", "id", "skip")
"""Kinds that say something about a sample; a column of kind "skip" says nothing.

``time`` (numbers or dates) splits the samples: the latest are the test part.
"""
KINDS = (*CONTENT, *ROLES)
TABLE = "table"
"""The kind, and usual name, of the modality that numbers, categories and dates make up."""


class Skipped(StrEnum):
    """The reason why a column is left out."""

    REQUESTED = "requested"
    EMPTY = "no value in any row"
    UNNAMED = "no name"
    CODE = "a code of its own in nearly every row"
    NESTED = "nested values"
    LABEL_COPY = "a copy of the label"
    LABEL_FORM = "another form of the label"
    FILE_FACT = "a fact of a file"
    FOLDS = "numbers of folds"
    SECOND_ID = "a second id"

    @property
    def holds_content(self) -> bool:
        """Whether such a column may hold content, so that users are warned.

        Example:
            >>> Skipped.CODE.holds_content, Skipped.EMPTY.holds_content
            (True, False)
        """
        return self in (
            Skipped.CODE, Skipped.NESTED, Skipped.LABEL_COPY, Skipped.LABEL_FORM, Skipped.FOLDS,
        )  # fmt: skip


@dataclass(frozen=True)
class Column:
    """A column by name and kind; ``modality`` is the one it belongs to, empty for roles.

    Columns of one modality give a sample several cells, and so more nodes: ``photo_1`` and
    ``photo_2`` are two pictures of the modality ``photo``.

    Attributes:
        why: how the kind was inferred, in words.
        skipped: why it is left out, None unless its kind is "skip".
        form: how its cells are written, if the kind has several forms: the style of numbers, the
            order of dates, the separator of labels. New samples are read in the same form.
        cautions: what to check before results are believed, such as cells that count as missing.

    Example:
        >>> Column("photo_1", "image", "photo").modality
        'photo'
    """

    name: str
    kind: str
    modality: str = ""
    why: str = ""
    skipped: Skipped | None = None
    form: str = ""
    cautions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownNameError(f"kind of column {self.name!r}", self.kind, KINDS)
        if bool(self.modality) != (self.kind in CONTENT):
            raise InputError(
                f"column {self.name!r} of kind {self.kind!r} has modality {self.modality!r}; "
                f"{', '.join(CONTENT)} name one, other kinds do not"
            )
        reason = None if self.skipped is None else Skipped(self.skipped)
        if self.kind == "skip" and reason is None:
            reason = Skipped.REQUESTED
        object.__setattr__(self, "skipped", reason)
        object.__setattr__(self, "cautions", tuple(self.cautions))

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings for the user, its cautions among them, and whether content is left out."""
        left_out = self.skipped is not None and self.skipped.holds_content
        return (*((f"left out: {self.why}",) if left_out else ()), *self.cautions)
