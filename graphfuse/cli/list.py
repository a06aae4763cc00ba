"""graphfuse list: what there is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any


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
        rows.append([shown, info.family, info.needs, info.summary, info.paper])
        rows += [
            [f"{name}/{ablation}", info.family, info.needs, "ablation", ""]
            for ablation in info.ablations
        ]
    return ["strategy", "family", "needs", "what it does", "paper"], rows


def _datasets() -> tuple[list[str], list[list[str]]]:
    from graphfuse.data import list_datasets
    from graphfuse.raw.catalog import list_raw_datasets

    rows = [
        [
            card.name,
            str(card.samples),
            " + ".join(card.modalities),
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
        made = networks.get(name)
        options = [
            f"{p}={parameter.default}"
            for p, parameter in inspect.signature(made).parameters.items()
            if p != "modality"
        ]
        rows.append([name, (inspect.getdoc(made) or "").partition("\n")[0], ", ".join(options)])
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
    from graphfuse.raw.cleaning import cleaners, create_cleaner

    rows = []
    for name in cleaners.names():
        options = ", ".join(f"{k}={v!r}" for k, v in create_cleaner(name).options.items())
        summary = (cleaners.get(name).__doc__ or "").splitlines()[0]
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


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as their longest entry."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    for row in (header, ["-" * width for width in widths], *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
