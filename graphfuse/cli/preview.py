"""graphfuse preview: see what augmentation makes of samples."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphfuse.cli.compare import pairs
from graphfuse.errors import InputError, check_whole


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "preview",
        help="show samples and what augmentation makes of them",
        description="Write a page of pictures, spectrograms and texts, original and augmented.",
    )
    add = parser.add_argument
    add("data", metavar="DATA", help="CSV, JSON Lines, Parquet, folder, or name of raw data")
    add(
        "--column",
        action="append",
        metavar="NAME=KIND",
        help="what a column holds, where it is not as told",
    )
    add("--samples", type=int, default=4, metavar="N", help="samples to show (default: 4)")
    add("--versions", type=int, default=4, metavar="N", help="changed ones of each (default: 4)")
    add("--seed", type=int, default=0, metavar="N", help="of samples and changes (default: 0)")
    add("--thesaurus", metavar="FILE", help="synonyms: a file, or a language such as en")
    add("--out", default="preview.html", metavar="FILE", help="default: preview.html")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the page and name it."""
    check_whole("--samples", arguments.samples, 1)
    check_whole("--versions", arguments.versions, 1)
    check_whole("--seed", arguments.seed, 0)
    from graphfuse.data.augment import CAPTION, PHOTO, SPEECH, Augmentation, read_thesaurus
    from graphfuse.encoders import read_raw
    from graphfuse.report.preview import to_preview

    text = CAPTION
    if arguments.thesaurus:
        synonyms = read_thesaurus(arguments.thesaurus)
        text = replace(CAPTION, replace=(0.0, 0.3), insert=(0.0, 0.1), synonyms=synonyms)
    columns = pairs("--column", arguments.column)
    manifest = read_raw(arguments.data, **({"columns": columns} if columns else {}))
    print(manifest.describe(), end="\n\n")
    augmentation = Augmentation(image=PHOTO, audio=SPEECH, text=text)
    page = to_preview(
        manifest, augmentation, arguments.samples, arguments.versions + 1, arguments.seed
    )
    try:
        Path(arguments.out).write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {arguments.out}: {error.strerror}") from None
    print(arguments.out)
    return 0
