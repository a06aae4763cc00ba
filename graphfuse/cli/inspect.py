"""graphfuse inspect: what is noticeable in raw data, and what to do."""

from __future__ import annotations

import argparse
import json
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphfuse._check import Check

EPILOG = """examples:
  graphfuse inspect my-data.csv
  graphfuse inspect my-data.csv --column photo=image --column code=skip
  graphfuse inspect 'shards/*.parquet'
  graphfuse inspect folder-of-classes --json
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "inspect",
        help="look through raw data: broken files, duplicates, leaks",
        description="Read raw data once and say what is noticeable, with what to do.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", metavar="DATA", help="CSV, TSV, JSON Lines, Parquet, folder, name")
    parser.add_argument(
        "--column",
        action="append",
        metavar="NAME=KIND",
        help="what a column holds, where it is not as told",
    )
    parser.add_argument("--root", metavar="FOLDER", help="folder that paths start from")
    parser.add_argument("--json", action="store_true", help="print findings as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the columns, then what each check found; what asks for action is marked."""
    from graphfuse.cli._raw import pairs
    from graphfuse.loading import read_raw
    from graphfuse.raw.inspection import inspect

    given = {"columns": pairs("--column", arguments.column), "root": arguments.root}
    manifest = read_raw(arguments.data, **{name: value for name, value in given.items() if value})
    if arguments.json:
        print(json.dumps([check.to_dict() for check in inspect(manifest)], indent=1))
        return 0
    print(manifest.describe())
    open_ = 0
    by_check: dict[str, list[Check]] = {}
    for finding in inspect(manifest):
        by_check.setdefault(finding.code, []).append(finding)
    for check, findings in by_check.items():
        print(f"\n{check}")
        for finding in findings:
            print(_wrap(finding.text, "! " if finding.advice else "  ", "  "))
            if finding.advice:
                open_ += 1
                print(_wrap(finding.advice, "    -> ", "       "))
    print(f"\n{open_} findings marked with ! ask for a look." if open_ else "\nNothing stands out.")
    return 0


def _wrap(text: str, first: str, rest: str) -> str:
    return textwrap.fill(text, 100, initial_indent=first, subsequent_indent=rest)
