"""A cell of a manifest: one modality of one sample, as a path or a value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from graphfuse.data.files import read_bytes
from graphfuse.data.spec import CleaningSpec
from graphfuse.errors import FusionError, InputError
from graphfuse.raw.columns import MEDIA
from graphfuse.raw.readers.items import Item
from graphfuse.raw.readers.paths import locate
from graphfuse.raw.readers.read import read


class ItemRepair(Protocol):
    """A change of single items, such as a step of :mod:`graphfuse.raw.cleaning`."""

    @property
    def spec(self) -> CleaningSpec:
        """The change by name and options."""
        ...

    def item(self, item: Item) -> Item:
        """Return the item changed."""
        ...


@dataclass(frozen=True)
class Cell:
    """One modality of one sample as the manifest holds it, not yet read.

    ``value`` is the path of a file or its bytes (image, audio, video), a text or, as a ``Path``,
    the file that holds it, a table's row ``{column: value}``, or a time series: a path, or a list
    of numbers or of lists of these. ``where`` names its row and column in messages; ``repairs``
    are the steps of cleaning that its content goes through when it is read. ``column`` is the
    name of the column that it stands in, empty for a table's row.
    """

    kind: str
    value: Any
    root: Path | None = None
    where: str = field(default="", compare=False)
    repairs: tuple[ItemRepair, ...] = ()
    column: str = field(default="", compare=False)

    def path(self) -> Path | None:
        """Return the file that the cell names; None if it holds its content.

        Raises:
            InputError: the path leaves the manifest's folder, or there is no such file.
        """
        named = isinstance(self.value, str) and self.kind in (*MEDIA, "series")
        if not named and not isinstance(self.value, Path):
            return None
        with self._errors():
            return locate(self.value, self.root)

    def digest(self) -> str:
        """Return the SHA-256 of the content of the file, without its name, and of its repairs.

        Raises:
            InputError: see :meth:`path`; or the file cannot be read.
        """
        path = self.path()
        if path is not None:
            with self._errors():
                content = read_bytes(path)
        elif isinstance(self.value, bytes):
            content = self.value
        else:
            content = json.dumps(self.value, sort_keys=True, default=str).encode()
        digest = hashlib.sha256(content)
        for repair in self.repairs:
            plain = json.dumps([repair.spec.name, dict(repair.spec.options)], sort_keys=True)
            digest = hashlib.sha256(f"{digest.hexdigest()} {plain}".encode())
        return digest.hexdigest()

    def read(self) -> Item:
        """Return the decoded content, repaired.

        Raises:
            InputError: see :meth:`path`; or the content is not of this kind, or damaged.
        """
        path = self.path()
        with self._errors():
            item = read(self.kind, self.value, path)
            for repair in self.repairs:
                item = repair.item(item)
            return item

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Make an error of the cell of whatever is raised, with its row and column.

        Decoders raise what they happen to meet in damaged bytes; this is the one place where it is
        caught, so that one bad cell never stops the others.
        """
        place = f"{self.where}: " if self.where else ""
        try:
            yield
        except InputError as error:
            if not place:
                raise
            raise InputError(f"{place}{error}") from None
        except FusionError:
            raise
        except MemoryError:
            raise InputError(
                f"{place}the {self.kind} cannot be read: it needs more memory than there is; make "
                f"it smaller"
            ) from None
        except Exception as error:
            raise InputError(
                f"{place}the {self.kind} cannot be read: it is damaged, or of another format "
                f"({type(error).__name__}: {error})"
            ) from error
