"""Options of raw data on the command line, and which dataset each of them applies to."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfuse.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from graphfuse.raw import Manifest


OPTIONS: tuple[str, ...] = ("task", "root", "allow_missing_modality")
"""Options that all raw datasets of the command line take."""
OF_BUILT_IN = ("allow_missing_modality",)
"""Those of them that a built-in dataset takes: it knows its task and its folder."""


def add_reading(parser: argparse.ArgumentParser) -> None:
    """Add the options of every command that reads raw data."""
    add = parser.add_argument
    add(
        "--column",
        action="append",
        metavar="NAME=KIND",
        help="override the inferred kind of a column (graphfuse inspect shows the kinds)",
    )
    add(
        "--task",
        metavar="NAME",
        help="task of the label: binary, multiclass, multilabel or regression",
    )
    add("--root", metavar="FOLDER", help="folder from which the paths in raw data start")


def read_given(arguments: argparse.Namespace) -> Manifest:
    """Read the raw data of a command by the options of :func:`add_reading`."""
    from graphfuse.data.schema import TASKS
    from graphfuse.loading import read_raw

    if arguments.task not in (None, *TASKS):
        raise UnknownNameError("task", arguments.task, TASKS)
    columns = pairs("--column", arguments.column)
    given = {"columns": columns, "task": arguments.task, "root": arguments.root}
    return read_raw(arguments.data, **{name: value for name, value in given.items() if value})


def add_raw(settings: dict[str, Any]) -> None:
    """Give options to the raw datasets that they fit, and print the columns of these datasets."""
    data = settings.pop("data", [])
    if data and "datasets" in settings:
        raise InputError(f"datasets are named twice: {data} and --datasets {settings['datasets']}")
    if data:
        settings["datasets"] = data
    given = {
        option: pairs(f"--{option}", settings.pop(option, None))
        for option in ("column", "encoder", "network")
    }
    steps, augment = settings.pop("clean", None), augment_of(settings)
    options = {name: settings.pop(name) for name in OPTIONS if name in settings}
    items = settings.get("datasets", [])
    if not isinstance(items, list):
        return
    raw = _raw_of(items)
    wanted = [
        f"--{option.replace('_', '-')}"
        for option, found in [
            *given.items(),
            ("clean", steps),
            ("augment", augment),
            *options.items(),
        ]
        if found
    ]
    if wanted and not raw:
        raise InputError(f"{', '.join(wanted)} needs raw data, got features: {items}; leave it out")
    for name in raw:
        raw[name] = {**_for(name, options), **raw[name]}
    manifests = _read(raw, given["column"])
    for name, manifest in manifests.items():
        print(manifest.describe())
        print(f"To look for leaks and damage: graphfuse inspect {shlex.quote(str(name))}\n")
    for name, chosen in _share("encoders", given["encoder"], manifests).items():
        raw[name]["encoders"] = {**_mapping(raw[name].get("encoders")), **chosen}
    for name, chosen in _share("networks", given["network"], manifests).items():
        networks = settings.setdefault("networks", {})
        own = manifests[name].name
        networks[own] = {**_mapping(networks.get(own)), **chosen}
    for name, changes in _fitting_changes(augment, manifests).items():
        raw[name]["augment"] = {**_mapping(raw[name].get("augment")), **changes}
    for name, fitting in _fitting_steps(steps or [], manifests).items():
        raw[name]["clean"] = fitting
    if items:
        settings["datasets"] = [_with_options(item, raw) for item in items]


def _raw_of(items: list[Any]) -> dict[Any, dict[str, Any]]:
    """Return the raw datasets by name or path, with their own options."""
    from graphfuse.loading import is_raw

    own = [item if isinstance(item, dict) else {item: None} for item in items if _is_named(item)]
    return {
        name: dict(options or {})
        for item in own
        for name, options in item.items()
        if is_raw(name) and isinstance(options, dict | None)
    }


def _for(name: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Return those of the options that a raw dataset takes."""
    from graphfuse.raw.catalog import raw_datasets

    taken = OF_BUILT_IN if name in raw_datasets.names() else OPTIONS
    return {option: value for option, value in options.items() if option in taken}


def _is_named(item: Any) -> bool:
    return isinstance(item, (str, Path, dict))


def _with_options(item: Any, raw: dict[Any, dict[str, Any]]) -> Any:
    """Return a dataset as it is named, with its options if it is raw and has any."""
    if isinstance(item, dict):
        return {name: raw.get(name, options) for name, options in item.items()}
    return {item: raw[item]} if _is_named(item) and raw.get(item) else item


def _read(raw: dict[Any, dict[str, Any]], columns: dict[str, str]) -> dict[Any, Manifest]:
    """Read raw datasets, each with the given columns that it has; its options get these too.

    Raises:
        UnknownNameError: a column that none of them has.
    """
    from graphfuse.raw.catalog import raw_datasets

    found = {}
    known, taken = list[str](), set[str]()
    for name, options in raw.items():
        fitting = {} if name in raw_datasets.names() else dict(columns)  # whose columns are known
        while name not in found:
            try:
                found[name] = _read_one(name, options, fitting)
            except UnknownNameError as error:
                if error.kind != "column" or error.given not in fitting:
                    raise
                del fitting[str(error.given)]
        if fitting:
            options["columns"] = {**_mapping(options.get("columns")), **fitting}
        taken |= set(fitting)
        known += found[name].table.column_names
    for column in columns:
        if column not in taken:
            raise UnknownNameError("column", column, known)
    return found


def _read_one(name: Any, options: dict[str, Any], columns: dict[str, str]) -> Manifest:
    from graphfuse.loading import ENCODING, read_raw

    later = (*ENCODING, "clean")
    reading = {option: given for option, given in options.items() if option not in later}
    if columns:
        reading["columns"] = {**_mapping(options.get("columns")), **columns}
    return read_raw(name, **reading)


def _mapping(given: Any) -> dict[str, Any]:
    """Return a mapping of a configuration; anything else there is replaced."""
    return dict(given) if isinstance(given, dict) else {}


def _share(
    what: str, given: dict[str, str], manifests: dict[Any, Manifest]
) -> dict[Any, dict[str, str]]:
    """Return for each dataset what is given for its modalities, by name or by kind.

    Raises:
        UnknownNameError: a name that is neither a modality of any dataset nor a kind of one.
    """
    from graphfuse.encoders.choice import sources

    kinds = {}
    for name, manifest in manifests.items():
        own = sources(manifest).items()
        # The sound of a video has encoders of its own: no kind stands for it.
        kinds[name] = {m: manifest.kind(of) if m == of else "" for m, of in own}
    known = {n for own in kinds.values() for n in (*own, *own.values()) if n}
    for key in given:
        if key not in known:
            raise UnknownNameError(f"modality in {what}", key, known)
    shared = {
        name: {
            modality: value
            for key, value in sorted(given.items(), key=lambda pair: pair[0] in own)
            for modality in ([key] if key in own else [m for m, kind in own.items() if kind == key])
        }
        for name, own in kinds.items()
    }
    return {name: chosen for name, chosen in shared.items() if chosen}


def _fitting_steps(steps: list[str], manifests: dict[Any, Manifest]) -> dict[Any, list[str]]:
    """Return for each dataset the steps of cleaning that apply to it; all if a step fits none."""
    from graphfuse.raw.cleaning import Repair, create_cleaner

    kinds = {name: {m.kind(one) for one in m.modalities} for name, m in manifests.items()}
    fits: dict[str, list[Any]] = {}
    for step in steps:
        cleaner = create_cleaner(step)
        fits[step] = [
            n for n, own in kinds.items() if not isinstance(cleaner, Repair) or cleaner.kind in own
        ] or list(kinds)
    shared = {name: [step for step in steps if name in fits[step]] for name in kinds}
    return {name: fitting for name, fitting in shared.items() if fitting}


def _fitting_changes(
    augment: dict[str, Any], manifests: dict[Any, Manifest]
) -> dict[Any, dict[str, Any]]:
    """Return for each dataset the augmentations of its kinds; all if no dataset has a kind."""
    from graphfuse.raw.augment.copies import kinds_of
    from graphfuse.raw.augment.presets import KINDS

    own = {name: kinds_of(manifest) for name, manifest in manifests.items()}
    lacking = {kind for kind in KINDS if not any(kind in kinds for kinds in own.values())}
    shared = {
        name: {k: v for k, v in augment.items() if k not in KINDS or k in kinds | lacking}
        for name, kinds in own.items()
    }
    named = {*augment} & {*KINDS}
    return {name: kept for name, kept in shared.items() if kept and (not named or named & {*kept})}


def augment_of(settings: dict[str, Any]) -> dict[str, Any]:
    """Remove --augment from the settings and return it, with numbers as int."""
    given = pairs("--augment", settings.pop("augment", None))
    return {name: int(value) if value.isdigit() else value for name, value in given.items()}


def pairs(option: str, given: list[str] | None) -> dict[str, str]:
    """Return NAME=VALUE options as a mapping."""
    found: dict[str, str] = {}
    for pair in given or []:
        name, equals, value = pair.partition("=")
        if not (name and equals and value):
            raise InputError(f"{option} must be NAME=VALUE, got {pair!r}")
        if name in found:
            raise InputError(f"{option} names {name!r} twice: {found[name]} and {value}; keep one")
        found[name] = value
    return found
