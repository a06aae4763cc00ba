"""Base of the cleaning steps: each returns a changed manifest and reports what it did."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeVar

import numpy as np

from graphfuse._registry import Registry, options_of
from graphfuse.data.spec import CleaningSpec
from graphfuse.errors import InputError
from graphfuse.raw.manifest import Change, Manifest
from graphfuse.raw.readers.items import Item

logger = logging.getLogger(__name__)

NAMED = 5
"""Samples that a line of the log names; all are in the change."""


@dataclass(frozen=True)
class Cleaner(ABC):
    """A step of cleaning; a frozen dataclass whose fields are its plain options.

    Its changes are logged, counted, and added to ``manifest.changes``.
    """

    name: ClassVar[str]

    @abstractmethod
    def apply(self, manifest: Manifest, progress: bool = True) -> Manifest:
        """Return the cleaned manifest, with the change among its changes."""

    @property
    def options(self) -> dict[str, Any]:
        """Options by name."""
        return options_of(self)

    @property
    def spec(self) -> CleaningSpec:
        """The step by name and options."""
        return CleaningSpec(self.name, self.options)

    def note(
        self, manifest: Manifest, what: str, rows: Iterable[int] = (), details: Iterable[str] = ()
    ) -> Manifest:
        """Return the manifest with a change: its description, and the changed rows."""
        ids = tuple(str(manifest.ids[row]) for row in rows)
        named = f" ({', '.join(ids[:NAMED])}{', ...' if len(ids) > NAMED else ''})" if ids else ""
        level = logging.WARNING if ids else logging.INFO
        logger.log(level, "%s: %s: %s%s", manifest.name or "data", self.name, what, named)
        change = Change(self.name, self.options, what, ids, tuple(details))
        return replace(manifest, changes=(*manifest.changes, change))

    def drop(
        self, manifest: Manifest, rows: Sequence[int], why: str, details: Iterable[str] = ()
    ) -> Manifest:
        """Return the manifest without the given rows, with a change that gives the reason."""
        if not len(rows):
            return manifest
        noted = self.note(manifest, f"{samples(len(rows))} left out: {why}", rows, details)
        return noted.select(np.setdiff1d(np.arange(len(manifest)), rows))


@dataclass(frozen=True)
class Repair(Cleaner):
    """A step that changes each item of one kind on its own, whenever it is read.

    No sample is lost. It is part of the cache key of encoded nodes, and a
    :class:`~graphfuse.encoders.Preprocessor` applies it to new samples unchanged.
    """

    kind: ClassVar[str]
    """The kind of item: "audio", "text" or "table"."""

    @abstractmethod
    def item(self, item: Any) -> Item:
        """Return an item repaired."""

    def check(self) -> None:
        """Raise an error if an option has a value that it does not take."""

    def __post_init__(self) -> None:
        self.check()

    def apply(self, manifest: Manifest, progress: bool = True) -> Manifest:
        """Return a manifest that repairs items as it reads them."""
        modalities = [m for m in manifest.modalities if manifest.kind(m) == self.kind]
        if not modalities:
            known = ", ".join(f"{m} ({manifest.kind(m)})" for m in manifest.modalities)
            raise InputError(
                f"cleaning step {self.name!r} is for {self.kind}, but there are none; the "
                f"modalities are {known}"
            )
        manifest = self.note(
            manifest, f"{', '.join(modalities)}: {self.doing(manifest, modalities)}"
        )
        repairs = {m: (*manifest.repairs.get(m, ()), self) for m in modalities}
        return replace(manifest, repairs={**manifest.repairs, **repairs})

    def doing(self, manifest: Manifest, modalities: Sequence[str]) -> str:
        """Return a description of the change to the items of these modalities."""
        count = sum(len(row) for m in modalities for row in manifest.each(m))
        return f"applied to each of {count} items as it is read"


CleanerType = TypeVar("CleanerType", bound=type[Cleaner])

cleaners: Registry[type[Cleaner]] = Registry("cleaning step", "graphfuse.raw.cleaning")


def cleaner(name: str) -> Callable[[CleanerType], CleanerType]:
    """Register a step of cleaning under its name."""
    return cleaners.register(name)


def list_cleaners() -> list[str]:
    """Return the names of all steps of cleaning."""
    return cleaners.names()


def create_cleaner(name: str, **options: Any) -> Cleaner:
    """Create a step of cleaning by name.

    Raises:
        UnknownNameError: no such step or option.
        InputError: a value that the option does not take.
    """
    step: Cleaner = cleaners.create(name, **options)
    return step


def clean(manifest: Manifest, steps: Sequence[Any], *, progress: bool = True) -> Manifest:
    """Return the manifest after all steps, in order; ``changes`` lists their effects.

    Args:
        manifest: the raw samples.
        steps: names, ``{name: options}``, or instances of :class:`Cleaner`.
        progress: show how many files are read, on a terminal.

    Raises:
        UnknownNameError: an unknown step or option.
        InputError: an invalid value of an option, or no sample is left.

    Example:
        >>> from datasets import Dataset
        >>> from graphfuse.raw import Column
        >>> table = Dataset.from_dict({"said": ["a cat", "a dog", "a cat"]})
        >>> pets = Manifest(table, (Column("said", "text", "said"),), name="pets")
        >>> cleaned = clean(pets, ["drop_duplicates", {"normalise_text": {"lower": True}}])
        >>> len(cleaned), cleaned.changes[0].ids
        (2, ('2',))
    """
    for step in create_cleaners(steps):
        manifest = step.apply(manifest, progress)
        if not len(manifest):
            raise InputError(
                f"cleaning step {step.name!r} leaves no sample: {manifest.changes[-1].what}; "
                f"change its options, or leave it out"
            )
    return manifest


def create_cleaners(steps: Sequence[Any]) -> list[Cleaner]:
    """Return steps from names, ``{name: options}`` or instances."""
    if isinstance(steps, str) or not isinstance(steps, Sequence):
        raise InputError(
            f"steps of cleaning must be a list of names or {{name: options}}, got {steps!r}"
        )
    return [cleaners.build(given, Cleaner, CleaningSpec.of) for given in steps]


def create_repairs(steps: Sequence[Any]) -> tuple[Repair, ...]:
    """Return steps that change each item independently.

    Raises:
        InputError: a step that does not.
    """
    created = create_cleaners(steps)
    for step in created:
        if not isinstance(step, Repair):
            raise InputError(
                f"cleaning step {step.name!r} cannot be a repair, because it does not change "
                f"each item independently; use clean(manifest, steps)"
            )
    return tuple(step for step in created if isinstance(step, Repair))


def samples(count: int) -> str:
    """Return a number of samples in words.

    Example:
        >>> samples(1), samples(2)
        ('1 sample', '2 samples')
    """
    return f"{count} sample{'' if count == 1 else 's'}"
