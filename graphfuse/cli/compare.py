"""graphfuse compare: benchmark fusion strategies and write the report."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfuse.cli._raw import OPTIONS, add_raw, add_reading
from graphfuse.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from graphfuse.comparison import Comparison

QUICK_EPOCHS = 3
LISTS = ("datasets", "strategies", "clean")
EXECUTION = ("n_jobs", "backend", "address", "out")
"""Settings that do not change the results."""

EPILOG = """examples:
  graphfuse compare                          emoji (image + text) and planted/binding, 5 folds
  graphfuse compare --datasets mfeat --strategies unimodal,concat,graph:hgt
  graphfuse compare --datasets my-folder --quick
  graphfuse compare my-data.csv --column photo=image --encoder image=timm:tf_efficientnet_lite0
  graphfuse compare prices.csv --column price=label --task regression
  graphfuse compare my-data.csv --augment image=photo --augment text=caption
  graphfuse compare --config study.yaml

A YAML file holds the same names as the options, and recipe, options, relations, networks:
  datasets: [emoji, {planted/binding: {n: 500}}]
  strategies: [unimodal, concat, graph:hgt, graph:hgt/no_edges]
  recipe: {epochs: 20}
  relations: {emoji: [co_occurrence, {k_nearest: {k: 4}}]}

With several raw datasets, --column applies to those that have the column, --encoder and --network
to those that have the modality or the kind, --clean to those that a step is made for, and --augment
to those that have the kind. In a YAML file, each dataset has its own options:
  datasets: [{my-data.csv: {columns: {age: category}, encoders: {photo: histogram}}}]

After an interruption (Ctrl-C, power cut), the same command continues where it stopped.
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
    add_reading(parser)
    add(
        "--allow-missing-modality",
        action="store_true",
        default=None,
        help="continue if no cell of a column can be read; without it this is an error",
    )
    add(
        "--encoder",
        action="append",
        metavar="MODALITY=NAME",
        help="encoder of raw data, by modality or kind (graphfuse list encoders); "
        "image=timm:resnet18 names a model",
    )
    add(
        "--network",
        action="append",
        metavar="MODALITY=NAME",
        help="network that encodes raw data inside every strategy and trains with it (graphfuse "
        "list networks); image=cnn needs --encoder image=pixels",
    )
    add(
        "--augment",
        action="append",
        metavar="KIND=NAME",
        help="augment training samples of raw data: image=photo, audio=speech, text=caption, "
        "text=caption:en (with synonyms); copies=4 sets the number of augmented copies of items "
        "that are encoded before training",
    )
    add("--clean", metavar="A,B", help="cleaning steps for raw data (graphfuse list cleaning)")
    add(
        "--strategies",
        metavar="A,B",
        help="names, 'unimodal' for one per modality, or 'all' (graphfuse list strategies)",
    )
    add("--folds", type=int, metavar="N", help="folds of the cross-validation (default: 5)")
    add("--repeats", type=int, metavar="N", help="repeats of the cross-validation (default: 1)")
    add("--seed", type=int, metavar="N", help="seed of splits and weights (default: 0)")
    add(
        "--metric",
        metavar="NAME",
        help="metric to rank by (graphfuse list metrics; default: accuracy, f1_macro or r2)",
    )
    add(
        "--match-parameters",
        type=int,
        metavar="N",
        help="choose each strategy's width so that it has about N parameters",
    )
    add(
        "--jobs",
        "--n-jobs",
        "--n_jobs",
        type=int,
        metavar="N",
        help="number of parallel processes (default: one per core)",
    )
    add("--backend", metavar="NAME", help="loky (default), ray or dask")
    add("--address", metavar="HOST", help="address of the Ray or Dask cluster")
    add("--out", metavar="DIR", help="folder of the results (default: graphfuse-results)")
    add("--config", metavar="FILE", help="YAML file with these settings; options given here win")
    add("--quick", action="store_true", help=f"train for {QUICK_EPOCHS} epochs, to try things out")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare and write the reports; after Ctrl-C, report the runs that are finished."""
    settings = read_config(arguments.config) if arguments.config else {}
    settings |= _given(arguments)
    if arguments.quick:
        recipe = settings.get("recipe") or {}
        if isinstance(recipe, dict):  # otherwise compare() says what a recipe is
            settings["recipe"] = {**recipe, "epochs": QUICK_EPOCHS}
    add_raw(settings)
    out = settings.setdefault("out", "graphfuse-results")
    settings.setdefault("n_jobs", -1)
    settings["command"] = shlex.join(["graphfuse", *sys.argv[1:]])
    from graphfuse.comparison import Comparison, compare

    try:
        comparison = compare(**settings)
    except KeyboardInterrupt:
        print("\nInterrupted; finished runs are kept. The same command continues from here.")
        with contextlib.suppress(InputError):  # nothing to report yet
            _report(Comparison(out))
        raise
    _report(comparison)
    return 0


def _report(comparison: Comparison) -> None:
    verdict = comparison.verdict()
    paths = comparison.reports()
    print(f"\n{verdict}\n")
    for path in paths:
        print(path)


def _given(arguments: argparse.Namespace) -> dict[str, Any]:
    names = [n for n in vars(arguments) if n not in ("config", "quick", "run")]
    settings = {n: getattr(arguments, n) for n in names if getattr(arguments, n) is not None}
    if "jobs" in settings:
        settings["n_jobs"] = settings.pop("jobs")
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
        raise InputError(f"{path} is not a text file in UTF-8; save it as UTF-8") from None
    except yaml.YAMLError as error:
        raise InputError(f"{path} is not valid YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold settings by name, got a {type(content).__name__}")
    from graphfuse.bench.plan import Plan

    if "jobs" in content:
        if "n_jobs" in content:
            raise InputError(f"{path} names both jobs and n_jobs, which mean the same; keep one")
        content["n_jobs"] = content.pop("jobs")
    known = [*Plan.names(), *EXECUTION, *OPTIONS]
    for name in content:
        if name not in known:
            raise UnknownNameError(f"setting in {path}", name, known)
    for name in LISTS:
        if isinstance(content.get(name), str):
            content[name] = [part.strip() for part in content[name].split(",")]
    return content
