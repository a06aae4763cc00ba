"""The summary as Markdown, LaTeX and JSON: the same numbers in every format."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import yaml

from graphfuse._markdown import Table, escape, table_lines
from graphfuse.bench.store import ResultStore
from graphfuse.report.origin import headline, named, told
from graphfuse.report.predictions import GRID, confusion, roc_curves
from graphfuse.report.summary import DatasetSummary, Summary
from graphfuse.report.verdict import ABLATIONS, recommend

BOARD = {
    "rank": "rank",
    "strategy": "strategy",
    "family": "family",
    "mean": "mean",
    "low": "low",
    "high": "high",
    "over_concat": "over concat",
    "over_best_unimodal": "over best unimodal",
    "parameters": "parameters",
    "flops_per_sample": "MFLOP/sample",
    "fit_seconds": "fit (s)",
    "predict_ms_per_sample": "predict (ms/sample)",
    "failed": "failed",
    "undefined": "undefined",
}
QUESTIONS = {
    "first": "first",
    "second": "against",
    "difference": "difference",
    "low_difference": "low",
    "high_difference": "high",
    "p_holm": "p (Holm)",
    "equivalent": "P(no practical difference)",
}
PAIRS = {
    "a": "first",
    "b": "against",
    "difference": "difference",
    "low_difference": "low",
    "high_difference": "high",
    "p_holm": "p (Holm)",
    "equivalent": "P(no practical difference)",
    "n": "folds",
}
SIGNED = ("over_concat", "over_best_unimodal", "difference", "low_difference", "high_difference")
WHOLE = ("rank", "parameters", "failed", "undefined", "n")
DASH = "\N{EN DASH}"


def show(column: str, value: Any) -> str:
    """Return a cell as text: three digits after the point, signs for differences.

    Example:
        >>> show("mean", 0.5), show("difference", 0.5), show("parameters", 12345), show("p", 1e-5)
        ('0.500', '+0.500', '12,345', '<0.001')
    """
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return DASH
    if column in WHOLE:
        return f"{int(value):,}"
    if column == "flops_per_sample":
        return f"{value / 1e6:,.3f}"
    if column == "fit_seconds":
        return f"{value:.1f}"
    if column in ("p", "p_holm") and value < 0.001:
        return "<0.001"
    return f"{value:+.3f}" if column in SIGNED else f"{value:.3f}"


def shown_ranks(board: pd.DataFrame) -> list[str]:
    """Return the ranks as text, as ranges where they do not follow the means.

    A noisy strategy can be tied with better ones that a steadier one with a higher mean is told
    apart from. Its range begins with their rank and ends with its own place by mean.

    Example:
        >>> shown_ranks(pd.DataFrame({"rank": [1.0, 1.0, 4.0, 1.0]}))
        ['1', '1', '4', '1–4']
    """
    below = board["rank"] < board["rank"].cummax()
    return [
        show("rank", rank) + (f"{DASH}{place}" if late else "")
        for place, (rank, late) in enumerate(zip(board["rank"], below, strict=True), 1)
    ]


def rows_of(d: DatasetSummary) -> list[list[str]]:
    """Return the leaderboard as text, an asterisk at ranks tied with the best."""
    group = d.leaderboard["tied_with_best"].sum() > 1
    rows = []
    ranks = shown_ranks(d.leaderboard)
    for rank, row in zip(ranks, d.leaderboard.to_dict("records"), strict=True):
        cells = [rank, *(show(c, row[c]) for c in list(BOARD)[1:])]
        cells[0] += "*" if row["tied_with_best"] and group else ""
        rows.append(cells)
    return rows


def noisy(d: DatasetSummary) -> str:
    """Return what is added to a note on ties where ranks are ranges."""
    ranges = [rank for rank in shown_ranks(d.leaderboard) if DASH in rank and rank != DASH]
    if not ranges:
        return "."
    first, last = ranges[0].split(DASH)
    return (
        f"; {ranges[0]}: by its mean it ranks {last}, but its scores vary too much to tell it from "
        f"those that rank {first}."
    )


def question_rows(d: DatasetSummary) -> list[list[str]]:
    """Return the planned questions as text."""
    table = d.questions.rename(columns={"low": "low_difference", "high": "high_difference"})
    records = table.to_dict("records")
    return [
        [
            show(c, ABLATIONS.get(row["kind"], row[c]) if c == "second" else row[c])
            for c in QUESTIONS
        ]
        for row in records
    ]


def to_markdown(summary: Summary) -> str:
    """Return the report as Markdown."""
    comparison, store = summary.comparison, ResultStore(summary.path)
    lines = ["# Comparison of fusion strategies", ""]
    lines += [f"- {escape(sentence)}" for sentence in summary.verdict]
    for d in summary.datasets:
        lines += ["", f"## {escape(d.name)} ({d.metric})", "", escape(headline(d.facts)), ""]
        lines += [f"- {title}: {escape(line)}" for title, line in told(d.facts).items()]
        lines.append("")
        lines += table_lines((list(BOARD.values()), rows_of(d)))
        lines += [
            "",
            f"\\* cannot be told apart from the best (corrected t, Holm, 5 %){noisy(d)}",
            "",
        ]
        if names := named(d.facts):
            lines += ["### Files and samples by name", ""]
            for title, own in names.items():
                lines += [f"- {escape(title)}", *(f"  - {escape(name)}" for name in own)]
            lines.append("")
        for title, table in _tables(d, store):
            lines += [f"### {escape(title)}", "", *table_lines(table), ""]
    if summary.failures:
        lines += ["## Failures", ""]
    for f in summary.failures:
        run = f["run"]
        place = f"{run['dataset']}, {run['strategy']}, repeat {run['repeat']}, fold {run['fold']}"
        lines += [f"- {escape(place)}: {escape(f['error']['message'])}"]
    lines += [
        "",
        "## Reproduce",
        "",
        *(f"    {line}" for line in comparison["command"].splitlines()),
        "",
        f"Run on {comparison['created']}.",
    ]
    lines += ["", "Conditions, as a file for `graphfuse compare --config`:", ""]
    config = yaml.safe_dump(comparison["config"], sort_keys=False, allow_unicode=True)
    lines += [f"    {line}" for line in config.splitlines()]
    lines += ["", *table_lines((["what", "value"], _facts(summary)))]
    return "\n".join(lines) + "\n"


def to_latex(summary: Summary) -> str:
    """Return leaderboards and planned questions as LaTeX (packages booktabs and graphicx).

    What the data are stands in the text before them; files and samples by name in comments. Names
    outside Latin script need LuaLaTeX or XeLaTeX with a font that has them.
    """
    parts = []
    for d in summary.datasets:
        name = f"{_latex(d.name)}, {_latex(d.metric)}"
        parts.append(f"\\noindent {_latex(d.name)}: {_latex(headline(d.facts))}.")
        parts += [f"{title}: {_latex(line)}." for title, line in told(d.facts).items()]
        for title, own in named(d.facts).items():
            parts += [f"% {_latex(title)}", *(f"%   {_latex(one)}" for one in own)]
        parts.append("")
        note = f"$^*$ cannot be told apart from the best{noisy(d).replace(DASH, '--')}"
        parts += _latex_table(f"{name}. {note}", (list(BOARD.values()), rows_of(d)), "rll")
        if len(d.questions):
            table = (list(QUESTIONS.values()), question_rows(d))
            parts += _latex_table(f"{name}: planned questions, first minus second.", table, "ll")
    return "\n".join(parts)


def to_json(summary: Summary) -> str:
    """Return everything as JSON; a number that does not exist is null.

    Differences are first minus second, in units of the metric.
    """
    store = ResultStore(summary.path)
    content = {
        "verdict": list(summary.verdict),
        "comparison": summary.comparison,
        "datasets": {d.name: _plain(d, store) for d in summary.datasets},
        "failures": [{"run": f["run"], "error": f["error"]} for f in summary.failures],
    }
    return json.dumps(content, indent=1, allow_nan=False)


def _plain(d: DatasetSummary, store: ResultStore) -> dict[str, Any]:
    shown = shown_strategy(d)
    matrix = None if shown is None else confusion(d, store, shown)
    return {
        "metric": d.metric,
        "margin": d.margin,
        "leaderboard": _records(d.leaderboard),
        "scores": _records(d.scores),
        "questions": _records(d.questions),
        "pairs": _records(d.pairs),
        "metrics": _records(d.metrics),
        "undefined": [
            {"strategy": strategy, "metric": metric, "reason": reason, "folds": count}
            for (strategy, metric), (reason, count) in d.undefined.items()
        ],
        "roc": {
            "false_positive_rate": GRID.tolist(),
            "true_positive_rate": {n: y.tolist() for n, y in roc_curves(d, store).items()},
        },
        "confusion": None
        if matrix is None
        else {"strategy": shown, "classes": d.facts["classes"], "counts": matrix.tolist()},
    }


def shown_strategy(d: DatasetSummary) -> str | None:
    """Return the strategy whose confusion matrix is shown: the recommended one, else the first."""
    scored = d.leaderboard[d.leaderboard["n"] > 0]["strategy"]
    return recommend(d.leaderboard) or (None if scored.empty else str(scored.iloc[0]))


def _tables(d: DatasetSummary, store: ResultStore) -> Iterable[tuple[str, Table]]:
    if len(d.questions):
        yield "Planned questions (first minus second)", (list(QUESTIONS.values()), question_rows(d))
    if len(d.pairs):
        pairs = d.pairs.rename(columns={"low": "low_difference", "high": "high_difference"})
        once = pairs[[a < b for a, b in zip(pairs["a"], pairs["b"], strict=True)]]
        rows = [[show(c, row[c]) for c in PAIRS] for row in once.to_dict("records")]
        yield "All pairs (first minus second)", (list(PAIRS.values()), rows)
    names = [c for c in d.metrics.columns if c != "strategy"]
    rows = [
        [row["strategy"], *(show("mean", row[name]) for name in names)]
        for row in d.metrics.to_dict("records")
    ]
    yield "All metrics (mean over the folds where they are defined)", (["strategy", *names], rows)
    if d.undefined:
        rows = [[s, m, str(n), why] for (s, m), (why, n) in d.undefined.items()]
        yield "Undefined metrics", (["strategy", "metric", "folds", "why"], rows)
    shown = shown_strategy(d)
    matrix = None if shown is None else confusion(d, store, shown)
    if matrix is not None:
        classes = list(d.facts["classes"])
        rows = [[c, *map(str, counts)] for c, counts in zip(classes, matrix.tolist(), strict=True)]
        yield f"Confusion matrix of {shown}", (["true \\ predicted", *classes], rows)


def _facts(summary: Summary) -> list[list[str]]:
    environment: Mapping[str, Any] = summary.comparison["environment"]
    facts = {f"fingerprint of {d.name}": d.facts["fingerprint"] for d in summary.datasets}
    facts |= {k: v for k, v in environment.items() if k != "packages"} | environment["packages"]
    return [[name, "not known" if value is None else str(value)] for name, value in facts.items()]


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=15))
    return found


def _latex_table(caption: str, table: Table, left: str) -> list[str]:
    header, rows = table
    lines = ["\\begin{table}", f"\\caption{{{caption}}}", "\\resizebox{\\textwidth}{!}{%"]
    lines += ["\\begin{tabular}{" + left + "r" * (len(header) - len(left)) + "}", "\\toprule"]
    lines += [" & ".join(map(_latex, header)) + " \\\\", "\\midrule"]
    for row in rows:
        cells = [_latex(cell) for cell in row]
        cells[0] = cells[0].replace("*", "$^*$")
        lines.append(" & ".join(cells) + " \\\\")
    return [*lines, "\\bottomrule", "\\end{tabular}}", "\\end{table}", ""]


def _latex(text: str) -> str:
    table = {
        "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
        "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        DASH: "--", "<": r"\textless{}", ">": r"\textgreater{}",
    }  # fmt: skip
    return "".join(table.get(c, c) for c in " ".join(text.split()))
