"""graphfuse convert: turn features that others have extracted into a dataset."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfuse._wording import count
from graphfuse.errors import InputError

if TYPE_CHECKING:
    from graphfuse.data import FusionDataset

EPILOG = """formats and their options:
  mmsa          MOSI, MOSEI, CH-SIMS (MMSA, MulT): target=regression|classification, splits=none
  conversation  IEMOCAP, MELD (DialogueRNN, MMGCN, M3Net): target=emotion|sentiment, classes=A,B,
                sample=conversation|utterance
  pyg           list of HeteroData, saved with torch.save
  tables        folder with one CSV or TSV file per modality and labels.csv: id, labels, label,
                task, fill

examples:
  graphfuse convert aligned_50.pkl mosi --option target=classification
  graphfuse convert IEMOCAP_features.pkl iemocap
  graphfuse convert omics-folder omics --option id=patient --option fill=0
  graphfuse compare --datasets omics

No code in a file is run: a pickle that holds anything but numpy arrays and plain containers is
refused. Files are read into memory whole, which takes about twice their size.
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "convert",
        help="turn extracted features (pickles, graphs, tables) into a dataset",
        description="Read a file or folder of extracted features and write a dataset.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="SOURCE", help="file or folder of features")
    parser.add_argument(
        "dest", metavar="DEST", help="folder to write; a dataset that is there is replaced"
    )
    parser.add_argument("--format", metavar="NAME", help="default: inferred from the content")
    parser.add_argument(
        "--option",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="an option of the format; may be given several times",
    )
    parser.add_argument(
        "--task",
        metavar="NAME",
        help="binary, multiclass, multilabel or regression; short for --option task=NAME",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Convert, and print what the dataset holds."""
    options: dict[str, str] = {}
    for given in arguments.option:
        name, value = _pair(given)
        if name in options:
            raise InputError(
                f"--option names {name!r} twice: {options[name]} and {value}; keep one"
            )
        options[name] = value
    if arguments.task:
        options["task"] = arguments.task
    from graphfuse.data.convert.read import build, recognise
    from graphfuse.data.storage import check_destination

    dest = Path(arguments.dest)
    check_destination(dest)  # before much is read
    chosen, content = recognise(arguments.source, arguments.format)
    print(f"{arguments.source}: {chosen.name} ({chosen.summary})")
    dataset = build(chosen, content, arguments.source, options)
    del content
    dataset.save(dest)
    _describe(dataset)
    print(f"\nWritten to {dest}. {_advice(dataset, dest)}")
    return 0


def _advice(dataset: FusionDataset, dest: Path) -> str:
    """Return how to compare strategies on it, which takes one target and one label per sample."""
    if dataset.unit is not None:
        return "To compare strategies, convert with --option sample=utterance"
    if len(dataset.schema.targets) > 1:
        targets = ", ".join(dataset.schema.targets)
        return f"To compare strategies, convert with an option that chooses one of: {targets}"
    return f"Compare strategies on it: graphfuse compare --datasets {dest}"


def _pair(given: str) -> tuple[str, str]:
    name, equals, value = given.partition("=")
    if not name or not equals:
        raise InputError(
            f"--option must be NAME=VALUE, such as target=classification, got {given!r}"
        )
    return name.strip(), value.strip()


def _describe(dataset: FusionDataset) -> None:
    from graphfuse.cli.list import print_table

    rows = []
    for m, column in dataset.x.items():
        counts = column.counts[column.counts > 0]
        nodes = f"{int(counts.median())} (at most {int(counts.max())})"
        rows.append([m, str(len(counts)), nodes, str(dataset.schema[m].features)])
    print(f"\n{count(len(dataset), 'sample')}{_labelled(dataset)}")
    print_table(["modality", "samples", "median nodes per sample", "features"], rows)
    for name, target in dataset.schema.targets.items():
        print(f"target {name}: {target.task} {', '.join(target.classes)}".rstrip())
    if dataset.groups is not None:
        print(f"groups: {len(set(dataset.groups.tolist()))}")
    if dataset.splits is not None:
        parts = dataset.splits.tolist()
        print("parts: " + ", ".join(f"{parts.count(part)} {part}" for part in sorted(set(parts))))


def _labelled(dataset: FusionDataset) -> str:
    """Return how many samples have a label, "" where all do or there are several targets."""
    from graphfuse.data.splits import labelled_rows

    if len(dataset.schema.targets) != 1 or dataset.y is None:
        return ""
    labelled, samples = len(labelled_rows(dataset)), len(dataset.originals)
    return "" if labelled == samples else f", {labelled} of {samples} labelled"
