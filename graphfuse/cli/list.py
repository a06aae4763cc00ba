"""graphfuse list: the names of strategies, datasets, encoders and more."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

WIDTH = 120
"""Columns of a terminal that tables fit into."""
NO_BREAK = "\xa0"
"""A space at which a line of a table does not end."""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    what = (
        "strategies", "datasets", "relations", "encoders", "networks", "metrics", "cleaning",
        "augmentations",
    )  # fmt: skip
    parser = subparsers.add_parser("list", help=f"show {', '.join(what[:-1])} or {what[-1]}")
    parser.add_argument("what", choices=what)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a table."""
    tables = {
        "strategies": _strategies,
        "datasets": _datasets,
        "relations": _relations,
        "encoders": _encoders,
        "networks": _networks,
        "metrics": _metrics,
        "cleaning": _cleaning,
        "augmentations": _augmentations,
    }
    print_table(*tables[arguments.what]())
    return 0


def _strategies() -> tuple[list[str], list[list[str]]]:
    from graphfuse.fusion import strategies

    rows = []
    for name in strategies.names():
        info = strategies.get(name)
        shown = f"{name}:<modality>" if info.per_modality else name
        summary = f"{info.summary} ({info.paper})" if info.paper else info.summary
        rows.append([shown, info.family, info.needs, summary])
        rows += [
            [f"{name}/{ablation}", info.family, info.needs, "ablation"]
            for ablation in info.ablations
        ]
    return ["strategy", "family", "needs", "what it does"], rows


def _datasets() -> tuple[list[str], list[list[str]]]:
    from graphfuse.data import list_datasets
    from graphfuse.raw.catalog import list_raw_datasets

    rows = [
        [
            card.name,
            str(card.samples),
            f"{NO_BREAK}+{NO_BREAK}".join(card.modalities),
            card.task,
            card.license,
            card.source,
        ]
        for card in [*list_datasets(), *list_raw_datasets()]
    ]
    return ["dataset", "samples", "modalities", "task", "licence", "source"], rows


def _encoders() -> tuple[list[str], list[list[str]]]:
    from graphfuse.encoders import list_encoders

    rows = [
        [info.kind, info.name, info.title, info.nodes, info.needs and f"graphfuse[{info.needs}]"]
        for info in list_encoders()
    ]
    return ["of", "encoder", "what it does", "nodes", "needs"], rows


def _networks() -> tuple[list[str], list[list[str]]]:
    import inspect

    from graphfuse.encoders.networks import networks

    rows = []
    for name in networks.names():
        network = networks.get(name)
        options = [
            f"{p}={parameter.default}"
            for p, parameter in inspect.signature(network).parameters.items()
            if p != "modality"
        ]
        rows.append([name, (inspect.getdoc(network) or "").partition("\n")[0], ", ".join(options)])
    return ["network", "what it does", "options"], rows


def _metrics() -> tuple[list[str], list[list[str]]]:
    from graphfuse.training.metrics import metrics

    rows = []
    for name in metrics.names():
        metric = metrics.get(name)
        low, high = ("" if bound is None else f"{bound:g}" for bound in metric.bounds)
        shown = f"{name}/<class>" if metric.per_class else name
        better = "higher" if metric.greater_is_better else "lower"
        rows.append([shown, ", ".join(metric.tasks), better, f"{low}..{high}", metric.summary])
    return ["metric", "tasks", "better", "range", "what it measures"], rows


def _cleaning() -> tuple[list[str], list[list[str]]]:
    import graphfuse.encoders  # whose steps need encoders  # noqa: F401
    from graphfuse.raw.cleaning import create_cleaner, list_cleaners

    rows = []
    for name in list_cleaners():
        options = ", ".join(f"{k}={v!r}" for k, v in create_cleaner(name).options.items())
        summary = (type(create_cleaner(name)).__doc__ or "").splitlines()[0]
        rows.append([name, summary.partition("; see :func:")[0].rstrip(".") + ".", options])
    return ["step", "what it does", "options"], rows


def _augmentations() -> tuple[list[str], list[list[str]]]:
    from graphfuse.raw.augment.presets import PRESETS

    rows = []
    for kind, presets in PRESETS.items():
        for name, made in presets.items():
            changes = ", ".join(change for change in made.limits if getattr(made, change))
            rows.append([kind, name, changes])
    return ["of", "augmentation", "changes, each at random"], rows


def _relations() -> tuple[list[str], list[list[str]]]:
    from graphfuse.graph import relations

    rows = [
        [name, "yes" if relations.get(name).fits else "no", relations.get(name).summary]
        for name in relations.names()
    ]
    return ["relation", "fitted on data", "joins"], rows


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int = WIDTH) -> None:
    """Print aligned columns; long texts continue on the next line where they exceed the width."""
    widths = _fit([list(column) for column in zip(header, *rows, strict=True)], width)
    for row in (header, ["-" * width_of for width_of in widths], *rows):
        lines = [_wrap(cell, width_of) for cell, width_of in zip(row, widths, strict=True)]
        for parts in zip_longest(*lines, fillvalue=""):
            cells = (part.ljust(width_of) for part, width_of in zip(parts, widths, strict=True))
            print("  ".join(cells).rstrip())


def _fit(columns: Sequence[Sequence[str]], width: int) -> list[int]:
    """Return widths of columns, the widest ones narrowed until all fit or words would be cut."""
    widths = [max(map(len, column)) for column in columns]
    least = [max(len(word) for cell in column for word in cell.split(" ")) for column in columns]
    while sum(widths) + 2 * (len(widths) - 1) > width:
        free = [i for i, own in enumerate(widths) if own > least[i]]
        if not free:
            break
        widths[max(free, key=widths.__getitem__)] -= 1
    return widths


def _wrap(cell: str, width: int) -> list[str]:
    lines = textwrap.wrap(cell, width, break_long_words=False, break_on_hyphens=False) or [""]
    return [line.replace(NO_BREAK, " ") for line in lines]
