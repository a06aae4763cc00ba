"""graphfuse report: write the report of stored results."""

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
    parser.add_argument("folder", help="folder of results, or of one comparison in it")
    parser.add_argument(
        "--out",
        metavar="FILE",
        help="HTML file to write; .md, .tex and .json go beside it (default: FOLDER/report.html)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the reports and print their paths."""
    from graphfuse.comparison import Comparison
    from graphfuse.report import write_reports

    folder = Path(arguments.folder)
    if arguments.out is None:
        for path in Comparison(folder).reports():
            print(path)
        return 0
    out = Path(arguments.out)
    if out.suffix != ".html" or out.is_dir():
        raise InputError(f"--out must be an HTML file, such as report.html, got {out}")
    for path in write_reports(folder, out):
        print(path)
    return 0
