"""graphfuse compare: benchmark fusion strategies and write the report."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import sys
from pathlib import Path
from typing import Any

from graphfuse.cli._raw import add_raw
from graphfuse.errors import InputError, UnknownNameError

QUICK_EPOCHS = 3
LISTS = ("datasets", "strategies", "clean")

EPILOG = """examples:
  graphfuse compare                          emoji (image + text) and planted/binding, 5 folds
  graphfuse compare --datasets mfeat --strategies unimodal,concat,graph:hgt
  graphfuse compare --datasets my-folder --quick
  graphfuse compare my-data.csv --column photo=image --encoder photo=timm:tf_efficientnet_lite0
  graphfuse compare my-data.csv --augment image=photo --augment text=caption
  graphfuse compare --config study.yaml

A YAML file holds the same names as the options, and recipe, options, relations:
  datasets: [emoji, {planted/binding: {n: 500}}]
  strategies: [unimodal, concat, graph:hgt, graph:hgt/no_edges]
  recipe: {epochs: 20}
  relations: {emoji: [co_occurrence, {k_nearest: {k: 4}}]}

Of several raw datasets, --column goes to those that have the column, --encoder and --network to
those that have the modality, --clean to those that hold what a step is for, and --augment to those
that have the kind. In a YAML file each has its own:
  datasets: [{my-data.csv: {columns: {age: category}, encoders: {photo: histogram}}}]

Interrupted (Ctrl-C, power cut), the same command goes on where it was.
"""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "compare",
        help="benchmark fusion strategies and write a report",
        description="Train and test fusion strategies on the same folds and write a report.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("data", nargs="*", metavar="DATA", help="names or paths; the same as --datasets")
    add("--datasets", metavar="A,B", help="names or paths (default: emoji,planted/binding)")
    add(
        "--column",
        action="append",
        metavar="NAME=KIND",
        help="what a column of raw data holds, where it is not as told (graphfuse inspect)",
    )
    add(
        "--encoder",
        action="append",
        metavar="MODALITY=NAME",
        help="encoder of raw data (graphfuse list encoders); image=timm:resnet18 names the model",
    )
    add(
        "--network",
        action="append",
        metavar="MODALITY=NAME",
        help="network that encodes raw data inside every strategy and trains with it: image=cnn, "
        "with --encoder image=pixels",
    )
    add(
        "--augment",
        action="append",
        metavar="KIND=NAME",
        help="change training samples of raw data: image=photo, audio=speech, text=caption, "
        "text=caption:en (with synonyms); copies=4 says how often where items are encoded once",
    )
    add("--root", metavar="FOLDER", help="folder that the paths in raw data start from")
    add(
        "--allow-missing-modality",
        action="store_true",
        default=None,
        help="go on where no cell of a column can be read (an error otherwise)",
    )
    add("--clean", metavar="A,B", help="steps of cleaning for raw data (graphfuse list cleaning)")
    add("--strategies", metavar="A,B", help="names, 'unimodal', 'all' (graphfuse list strategies)")
    add("--folds", type=int, metavar="N", help="parts of the cross-validation (default: 5)")
    add("--repeats", type=int, metavar="N", help="cross-validations (default: 1)")
    add("--seed", type=int, metavar="N", help="seed of splits and weights (default: 0)")
    add("--metric", metavar="NAME", help="what to rank by (default: accuracy, f1_macro or r2)")
    add(
        "--match-parameters",
        type=int,
        metavar="N",
        help="choose each strategy's width so that it has about N parameters",
    )
    add("--jobs", type=int, metavar="N", help="processes at work (default: one a core)")
    add("--backend", metavar="NAME", help="loky (default), ray or dask")
    add("--address", metavar="HOST", help="of the Ray or Dask cluster")
    add("--out", metavar="DIR", help="folder of the results (default: graphfuse-results)")
    add("--config", metavar="FILE", help="YAML file with these settings; options here win")
    add("--quick", action="store_true", help=f"{QUICK_EPOCHS} epochs, for trying things out")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare, then write the reports, after Ctrl-C those of what is there."""
    settings = read_config(arguments.config) if arguments.config else {}
    settings |= _given(arguments)
    if arguments.quick:
        recipe = settings.get("recipe") or {}
        if isinstance(recipe, dict):  # otherwise compare() says what a recipe is
            settings["recipe"] = {**recipe, "epochs": QUICK_EPOCHS}
    add_raw(settings)
    out = settings.setdefault("out", "graphfuse-results")
    settings["n_jobs"] = settings.pop("jobs", -1)
    settings["command"] = shlex.join(["graphfuse", *sys.argv[1:]])
    from graphfuse.comparison import compare

    try:
        compare(**settings)
    except KeyboardInterrupt:
        print("\nInterrupted; finished runs are kept. The same command goes on from here.")
        with contextlib.suppress(InputError):  # nothing to report yet
            _report(Path(out))
        return 130
    _report(Path(out))
    return 0


def _report(out: Path) -> None:
    from graphfuse.comparison import Comparison
    from graphfuse.report import write_reports

    verdict = Comparison(out).verdict()
    paths = write_reports(out, out / "report.html")
    print(f"\n{verdict}\n")
    for path in paths:
        print(path)


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    names = [n for n in vars(arguments) if n not in ("config", "quick", "run")]
    settings = {n: getattr(arguments, n) for n in names if getattr(arguments, n) is not None}
    for name in LISTS:
        if name in settings:
            settings[name] = [part.strip() for part in settings[name].split(",") if part.strip()]
    return settings


def read_config(path: str) -> dict[str, Any]:
    """Return the settings of a YAML file; unknown ones are errors."""
    import yaml

    try:
        content = yaml.safe_load(Path(path).read_text())
    except OSError as error:
        raise InputError(f"cannot read the configuration {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text in UTF-8; save it as such") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path} is no valid YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"{path} holds settings by name, got a {type(content).__name__}")
    known = [
        "datasets", "strategies", "folds", "repeats", "seed", "metric", "jobs", "backend",
        "address", "out", "recipe", "options", "relations", "networks", "match_parameters",
    ]  # fmt: skip
    for name in content:
        if name not in known:
            raise UnknownNameError(f"setting in {path}", name, known)
    for name in LISTS:
        if isinstance(content.get(name), str):
            content[name] = [part.strip() for part in content[name].split(",")]
    return content
