"""Write stored leaderboards and a picture of the report: python -m benchmarks.readme_table DIR.

The tables go into README.md, the picture, which needs chromium, to docs/_static/report.png.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from graphfuse.report import summarise, write_reports
from graphfuse.report.show import show

START, END = "<!-- results:start -->", "<!-- results:end -->"
PICTURE = Path("docs/_static/report.png")
COLUMNS = {"rank": "rank", "strategy": "strategy", "mean": "accuracy", "fit_seconds": "fit (s)"}


def block(folder: str) -> str:
    """Return the tables, the verdict, and where and when they were made."""
    summary = summarise(folder)
    conditions = summary.comparison
    where = conditions.environment
    lines = [
        f"`{conditions.command}`, {where.cpu}, {where.cores} cores, {conditions.created[:10]}; "
        f"= marks strategies that are not significantly different from the best:"
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


def picture(folder: str) -> None:
    """Show the report of stored results in a browser and keep how it begins."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        html = write_reports(folder, Path(place) / "report.html")[0]
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 1560})
        page.goto(html.as_uri())
        page.screenshot(path=PICTURE)
        browser.close()


def main() -> None:
    """Rewrite the block between the two marks, and the picture."""
    path = Path("README.md")
    text = path.read_text()
    before, rest = text.split(START)
    _, after = rest.split(END)
    path.write_text(f"{before}{START}\n{block(sys.argv[1])}\n{END}{after}")
    picture(sys.argv[1])


if __name__ == "__main__":
    main()
