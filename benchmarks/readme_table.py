"""Write stored leaderboards into the README: python -m benchmarks.readme_table DIR."""

from __future__ import annotations

import sys
from pathlib import Path

from graphfuse.report import summarise
from graphfuse.report.text import show

START, END = "<!-- results:start -->", "<!-- results:end -->"
COLUMNS = {"rank": "rank", "strategy": "strategy", "mean": "accuracy", "fit_seconds": "fit (s)"}


def block(folder: str) -> str:
    """Return the tables, the verdict, and where and when they were made."""
    summary = summarise(folder)
    conditions = summary.comparison
    where = conditions["environment"]
    lines = [
        f"`{conditions['command']}`, {where['cpu']}, {where['cores']} cores, "
        f"{conditions['created'][:10]}; = marks what cannot be told apart from the best:"
    ]
    for d in summary.datasets:
        lines += ["", f"**{d.name}**", ""]
        lines += ["| " + " | ".join(COLUMNS.values()) + " |", "|" + " --- |" * len(COLUMNS)]
        group = d.leaderboard["tied_with_best"].sum() > 1
        for row in d.leaderboard.to_dict("records"):
            cells = [show(c, row[c]) for c in COLUMNS]
            cells[0] += " =" if row["tied_with_best"] and group else ""
            cells[2] += f" ({show('low', row['low'])} to {show('high', row['high'])})"
            lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *(f"- {sentence}" for sentence in summary.verdict)]
    return "\n".join(lines)


def main() -> None:
    """Rewrite the block between the two marks."""
    path = Path("README.md")
    text = path.read_text()
    before, rest = text.split(START)
    _, after = rest.split(END)
    path.write_text(f"{before}{START}\n{block(sys.argv[1])}\n{END}{after}")


if __name__ == "__main__":
    main()
