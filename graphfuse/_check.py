"""The one form of every warning and note about data, splits and results."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from graphfuse._plain import absent


class Severity(StrEnum):
    """How much a check asks for."""

    NOTE = "note"
    """A fact; nothing to do."""
    WARNING = "warning"
    """Something to correct or to keep in mind; the check comes with advice."""


@dataclass(frozen=True)
class Check:
    """One result of a check: what was found, and what to do about it.

    Args:
        code: the check that found it, such as "duplicates".
        text: what was found, in one sentence.
        advice: what to do; empty where nothing is to be done.

    Example:
        >>> Check("classes", "class 'owl' has 2 samples", "merge it or collect more").severity
        <Severity.WARNING: 'warning'>
        >>> Check("classes", "3 classes").to_dict()
        {'code': 'classes', 'severity': 'note', 'text': '3 classes', 'advice': ''}
    """

    code: str = field(metadata=absent(""))  # results of earlier versions lack it
    text: str
    advice: str = ""

    @property
    def severity(self) -> Severity:
        """A warning where there is advice, otherwise a note."""
        return Severity.WARNING if self.advice else Severity.NOTE

    def to_dict(self) -> dict[str, str]:
        """Return plain data for JSON."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "text": self.text,
            "advice": self.advice,
        }
