"""The report as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from graphfuse.report.sections import Section, comparison_sections, dataset_sections
from graphfuse.report.summary import Summary


def to_json(summary: Summary) -> str:
    """Return everything as JSON; a number that does not exist is null.

    Differences are first minus second, in units of the metric.
    """
    content = {
        **_data(comparison_sections(after_datasets=False), summary),
        "datasets": {d.name: _data(dataset_sections(), d) for d in summary.datasets},
        **_data(comparison_sections(after_datasets=True), summary),
    }
    return json.dumps(content, indent=1, allow_nan=False)


def _data(sections: Sequence[Section], summary: Any) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for section in sections:
        data |= section.data(summary)
    return data
