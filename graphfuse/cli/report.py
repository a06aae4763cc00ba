"""graphfuse report: write the reports of stored results again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from graphfuse.errors import InputError


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "report",
        help="write the report of stored results",
        description="Write report.html, .md, .tex and .json from a folder of results.",
    )
    parser.add_argument("folder", help="what graphfuse compare --out named")
    parser.add_argument("--out", metavar="FILE", help="HTML file (default: FOLDER/report.html)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the reports and name them."""
    from graphfuse.report import write_reports

    folder = Path(arguments.folder)
    out = Path(arguments.out or folder / "report.html")
    if out.suffix != ".html" or out.is_dir():
        raise InputError(f"--out names the HTML file, such as report.html; got {out}")
    for path in write_reports(folder, out):
        print(path)
    return 0
