"""graphfuse inspect: problems in raw data, and what to do about them."""

from __future__ import annotations

import argparse
import json
import textwrap
from typing import TYPE_CHECKING, Any

from graphfuse._wording import count, verb
from graphfuse.cli._raw import add_reading, read_given

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
        help="check raw data for broken files, duplicates and leaks",
        description="Read raw data once, report problems in it, and advise what to do.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "data", metavar="DATA", help="table, folder or archive of raw data, or its name"
    )
    add_reading(parser)
    parser.add_argument("--json", action="store_true", help="print findings as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the columns, then the findings of each check; those with advice are marked."""
    from graphfuse.raw.inspection import inspect

    manifest = read_given(arguments)
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
    marked = f"{count(open_, 'finding')} marked with ! {verb(open_, 'needs', 'need')} attention."
    print(f"\n{marked}" if open_ else "\nNo problems found.")
    return 0


def _wrap(text: str, first: str, rest: str) -> str:
    return textwrap.fill(text, 100, initial_indent=first, subsequent_indent=rest)
