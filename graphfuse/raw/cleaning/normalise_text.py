"""Normalise texts: one code per character, plain spaces, no control characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from graphfuse._wording import count, verb
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw.cleaning.cleaner import Repair, cleaner
from graphfuse.raw.manifest import Manifest

Form = Literal["NFC", "NFKC"]
FORMS = get_args(Form)


@cleaner("normalise_text")
@dataclass(frozen=True)
class NormaliseText(Repair):
    """Normalise characters and spaces of every text; see :func:`normalise_text`."""

    kind: ClassVar[str] = "text"
    form: Form = "NFC"
    lower: bool = False

    def check(self) -> None:
        """Raise an error if there is no such form."""
        if self.form not in FORMS:
            raise UnknownNameError("form of normalise_text", self.form, FORMS)

    def item(self, item: str) -> str:
        """Return a text in the form.

        Raises:
            InputError: no text is left.
        """
        normal = normalise_text(item, self.form, self.lower)
        if not normal:
            raise InputError("the text holds nothing but spaces and control characters")
        return normal

    def doing(self, manifest: Manifest, modalities: Sequence[str]) -> str:
        """Return a description with the number of changed texts; those in files count later."""
        cells = [cell for m in modalities for row in manifest.cells(m) for cell in row]
        given = [cell.value for cell in cells if isinstance(cell.value, str)]
        changed = sum(normalise_text(text, self.form, self.lower) != text for text in given)
        files = (
            f", {count(len(cells) - len(given), 'file')} as they are read"
            if len(given) < len(cells)
            else ""
        )
        return (
            f"{changed} of {count(len(given), 'text')} {verb(changed, 'changes', 'change')}{files}"
        )


def normalise_text(text: str, form: Form = "NFC", lower: bool = False) -> str:
    r"""Return a text in a normal form of Unicode, without control characters and runs of spaces.

    NFC writes an accented letter as one character; NFKC also replaces special forms such as
    wide letters and ligatures (Unicode Standard Annex 15, https://unicode.org/reports/tr15).
    Spaces of any kind become one space, and line breaks stay, one per run, as they may end a
    sentence. The joiners within emoji and some scripts stay; other invisible characters go.

    Example:
        >>> normalise_text("Cafe\u0301 \u00a0 \x00now\r\n\n ok ")
        'Café now\nok'
        >>> normalise_text("ﬁne", "NFKC", lower=True)
        'fine'
    """
    kept = "".join(
        c
        for c in unicodedata.normalize(form, text)
        if c in "\t\n\r\u200c\u200d" or unicodedata.category(c) not in ("Cc", "Cf")
    )
    lines = [re.sub(r"\s+", " ", line).strip() for line in re.split(r"[\r\n\u2028\u2029]+", kept)]
    joined = "\n".join(line for line in lines if line)
    return unicodedata.normalize(form, joined.lower()) if lower else joined
