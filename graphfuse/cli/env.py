"""graphfuse env: versions and hardware, for a bug report."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "env",
        help="show versions and hardware",
        description="Show versions and hardware, for a bug report.",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print one property per line."""
    from graphfuse.bench.environment import describe_environment

    found = describe_environment()
    rest = {name: value for name, value in found.items() if name != "packages"}
    for name, value in {**rest, **found["packages"]}.items():
        print(f"{name:18} {value}")
    return 0
