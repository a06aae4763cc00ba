"""About the data: description, licence, source and relations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from graphfuse._origin import Origin
from graphfuse.report.sections.section import DatasetSection, DatasetSummary, Render, section


@section("about")
class About(DatasetSection):
    """The source and the licence of each dataset."""

    order = 110

    def title(self, d: DatasetSummary) -> str:
        """Return the heading."""
        return "About the data"

    def sentences(self, d: DatasetSummary) -> Sequence[str]:
        """Return one line per fact."""
        facts = d.facts
        relations = ", ".join(
            f"{r.name.replace('_', ' ')} {_options(r.options)}".strip() for r in facts.relations
        )
        lines = {
            "": facts.description,
            "Licence: ": facts.license or "not stated",
            "Source: ": facts.source or "not stated",
            "Relations: ": relations,
            "Encoders: ": _encoders(facts.origin or Origin()),
            "Fingerprint: ": facts.fingerprint,
        }
        return [f"{title}{line}" for title, line in lines.items() if line]

    def html(self, d: DatasetSummary, render: Render) -> Markup:
        """Return the lines, closed at first."""
        return render("sections/about.html.j2", title=self.title(d), lines=self.sentences(d))


def _encoders(origin: Origin) -> str:
    parts = []
    for modality, encoder in origin.encoders.items():
        weights = f", weights {str(encoder['weights'])[:16]}" if "weights" in encoder else ""
        parts.append(f"{modality} {encoder['name']} {_options(encoder.get('options'))}{weights}")
    return "; ".join(parts)


def _options(options: Mapping[str, Any] | None) -> str:
    shown = ", ".join(f"{name}={value}" for name, value in (options or {}).items())
    return f"({shown})" if shown else ""
