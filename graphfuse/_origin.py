"""How a dataset was made of raw samples: encoders, cells that could not be read, changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphfuse._plain import from_plain, to_plain


@dataclass(frozen=True)
class ChangeRecord:
    """One change to the raw samples: the step, its options and the samples it changed."""

    step: str
    what: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    samples: int = 0
    ids: tuple[str, ...] = ()
    """Some of the samples, and how many more there are."""
    details: tuple[str, ...] = ()
    """What happened to single cells."""


@dataclass(frozen=True)
class Origin:
    """How a dataset was made of raw samples.

    ``encoders`` holds the identity of the encoder of each modality, ``models`` the name of its
    network, ``unreadable`` how many cells could not be read, ``problems`` some of these with the
    reason, and ``empty`` the share of empty cells of each column of a table.

    Example:
        >>> origin = Origin({"text": {"name": "ngrams"}}, changes=(ChangeRecord("resample"),))
        >>> Origin.from_dict(origin.to_dict()) == origin
        True
    """

    encoders: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    unreadable: int = 0
    problems: tuple[str, ...] = ()
    empty: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    changes: tuple[ChangeRecord, ...] = ()
    modalities: tuple[str, ...] = ()
    """Modalities that took part."""
    columns: tuple[str, ...] = ()
    """What to check about columns of raw data, such as content that is left out."""
    lost: Mapping[str, str] = field(default_factory=dict)
    """Why no cell of a column could be read, by column."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return dict(to_plain(self))

    def __getitem__(self, name: str) -> Any:
        """Return an entry of :meth:`to_dict`; an origin was a dict once."""
        return self.to_dict()[name]

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Origin:
        """Build an origin from :meth:`to_dict`'s plain data; what it lacks is empty.

        Raises:
            InputError: an entry of the wrong type.
        """
        return from_plain(cls, plain, "origin")
