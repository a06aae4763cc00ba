"""stamps: a picture, its description in many languages, and a recording of the description."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from graphfuse.data.catalog.card import DatasetCard
from graphfuse.data.files import decode, read_bytes
from graphfuse.data.spec import EncoderSpec, StepSpec
from graphfuse.errors import InputError, MissingDependencyError, UnknownNameError
from graphfuse.raw.catalog import raw_dataset
from graphfuse.raw.columns import Column
from graphfuse.raw.facts import join_groups
from graphfuse.raw.manifest import Manifest
from graphfuse.raw.readers.svg import check_painter, has_entities

INSTALLED = Path("/usr/share/tuxpaint/stamps")
"""Where the package puts them; the same folders lie in what is unpacked of it."""

VARIABLE = "GRAPHFUSE_STAMPS"
"""Environment variable that names the folder where the package is not installed."""

CLASSES = (
    "animals",
    "clothes",
    "food",
    "household",
    "plants",
    "seasonal",
    "town",
    "vehicles",
)
"""Folders with at least 40 stamps that have a picture, a text and speech, less "symbols", of which
most are the letters of alphabets."""

LANGUAGE = re.compile(r"([A-Za-z_@]+)\.utf8=(.*)")

DESCRIPTION = (
    "Stamps of the drawing program Tux Paint: a picture, a sentence that describes it (text=, a "
    "language, English if left out) and, on request, this sentence spoken (speech='fr', 'ru', "
    "'ro', 'es' and more). The label is the folder. Stamps of one object, photographed and drawn, "
    "are one group: those with the same English text or, less capitals, numbers and underscores, "
    "the same file name. Pictures are rasterised and neither their format nor their size is "
    "passed on, as they predict the class (.54 with a forest); nor are the sound effects that "
    "only some stamps have. Measured with linear models on grouped folds: majority .25, text .84 "
    "(MiniLM), image .79 (EfficientNet-Lite0), both .89, French speech .32, all three .88, text "
    "or image right .94. Speech is near chance: a test whether fusion ignores a weak modality. "
    "GPL-2: read where it is installed, and part of nothing that is built here."
)


@dataclass(frozen=True)
class Stamp:
    """Paths below the folder of stamps, and the descriptions by language."""

    stem: str
    picture: str
    texts: dict[str, str]
    speech: dict[str, str]


@raw_dataset(
    DatasetCard(
        name="stamps",
        title="Tux Paint stamps: picture, text and speech",
        modalities=("image", "speech", "text"),
        samples=582,
        task="multiclass",
        classes=8,
        license="GPL-2.0 (read where it is installed, not bundled)",
        source="https://packages.debian.org/stable/tuxpaint-stamps-default",
        description=DESCRIPTION,
    )
)
def load(
    root: str | Path | None = None, text: str = "en", speech: str | None = None, svg: bool = True
) -> Manifest:
    """Read the stamps from ``root``, from the folder in the environment, or as installed.

    Args:
        root: folder of the stamps, or that the package was unpacked in; else the environment
            variable ``GRAPHFUSE_STAMPS``, else where the package puts them.
        text: language of the descriptions.
        speech: language of the recordings; none are read if left out. A stamp that was not spoken
            in this language lacks the modality.
        svg: whether to take the 121 stamps that are drawn in SVG alone, which are painted with
            ``resvg-py``; 461 are left without them.

    Raises:
        InputError: there are no stamps.
        UnknownNameError: an unknown language.
        MissingDependencyError: ``datasets``, or ``resvg-py`` to paint SVG, is not installed.
    """
    try:
        from datasets import Dataset
    except ImportError:
        raise MissingDependencyError("datasets", "encoders", "reading raw samples") from None
    folder = find(root)
    stamps = sorted(read(folder), key=lambda stamp: stamp.stem)
    if not stamps:
        raise InputError(f"{folder} holds no stamps; {ADVICE}")
    drawn = sum(stamp.picture.endswith(".svg") for stamp in stamps)
    if svg and drawn:
        check_painter(
            f"painting the {drawn} of {len(stamps)} stamps that are SVG drawings (svg=False leaves "
            f"them out)"
        )
    stamps = [stamp for stamp in stamps if svg or not stamp.picture.endswith(".svg")]
    _check_language("text", text, [stamp.texts for stamp in stamps])
    table = {
        "id": [stamp.stem for stamp in stamps],
        "label": [stamp.stem.split("/")[0] for stamp in stamps],
        "group": join_groups([[s.texts["en"] for s in stamps], [name_of(s) for s in stamps]]),
        "image": [stamp.picture for stamp in stamps],
        "text": [stamp.texts.get(text) for stamp in stamps],
    }
    columns = [
        Column("id", "id", why="the path of the stamp"),
        Column("label", "label", why="the folder"),
        Column("group", "group", why="stamps of one object"),
        Column("image", "image", "image", "picture"),
        Column("text", "text", "text", f"description in {text!r}"),
    ]
    encoders = {
        "image": EncoderSpec(
            "timm", {"model": "tf_efficientnet_lite0", "nodes": "global", "side": 288}
        ),
        "text": EncoderSpec("transformers", {"model": "all-MiniLM-L6-v2"}),
    }
    if speech is not None:
        _check_language("speech", speech, [stamp.speech for stamp in stamps])
        table["speech"] = [stamp.speech.get(speech) for stamp in stamps]
        columns.append(Column("speech", "audio", "speech", f"description spoken in {speech!r}"))
        encoders["speech"] = EncoderSpec("mel")
    return Manifest(
        Dataset.from_dict(table),
        tuple(columns),
        root=folder,
        name="stamps",
        task="multiclass",
        encoders=encoders,
        steps=(StepSpec("scale", {"over": "node"}),),
    )


ADVICE = (
    "install them with apt-get install tuxpaint-stamps-default, or unpack that package and name "
    f"the folder with root= or the environment variable {VARIABLE}"
)


def find(root: str | Path | None) -> Path:
    """Return the folder of the stamps.

    Raises:
        InputError: there is none.
    """
    given = root or os.environ.get(VARIABLE)
    base = INSTALLED if given is None else Path(given)
    for folder in (base / INSTALLED.relative_to("/"), base):
        if folder.is_dir():
            return folder
    raise InputError(f"the stamps are not in {base}, which is not a folder; {ADVICE}")


def read(folder: Path) -> Iterator[Stamp]:
    """Yield the stamps of the classes that have a picture, a text, and speech in some language."""
    for name in CLASSES:
        for path in sorted((folder / name).rglob("*.txt")):
            base = path.with_name(path.stem)
            picture = next(
                (p for s in (".png", ".svg") if (p := base.with_suffix(s)).exists()), None
            )
            spoken = {
                file.stem.removeprefix(base.name + "_desc").lstrip("_") or "en": file
                for file in path.parent.glob("*.ogg")
                if re.fullmatch(re.escape(base.name) + r"_desc(_[A-Za-z_]+)?", file.stem)
            }
            if picture is None or not spoken or _is_refused(picture):
                continue
            yield Stamp(
                stem=base.relative_to(folder).as_posix(),
                picture=picture.relative_to(folder).as_posix(),
                texts=texts_of(decode(read_bytes(path), path.name)),
                speech={k: file.relative_to(folder).as_posix() for k, file in spoken.items()},
            )


def _is_refused(picture: Path) -> bool:
    return picture.suffix == ".svg" and has_entities(read_bytes(picture))


def texts_of(content: str) -> dict[str, str]:
    r"""Return the descriptions by language: the first line is English, the others name theirs.

    Example:
        >>> texts_of("A crow.\nfr.utf8=Une corneille.\n")
        {'en': 'A crow.', 'fr': 'Une corneille.'}
    """
    first, *rest = content.splitlines() or [""]
    found = [match for line in rest if (match := LANGUAGE.fullmatch(line.strip()))]
    others = {match[1]: match[2].strip() for match in found if match[2].strip()}
    return {"en": first.strip(), **others}


def name_of(stamp: Stamp) -> str:
    """Return the file name without capitals, numbers, underscores and hyphens."""
    name = stamp.stem.split("/")[-1].lower()
    return re.sub(r"[\d_-]+", "", name) or name


def _check_language(what: str, given: str, found: list[dict[str, str]]) -> None:
    known = {language for languages in found for language in languages}
    if given not in known:
        raise UnknownNameError(f"language of the stamps' {what}", given, known)
