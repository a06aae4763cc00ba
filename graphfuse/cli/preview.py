"""graphfuse preview: samples beside their augmented versions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from graphfuse._files import write_whole
from graphfuse.cli._raw import add_reading, augment_of, read_given
from graphfuse.errors import check_integer

EVERY = {"image": "photo", "audio": "speech", "text": "caption"}


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "preview",
        help="show samples and augmented versions of them",
        description="Write a page with images, spectrograms and texts, original and augmented.",
    )
    add = parser.add_argument
    add("data", metavar="DATA", help="table, folder or archive of raw data, or its name")
    add_reading(parser)
    add(
        "--samples", type=int, default=4, metavar="N", help="number of samples to show (default: 4)"
    )
    add(
        "--augment",
        action="append",
        metavar="KIND=NAME",
        help="as in graphfuse compare (default: image=photo, audio=speech, text=caption)",
    )
    add(
        "--versions",
        type=int,
        default=4,
        metavar="N",
        help="augmented versions per sample (default: 4)",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="seed for choosing the samples (default: 0)",
    )
    add(
        "--out",
        default="preview.html",
        metavar="FILE",
        help="file to write (default: preview.html)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Write the page and print its path."""
    check_integer("--samples", arguments.samples, 1)
    check_integer("--versions", arguments.versions, 1)
    check_integer("--seed", arguments.seed, 0)
    from graphfuse.raw.augment import Augmentation
    from graphfuse.raw.augment.copies import modalities_changed
    from graphfuse.report.preview import to_preview

    given = augment_of(vars(arguments))
    augmentation = Augmentation.of(given or EVERY)
    manifest = read_given(arguments)
    print(manifest.describe(), end="\n\n")
    if given:
        modalities_changed(manifest, augmentation)  # an error where there is nothing to change
    page = to_preview(
        manifest, augmentation, arguments.samples, arguments.versions + 1, arguments.seed
    )
    with write_whole(Path(arguments.out), "the page") as work:
        work.write_text(page, encoding="utf-8")
    print(arguments.out)
    return 0
