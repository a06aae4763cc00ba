"""Words of the same meaning, read from a thesaurus that is installed, or a table."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from pathlib import Path

from graphfuse.errors import InputError

Synonyms = Mapping[str, tuple[str, ...]]
"""Synonyms of words, in lower case."""

INSTALLED = Path("/usr/share/mythes")
"""Where packages such as Debian's ``mythes-en-us`` (``mythes-de``, ``-fr`` ...) put theirs."""

NOTE = re.compile(r"\s*\(([^()]*)\)$")
ENDINGS = re.compile(r"(.+?)(?:s|es|ed|ing)$")


def read_thesaurus(path: str | Path) -> dict[str, tuple[str, ...]]:
    r"""Return the synonyms of each word of a thesaurus.

    Args:
        path: a ``.dat`` file in the format of MyThes, as LibreOffice and Linux have it for some
            twenty languages (https://www.openoffice.org/lingucomponent/thesaurus.html), of which
            the synonyms of a word's first meaning are taken, without broader terms, unless it may
            be read otherwise: with meanings of several parts of speech, as a form of a verb
            ("eats"), or as one of scikit-learn's English stop words, which Easy Data Augmentation
            leaves out too; or a table with a word and its synonyms on each line, parted by tabs,
            all of which are taken; or the two letters of a language whose thesaurus is installed,
            such as ``"en"`` (``apt install mythes-en-us``).

    Raises:
        InputError: no such file or language, or no thesaurus.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "words.tsv")
        >>> _ = path.write_text("quick\tspeedy\tfast\n")
        >>> read_thesaurus(path)
        {'quick': ('speedy', 'fast')}
    """
    given = str(path)
    if re.fullmatch(r"[a-z]{2,3}", given) and not Path(given).exists():
        found = sorted(INSTALLED.glob(f"th_{given}_*.dat"))
        if not found:
            raise InputError(
                f"no thesaurus of the language {given!r} is installed in {INSTALLED}; install the "
                f"package mythes-{given}... of your system, or name a file"
            )
        path = found[0]
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the thesaurus {given}: {error.strerror}") from None
    first, _, rest = content.partition(b"\n")
    is_mythes = Path(path).suffix == ".dat"
    try:
        if is_mythes:
            read = _mythes(rest.decode(first.strip().decode("ascii")))
        else:
            read = _table(content.decode("utf-8-sig"))
    except (LookupError, UnicodeDecodeError, ValueError):
        raise InputError(
            f"{given} is no thesaurus: a .dat file names its encoding in the first line and then "
            f"has blocks 'word|1' and '(noun)|synonym|...'; a table in UTF-8 has a word and its "
            f"synonyms on each line, parted by tabs"
        ) from None
    if not read:
        raise InputError(f"the thesaurus {given} holds no synonym")
    return read


def _mythes(text: str) -> dict[str, tuple[str, ...]]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    meanings: dict[str, list[list[str]]] = {}
    lines = iter(text.splitlines())
    for line in lines:
        if line.strip():
            word, count = line.rsplit("|", 1)
            meanings[word.lower()] = [next(lines, "").split("|") for _ in range(int(count))]
    verbs = {word for word, own in meanings.items() if any(part == "(verb)" for part, *_ in own)}
    read = {}
    for word, own in meanings.items():
        parts = {part for part, *_ in own}
        if len(parts) == 1 and word not in ENGLISH_STOP_WORDS and not _is_form(word, verbs):
            terms = (term.strip() for term in own[0][1:] if not NOTE.search(term))
            if found := _without(word, terms):
                read[word] = found
    return read


def _is_form(word: str, verbs: Container[str]) -> bool:
    """Whether a word is a verb with an English ending, as "paints", "hoping" and "stopped"."""
    found = ENDINGS.match(word)
    stem = found[1] if found else ""
    single = stem[:-1] if stem[-1:] == stem[-2:-1] else stem
    return any(verb in verbs for verb in (stem, stem + "e", single))


def _table(text: str) -> dict[str, tuple[str, ...]]:
    read = {}
    for line in text.splitlines():
        word, *terms = (term.strip() for term in line.split("\t"))
        if own := _without(word, terms):
            read[word.lower()] = own
    return read


def _without(word: str, terms: Iterable[str]) -> tuple[str, ...]:
    others = (term for term in terms if term and term.lower() != word.lower())
    return tuple(dict.fromkeys(others))
