"""What a report tells of the data: what they are, how they were made, and who is named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLUMNS = 8
"""Columns of a table, those with the most empty cells, that a line names."""
AUGMENT = "augment"
"""The step that adds changed copies, which is no cleaning."""


def headline(facts: Mapping[str, Any]) -> str:
    """Return samples, task, modalities and splits of a dataset on one line."""
    classes = f", {len(facts['classes'])} classes" if facts["classes"] else ""
    splits = facts["splits"]
    grouped = ", grouped" if facts["groups"] else ""
    folds = f"{splits['folds']} folds × {splits['repeats']}{grouped}"  # noqa: RUF001
    parts = [
        f"{facts['samples']} samples",
        f"{facts['task']}{classes}",
        ", ".join(f"{m['name']} {m['shape']}" for m in facts["modalities"]),
        "given split" if facts["given_splits"] else folds,
    ]
    return " · ".join(parts)


def told(facts: Mapping[str, Any]) -> dict[str, str]:
    """Return what was done to the data before a strategy saw them, a line by title."""
    origin = facts.get("origin") or {}
    changes = origin.get("changes", ())
    lines = {
        "Encoders": _encoders(origin),
        "Missing": _missing(facts["missing"], origin.get("empty", {})),
        "Unreadable": _unreadable(origin),
        "Cleaning": "; ".join(f"{c['step']}: {c['what']}" for c in changes if c["step"] != AUGMENT),
        "Augmentation": "; ".join(c["what"] for c in changes if c["step"] == AUGMENT),
        "Steps": _steps(facts.get("steps", ())),
    }
    return {title: line for title, line in lines.items() if line}


def named(facts: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the cells and samples that are named, by what became of them."""
    origin = facts.get("origin") or {}
    found = {_unreadable(origin): origin.get("problems", [])}
    for change in origin.get("changes", ()):
        samples = [", ".join(change["ids"])] if change.get("ids") else []
        if change["step"] != AUGMENT:
            found[f"{change['step']}: {change['what']}"] = change.get("details") or samples
    return {title: names for title, names in found.items() if names}


def _encoders(origin: Mapping[str, Any]) -> str:
    models = origin.get("models", {})
    return ", ".join(
        " ".join([f"{m}: {encoder['name']}", *([str(models[m])] if m in models else [])])
        for m, encoder in origin.get("encoders", {}).items()
    )


def _missing(missing: Mapping[str, float], empty: Mapping[str, Mapping[str, float]]) -> str:
    cells = []
    for m, columns in empty.items():
        most = sorted(columns.items(), key=lambda item: (-item[1], item[0]))[:COLUMNS]
        more = f" and {len(columns) - COLUMNS} columns more" if len(columns) > COLUMNS else ""
        cells.append(f"; empty cells of {m}: {', '.join(_share(c, s) for c, s in most)}{more}")
    lacking = ", ".join(_share(m, share) for m, share in missing.items() if share)
    return (lacking or "no modality of any sample") + "".join(cells)


def _unreadable(origin: Mapping[str, Any]) -> str:
    count = origin.get("unreadable", 0)
    cells = "1 cell" if count == 1 else f"{count} cells"
    return f"{cells} could not be read and count as missing" if count else ""


def _steps(steps: Any) -> str:
    told = []
    for spec in steps:
        name, options = spec["name"], spec["options"]
        plain = [f"{k}={v}" for k, v in options.items() if isinstance(v, str | int | float)]
        told.append(f"{name}({', '.join(plain)})" if plain else name)
    return f"{', '.join(told)}; fitted on each training part" if told else ""


def _share(name: str, share: float) -> str:
    """Return a share in per cent, never as zero.

    Example:
        >>> _share("age", 0.1613), _share("age", 0.0001)
        ('age 16.1 %', 'age <0.1 %')
    """
    return f"{name} {100 * share:.1f} %" if share >= 0.0005 else f"{name} <0.1 %"
