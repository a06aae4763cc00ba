"""Files that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator

from graphfuse.raw.inspection.finding import Finding
from graphfuse.raw.inspection.survey import Survey

LISTED = 20


def check(found: Survey) -> Iterator[Finding]:
    """Name every file that cannot be read, with the reason, up to 20."""
    problems = [e.problem for own in found.entries.values() for e in own if e.problem]
    for problem in problems[:LISTED]:
        yield Finding("unreadable", problem, "repair it; until then it counts as missing")
    if len(problems) > LISTED:
        yield Finding(
            "unreadable",
            f"... and {len(problems) - LISTED} more cells",
            "the step of cleaning drop_unreadable logs them all",
        )
    if not problems:
        yield Finding("unreadable", "every cell can be read")
