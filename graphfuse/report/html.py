"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Hashable
from importlib.resources import files
from typing import Any

import jinja2
import numpy as np
import pandas as pd
import yaml
from markupsafe import Markup, escape

from graphfuse.bench.store import ResultStore
from graphfuse.report import figures
from graphfuse.report.origin import headline, named, told
from graphfuse.report.predictions import GRID, confusion, roc_curves
from graphfuse.report.summary import DatasetSummary, Summary
from graphfuse.report.text import noisy, show, shown_ranks, shown_strategy
from graphfuse.report.verdict import ABLATIONS, recommend

RATES = (5, 10, 15, 20, 25, 30, 40)
"""Places in the grid of false positive rates that the table under the ROC curves shows."""


def to_html(summary: Summary) -> str:
    """Return the whole page; every text that a user gave is escaped."""
    folder = files("graphfuse.report") / "templates"
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters["show"] = show
    environment.filters["breakable"] = breakable
    template = environment.from_string((folder / "report.html.j2").read_text())
    store = ResultStore(summary.path)
    return template.render(
        summary=summary,
        comparison=summary.comparison,
        ablations=ABLATIONS,
        style=(folder / "style.css").read_text(),
        script=(folder / "script.js").read_text(),
        sections=[_section(d, store) for d in summary.datasets],
        config=yaml.safe_dump(summary.comparison["config"], sort_keys=False, allow_unicode=True),
    )


def breakable(name: str) -> Markup:
    """Let a long name break after its separators.

    Example:
        >>> print(breakable("graph:hgt/no_edges"))
        graph:<wbr>hgt/<wbr>no_<wbr>edges
    """
    text = str(escape(name))
    for mark in (":", "/", "_"):
        text = text.replace(mark, f"{mark}<wbr>")
    return Markup(text)


def _sharing(board: pd.DataFrame) -> set[str]:
    """Return the strategies that share their rank; what failed or is undefined stands alone."""
    whole = board[board["rank"].notna() & (board["failed"] == 0) & (board["undefined"] == 0)]
    return set(whole.loc[whole["rank"].duplicated(keep=False), "strategy"])


def _section(d: DatasetSummary, store: ResultStore) -> dict[str, Any]:
    ranks = dict(zip(d.leaderboard["strategy"], shown_ranks(d.leaderboard), strict=True))
    rows = d.leaderboard.to_dict("records")
    families = {row["strategy"]: row["family"] for row in rows}
    scored = [row for row in rows if row["n"]]
    per_fold = {
        row["strategy"]: d.scores.loc[d.scores["strategy"] == row["strategy"]]
        .sort_values(["repeat", "fold"])["score"]
        .tolist()
        for row in scored
    }
    costs = {
        row["strategy"]: (row["fit_seconds"], row["mean"])
        for row in scored
        if row["strategy"] != "majority"
    }
    curves = roc_curves(d, store)
    shown = shown_strategy(d)
    matrix = None if shown is None else confusion(d, store, shown)
    svg = store.graph_svg(d.name)
    return {
        "d": d,
        "headline": headline(d.facts),
        "told": told(d.facts),
        "named": named(d.facts),
        "rows": rows,
        "ranks": ranks,
        "noisy": noisy(d),
        "bars": _bars(rows),
        "families": sorted(set(families.values())),
        "group": sum(row["tied_with_best"] for row in rows) > 1,
        "sharing": _sharing(d.leaderboard),
        "ablated": [n for n in families if n.partition("/")[2] in ABLATIONS],
        "cheapest": recommend(d.leaderboard),
        "per_fold": per_fold,
        "points": figures.points(per_fold, families, d.metric) if scored else None,
        "scatter": figures.scatter(costs, families, "fit time (s)", d.metric, d.sign),
        "all_named": len(costs) <= figures.MOST_NAMES,
        "roc": figures.roc({name: (GRID, y) for name, y in curves.items()}) if curves else None,
        "rates": [float(GRID[i]) for i in RATES],
        "curves": {name: [float(y[i]) for i in RATES] for name, y in curves.items()},
        "shown": shown,
        "confusion": None if matrix is None else _shares(matrix, d.facts["classes"]),
        "pairs": _pairs(d),
        "metrics": _metrics(d),
        "graph": None if svg is None else base64.b64encode(svg.encode()).decode(),
    }


def _bars(rows: list[dict[Hashable, Any]]) -> dict[str, tuple[float, float, float] | None]:
    """Return left end, mean and right end of each interval in per cent of the track."""
    ends = {
        row["strategy"]: [
            row[k] if row[k] == row[k] else row["mean"] for k in ("low", "mean", "high")
        ]
        for row in rows
        if row["n"]
    }
    values = [value for three in ends.values() for value in three]
    low, span = (min(values), (max(values) - min(values)) or 1.0) if values else (0.0, 1.0)

    def place(name: str) -> tuple[float, float, float] | None:
        if name not in ends:
            return None
        left, mean, right = (100 * (value - low) / span for value in ends[name])
        return left, mean, right

    return {row["strategy"]: place(row["strategy"]) for row in rows}


def _pairs(d: DatasetSummary) -> list[tuple[str, list[dict[str, Any] | None]]]:
    rows: list[dict[str, Any]] = json.loads(d.pairs.to_json(orient="records"))
    table = {(row["a"], row["b"]): row for row in rows}
    names = list(d.leaderboard["strategy"])
    return [(a, [table.get((a, b)) for b in names]) for a in names]


def _metrics(d: DatasetSummary) -> dict[str, Any]:
    """Return means, and for each that some folds lack why and on how many."""
    names = [c for c in d.metrics.columns if c != "strategy" and "/" not in c]
    lacking = {name for (_, name) in d.undefined if "/" not in name}
    return {
        "names": names + sorted(lacking - set(names)),
        "per_class": [c for c in d.metrics.columns if c.startswith("f1/")],
        "rows": d.metrics.to_dict("records"),
    }


def _shares(matrix: np.ndarray, classes: list[str]) -> list[tuple[str, list[tuple[int, float]]]]:
    share = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    return [
        (name, [(int(n), float(s)) for n, s in zip(matrix[i], share[i], strict=True)])
        for i, name in enumerate(classes)
    ]
