"""A dataset on disk: one Arrow file of list columns, mapped into memory, and a JSON schema."""

from __future__ import annotations

import hashlib
import json
import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from graphfuse._files import check_free, whole_folder
from graphfuse._origin import Origin
from graphfuse._plain import from_plain
from graphfuse._wording import count
from graphfuse.data._arrow import from_table, to_table
from graphfuse.data.columns import About, Columns
from graphfuse.data.schema import Schema
from graphfuse.data.spec import RelationSpec, Spec, StepSpec
from graphfuse.errors import InputError

S = TypeVar("S", bound=Spec)

FORMAT = 1
ARROW, JSON = "samples.arrow", "schema.json"

DEEPEST = 100
"""Nested lists and objects that a header may have."""

UNREADABLE = (
    pa.ArrowException,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What reading raises where the files are not as they were written."""


@dataclass(frozen=True)
class Stored:
    """The content of a saved folder."""

    path: Path
    columns: Mapping[str, Any]
    """The fields of :class:`~graphfuse.data.columns.Columns`."""
    about: About
    fingerprint: Any

    def check_fingerprint(self, found: str) -> None:
        """Raise an error unless the values are those that were saved."""
        if found != self.fingerprint:
            raise InputError(
                f"the values in {self.path} are not those that were saved: their fingerprint is "
                f"{found}, {JSON} says {self.fingerprint}; save the data again"
            )


def save(columns: Columns, about: About, fingerprint: str, path: Path) -> None:
    """Implement :meth:`FusionDataset.save`."""
    check_destination(path)
    header, table = _describe(columns, about, fingerprint)
    with whole_folder(path) as work:
        _write_table(work / ARROW, table, len(columns))
        (work / JSON).write_text(header)


def check_destination(path: Path) -> None:
    """Raise an error unless the path is free or holds a dataset, which can be replaced."""
    check_free(path, "dataset", (ARROW, JSON), lambda p: "columns" in _read_header(p))


def _write_table(path: Path, table: pa.Table, rows: int) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as file:
        file.write_table(table, max_chunksize=max(rows, 1))


def _describe(columns: Columns, about: About, fingerprint: str) -> tuple[str, pa.Table]:
    table, layout = to_table(columns)
    header = {
        "format": FORMAT,
        "name": about.name,
        "samples": len(columns),
        "fingerprint": fingerprint,
        "schema": columns.schema.to_dict(),
        "columns": layout,
        "relations": _plain_specs(about.relations),
        **({} if about.steps is None else {"steps": _plain_specs(about.steps)}),
        "bayes_accuracy": about.bayes_accuracy,
        "graph_should_win": about.graph_should_win,
        **({} if about.augment is None else {"augment": dict(about.augment)}),
        **({} if about.origin is None else {"origin": about.origin.to_dict()}),
    }
    return json.dumps(header | {"checksum": _checksum(header)}, indent=1), table


def _checksum(header: Mapping[str, Any]) -> str:
    """Return the SHA-256 of all that a header says, but for the checksum itself."""
    rest = {key: value for key, value in header.items() if key != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _plain_specs(specs: Sequence[Spec] | None) -> list[dict[str, Any]] | None:
    return None if specs is None else [_plain_spec(spec) for spec in specs]


def _plain_spec(spec: Spec) -> dict[str, Any]:
    try:
        options = json.loads(json.dumps(dict(spec.options), default=_plain))
    except TypeError as error:
        raise InputError(
            f"{spec.kind} {spec.name!r} cannot be saved: its options are numbers, text, slices, "
            f"lists and dicts of these, got {dict(spec.options)!r} ({error})"
        ) from None
    return {"name": spec.name, "options": options}


def _plain(value: object) -> object:
    if isinstance(value, slice):
        return {"__slice__": [value.start, value.stop, value.step]}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} is none of these")


def _specs(made: type[S], plain: Sequence[Mapping[str, Any]] | None) -> tuple[S, ...] | None:
    return None if plain is None else tuple(_spec(made, one) for one in plain)


def _spec(made: type[S], plain: Mapping[str, Any]) -> S:
    def restore(found: dict[str, Any]) -> object:
        return slice(*found["__slice__"]) if list(found) == ["__slice__"] else found

    options = json.loads(json.dumps(plain["options"]), object_hook=restore)
    return made.of({plain["name"]: options})


def _read_header(path: Path) -> dict[str, Any]:
    try:
        header = json.loads((path / JSON).read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path / JSON} is not readable JSON: {error}") from None
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        given = header.get("format") if isinstance(header, dict) else header
        raise InputError(
            f"{path} has format {reprlib.repr(given)}, this version reads format {FORMAT}"
        )
    if not _is_nested_at_most(header, DEEPEST):
        raise InputError(f"{path / JSON} is nested more than {DEEPEST} times; it is damaged")
    return header


def _is_nested_at_most(content: Any, depth: int) -> bool:
    layer = [content]
    for _ in range(depth):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return not layer


def load(path: Path, owner: type[Columns]) -> Stored:
    """Return what :func:`save` wrote: the columns that ``owner`` declares, mapped into memory.

    Raises:
        InputError: there is no saved dataset, or it is damaged.
    """
    if not (path / JSON).is_file() or not (path / ARROW).is_file():
        raise InputError(
            f"{path} is not a saved dataset: it must be a folder with {JSON} and {ARROW}; write "
            f"one with dataset.save(path)"
        )
    header = _read_header(path)
    try:
        with pa.memory_map(str(path / ARROW)) as source:
            table = pa.ipc.open_file(source).read_all()
        columns = from_table(table, header["columns"], Schema.from_dict(header["schema"]), owner)
        about = _about(header)
    except UNREADABLE as error:
        raise InputError(
            f"{path} is damaged: {ARROW} and {JSON} are not as graphfuse wrote them "
            f"({type(error).__name__}: {error}); save the dataset again"
        ) from error
    samples = len(columns["ids"])
    if samples != header.get("samples"):
        raise InputError(
            f"{path} is damaged: {ARROW} holds {count(samples, 'sample')}, {JSON} says "
            f"{header.get('samples')}; save the dataset again"
        )
    if "checksum" in header and header["checksum"] != _checksum(header):
        raise InputError(f"{path} is damaged: {JSON} was changed; save the dataset again")
    return Stored(path, columns, about, header.get("fingerprint"))


def _about(header: Mapping[str, Any]) -> About:
    known = from_plain(Known, header, JSON)
    return About(
        name=header["name"],
        relations=_specs(RelationSpec, header["relations"]),
        steps=_specs(StepSpec, header.get("steps")),
        bayes_accuracy=known.bayes_accuracy,
        graph_should_win=known.graph_should_win,
        augment=known.augment,
        origin=known.origin,
    )


@dataclass(frozen=True)
class Known:
    """What a header says about a dataset as it is kept in JSON; reading it checks the types."""

    name: str
    bayes_accuracy: float | None
    graph_should_win: bool | None
    augment: Mapping[str, Any] | None = None
    origin: Origin | None = None
