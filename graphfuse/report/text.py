"""The summary as Markdown, LaTeX and JSON: the same numbers in every format."""

from __future__ import annotations

import json
import math
from typing import Any

import pandas as pd

from graphfuse.report.summary import DatasetSummary, Summary

COLUMNS = {
    "rank": "rank",
    "strategy": "strategy",
    "family": "family",
    "mean": "mean",
    "low": "low",
    "high": "high",
    "over_concat": "over concat",
    "over_best_unimodal": "over best unimodal",
    "parameters": "parameters",
    "fit_seconds": "fit (s)",
    "predict_ms_per_sample": "predict (ms/sample)",
    "failed": "failed",
}
SIGNED = ("over_concat", "over_best_unimodal", "difference")
WHOLE = ("rank", "parameters", "failed", "n", "wins", "ties", "losses")


def show(column: str, value: Any) -> str:
    """Return a cell as text: three digits after the point, signs for differences."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "\N{EN DASH}"
    if column in WHOLE:
        return f"{int(value):,}"
    if column in ("fit_seconds",):
        return f"{value:.1f}"
    return f"{value:+.3f}" if column in SIGNED else f"{value:.3f}"


def rows_of(d: DatasetSummary) -> list[list[str]]:
    """Return the leaderboard as text, an asterisk at ranks tied with the best."""
    rows = []
    for row in d.leaderboard.to_dict("records"):
        cells = [show(c, row[c]) for c in COLUMNS]
        cells[0] += "*" if row["tied_with_best"] else ""
        rows.append(cells)
    return rows


def to_markdown(summary: Summary) -> str:
    """Return the report as Markdown."""
    lines = ["# Comparison of fusion strategies", ""]
    lines += [f"- {_markdown(sentence)}" for sentence in summary.verdict]
    for d in summary.datasets:
        lines += ["", f"## {_markdown(d.name)} ({d.metric})", ""]
        lines += ["| " + " | ".join(COLUMNS.values()) + " |", "|" + " --- |" * len(COLUMNS)]
        lines += ["| " + " | ".join(map(_markdown, row)) + " |" for row in rows_of(d)]
        lines += ["", "\\* cannot be told apart from the best (corrected t, Holm, 5 %)."]
    lines += ["", "## Reproduce", "", f"    {summary.comparison['command']}", ""]
    return "\n".join(lines)


def to_latex(summary: Summary) -> str:
    """Return the leaderboards as LaTeX tables (package booktabs)."""
    parts = []
    for d in summary.datasets:
        parts += [
            "\\begin{table}",
            f"\\caption{{{_latex(d.name)}, {_latex(d.metric)}. "
            "$^*$ cannot be told apart from the best.}",
            "\\begin{tabular}{rll" + "r" * (len(COLUMNS) - 3) + "}",
            "\\toprule",
            " & ".join(map(_latex, COLUMNS.values())) + " \\\\",
            "\\midrule",
        ]
        for row in rows_of(d):
            cells = [_latex(cell) for cell in row]
            cells[0] = cells[0].replace("*", "$^*$")
            parts.append(" & ".join(cells) + " \\\\")
        parts += ["\\bottomrule", "\\end{tabular}", "\\end{table}", ""]
    return "\n".join(parts)


def to_json(summary: Summary) -> str:
    """Return everything as JSON; a number that does not exist is null."""
    content = {
        "verdict": list(summary.verdict),
        "comparison": summary.comparison,
        "datasets": {
            d.name: {
                "metric": d.metric,
                "leaderboard": _records(d.leaderboard),
                "scores": _records(d.scores),
                "pairs": _records(d.pairs),
                "metrics": _records(d.metrics),
                "ablations": _records(d.ablations),
            }
            for d in summary.datasets
        },
        "failures": [{"run": f["run"], "error": f["error"]} for f in summary.failures],
    }
    return json.dumps(content, indent=1, allow_nan=False)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=15))
    return found


def _markdown(text: str) -> str:
    for mark in ("\\", "|", "<", ">", "*", "_", "`", "[", "]"):
        text = text.replace(mark, "\\" + mark)
    return text.replace("\n", " ")


def _latex(text: str) -> str:
    table = {
        "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
        "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "\N{EN DASH}": "--", "<": r"\textless{}", ">": r"\textgreater{}",
    }  # fmt: skip
    return "".join(table.get(c, c) for c in text)
