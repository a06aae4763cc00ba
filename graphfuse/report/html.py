"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import json
from importlib.resources import files
from typing import Any

import jinja2
import numpy as np
import yaml
from sklearn.metrics import confusion_matrix, roc_curve

from graphfuse.bench.store import ResultStore
from graphfuse.report import figures
from graphfuse.report.summary import DatasetSummary, Summary
from graphfuse.report.text import COLUMNS, show
from graphfuse.report.verdict import recommend

GRID = np.linspace(0, 1, 51)


def to_html(summary: Summary) -> str:
    """Return the whole page; every text that a user gave is escaped."""
    folder = files("graphfuse.report") / "templates"
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["show"] = show
    template = environment.from_string((folder / "report.html.j2").read_text())
    store = ResultStore(summary.path)
    records = store.records()
    return template.render(
        summary=summary,
        comparison=summary.comparison,
        columns=COLUMNS,
        style=(folder / "style.css").read_text(),
        script=(folder / "script.js").read_text(),
        sections=[_section(d, store, records) for d in summary.datasets],
        config=yaml.safe_dump(
            json.loads(json.dumps(summary.comparison["config"])), sort_keys=False
        ),
    )


def _section(
    d: DatasetSummary, store: ResultStore, records: list[dict[str, Any]]
) -> dict[str, Any]:
    board = d.leaderboard
    families = dict(zip(board["strategy"], board["family"], strict=True))
    own = [r for r in records if r["run"]["dataset"] == d.name and r["status"] == "done"]
    planned_folders = set(
        zip(d.scores["strategy"], d.scores["repeat"], d.scores["fold"], strict=True)
    )
    own = [
        r
        for r in own
        if (r["run"]["strategy"], r["run"]["repeat"], r["run"]["fold"]) in planned_folders
        and r["run"]["fingerprint"] == d.facts["fingerprint"]
    ]
    per_fold = {
        name: d.scores.loc[d.scores["strategy"] == name]
        .sort_values(["repeat", "fold"])["score"]
        .tolist()
        for name in board["strategy"]
    }
    chosen = recommend(board)
    low, high = board["low"].min(), board["high"].max()
    low = min(low, board["mean"].min())
    high = max(high, board["mean"].max())
    span = (high - low) or 1.0
    bars = {
        row["strategy"]: (
            100 * ((row["low"] if row["low"] == row["low"] else row["mean"]) - low) / span,
            100 * (row["mean"] - low) / span,
            100 * ((row["high"] if row["high"] == row["high"] else row["mean"]) - low) / span,
        )
        for row in board.to_dict("records")
    }
    svg = store.graph_svg(d.name)
    return {
        "d": d,
        "rows": board.to_dict("records"),
        "bars": bars,
        "families": sorted(set(board["family"])),
        "per_fold": per_fold,
        "points": figures.points(per_fold, families, d.metric),
        "scatter": figures.scatter(
            {
                r["strategy"]: (r["fit_seconds"], r["mean"])
                for r in board.to_dict("records")
                if r["strategy"] != "majority"
            },
            families,
            "fit time in seconds",
            d.metric,
        ),
        "roc": _roc(d, store, own),
        "confusion": _confusion(d, store, own, chosen),
        "chosen": chosen,
        "pairs": _pairs(d),
        "metrics": _metrics(d),
        "graph": None if svg is None else base64.b64encode(svg.encode()).decode(),
    }


def _pairs(d: DatasetSummary) -> list[tuple[str, list[dict[str, Any] | None]]]:
    rows: list[dict[str, Any]] = json.loads(d.pairs.to_json(orient="records"))
    table = {(row["a"], row["b"]): row for row in rows}
    names = list(d.leaderboard["strategy"])
    return [(a, [table.get((a, b)) for b in names]) for a in names]


def _metrics(d: DatasetSummary) -> dict[str, Any]:
    names = [c for c in d.metrics.columns if c != "strategy" and "/" not in c]
    per_class = [c for c in d.metrics.columns if c.startswith("f1/")]
    return {"names": names, "per_class": per_class, "rows": d.metrics.to_dict("records")}


def _roc(d: DatasetSummary, store: ResultStore, records: list[dict[str, Any]]) -> Any:
    """Return ROC curves of the best strategy of each family, one-vs-rest means over folds."""
    if d.facts["task"] not in ("binary", "multiclass"):
        return None
    board = d.leaderboard[d.leaderboard["strategy"] != "majority"]
    best = board.drop_duplicates("family")["strategy"]
    curves = {}
    for name in best:
        found = []
        for record in (r for r in records if r["run"]["strategy"] == name):
            arrays = store.predictions(record)
            y, scores = arrays["y"], arrays["scores"]
            classes = [1] if d.facts["task"] == "binary" else range(scores.shape[1])
            for c in classes:
                if 0 < (y == c).sum() < len(y):
                    x_rate, y_rate, _ = roc_curve(y == c, scores[:, c])
                    found.append(np.interp(GRID, x_rate, y_rate))
        if found:
            curves[name] = (GRID, np.concatenate([[0.0], np.mean(found, axis=0)[1:]]))
    return figures.roc(curves) if curves else None


def _confusion(
    d: DatasetSummary, store: ResultStore, records: list[dict[str, Any]], chosen: str | None
) -> list[tuple[str, list[tuple[int, float]]]] | None:
    if d.facts["task"] not in ("binary", "multiclass") or chosen is None:
        return None
    classes = d.facts["classes"]
    total = np.zeros((len(classes), len(classes)), dtype=int)
    for record in (r for r in records if r["run"]["strategy"] == chosen):
        arrays = store.predictions(record)
        total += confusion_matrix(
            arrays["y"], arrays["scores"].argmax(1), labels=range(len(classes))
        )
    share = total / np.maximum(total.sum(1, keepdims=True), 1)
    return [
        (name, [(int(n), float(s)) for n, s in zip(total[i], share[i], strict=True)])
        for i, name in enumerate(classes)
    ]
