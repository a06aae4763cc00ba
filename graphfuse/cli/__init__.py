"""The command line: one file per subcommand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from graphfuse._version import __version__
from graphfuse._workers import exit_status
from graphfuse.cli import compare, convert, env, inspect, preview, report
from graphfuse.cli import list as list_
from graphfuse.errors import FusionError

SUBCOMMANDS = (inspect, preview, compare, convert, report, list_, env)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``graphfuse``; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="graphfuse",
        description="Which fusion strategy should I use, and is a graph worth it?",
        epilog="To start: graphfuse compare. It uses bundled datasets and writes report.html.",
    )
    parser.add_argument("--version", action="version", version=f"graphfuse {__version__}")
    subparsers = parser.add_subparsers(metavar="command", required=True)
    for module in SUBCOMMANDS:
        module.add_parser(subparsers)
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except KeyboardInterrupt as error:
        return exit_status(error)
    except FusionError as error:
        print(f"graphfuse: error: {error}", file=sys.stderr)
        return 2
    except PermissionError as error:
        print(
            f"graphfuse: error: {error.filename}: {error.strerror}; change its permissions or name "
            f"another path",
            file=sys.stderr,
        )
        return 2
    except BrokenPipeError:
        return 0
