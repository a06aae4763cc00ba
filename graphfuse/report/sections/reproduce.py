"""How to repeat the comparison: command, conditions, versions and hardware."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import yaml
from markupsafe import Markup

from graphfuse.report.sections.section import (
    ComparisonSection,
    Render,
    Summary,
    Table,
    section,
)


@section("reproduce")
class Reproduce(ComparisonSection):
    """The last section."""

    order = 210

    def title(self, summary: Summary) -> str:
        """Return the heading."""
        return "Reproduce"

    def verbatim(self, summary: Summary) -> Mapping[str, str]:
        """Return the command and the conditions."""
        comparison = summary.comparison
        return {
            f"Run on {comparison.created} with": comparison.command,
            "Conditions, as a file for graphfuse compare --config": _config(summary),
        }

    def tables(self, summary: Summary) -> Sequence[Table]:
        """Return fingerprints of the data, versions and hardware, and papers of the strategies."""
        prints = [[f"fingerprint of {d.name}", d.facts.fingerprint] for d in summary.datasets]
        papers = [
            [name, facts.summary, facts.paper]
            for name, facts in summary.comparison.strategies.items()
        ]
        return [
            Table(("what", "value"), [*prints, *_environment(summary)], left=2),
            Table(("strategy", "summary", "paper"), papers, "Strategies and their papers", left=3),
        ]

    def data(self, summary: Summary) -> Mapping[str, Any]:
        """Return the whole comparison."""
        return {"comparison": summary.comparison.to_dict()}

    def html(self, summary: Summary, render: Render) -> Markup:
        """Return the command and the conditions, the rest closed at first."""
        return render(
            "sections/reproduce.html.j2",
            comparison=summary.comparison,
            config=_config(summary),
            environment=_environment(summary),
        )


def _config(summary: Summary) -> str:
    config = dict(summary.comparison.config)
    return str(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))


def _environment(summary: Summary) -> list[list[str]]:
    environment = summary.comparison.environment
    versions = {f.name.replace("_", " "): getattr(environment, f.name) for f in fields(environment)}
    versions |= versions.pop("packages") or {}
    return [[name, "unknown" if value is None else str(value)] for name, value in versions.items()]
