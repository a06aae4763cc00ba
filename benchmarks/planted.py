"""What every strategy learns of the planted datasets: python -m benchmarks.planted [--out DIR].

Each strategy is trained on one of five folds, graphs with the relations that a dataset names as the
right ones, and its accuracy set beside the Bayes accuracy. Finished runs are kept in DIR, so that
the command goes on where it was; at the end it writes benchmarks/results/planted.json and the table
of docs/planted.md. Takes about three quarters of an hour on one idle core.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._machine import RESULTS, write
from graphfuse.bench.jobs import plan_jobs
from graphfuse.bench.plan import Plan
from graphfuse.bench.run import Job, one_thread
from graphfuse.bench.runner import pending, run_jobs
from graphfuse.bench.store import ResultStore
from graphfuse.data import FusionDataset, load_dataset
from graphfuse.fusion import list_strategies, strategy_info
from graphfuse.fusion.info import FAMILIES
from graphfuse.training import Recipe

PAGE = Path("docs/planted.md")
START, END = "<!-- results:start -->", "<!-- results:end -->"
DASH = "\N{EN DASH}"
ABLATED = ("graph:hgt", "graph:typed_attention")
ERRORS = 3
"""Standard errors within which an accuracy counts as the Bayes accuracy or as chance."""

SHORT = Recipe()
LONG = Recipe(epochs=30, patience=10)
WHOLE = Recipe(epochs=30, patience=30)
PLAN = {
    "planted/null": (2000, SHORT),
    "planted/redundant": (2000, SHORT),
    "planted/unique": (2000, SHORT),
    "planted/xor": (2000, SHORT),
    "planted/binding": (4000, LONG),
    "planted/lagged": (2000, WHOLE),
}
"""Samples and recipe of each dataset. What belongs together takes longer to find; in time, some
strategies do so after ten epochs of nothing."""


def main() -> None:
    """Run what is not there yet, then write the results and the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="graphfuse-results/planted", help="folder of the runs")
    out = parser.parse_args().out
    store = ResultStore(out)
    data = {name: load_dataset(name, n=n) for name, (n, _) in PLAN.items()}
    jobs = [job for name, dataset in data.items() for job in plan(name, dataset, out)]
    for dataset in data.values():
        folder = store.dataset_path(dataset.fingerprint)
        if not folder.exists():
            dataset.save(folder)
    run_jobs(pending(jobs))
    facts = {name: describe(name, dataset) for name, dataset in data.items()}
    with one_thread():
        write("planted", [row(store, job) for job in jobs], datasets=facts)
    before, rest = PAGE.read_text(encoding="utf-8").split(START)
    after = rest.split(END)[1]
    results = json.loads((RESULTS / "planted.json").read_text(encoding="utf-8"))
    PAGE.write_text(f"{before}{START}\n{block(results)}\n{END}{after}", encoding="utf-8")


def plan(name: str, dataset: FusionDataset, out: str) -> list[Job]:
    """Return the runs of a dataset: every strategy it serves, on the first fold."""
    served = [
        strategy
        for strategy in list_strategies(schema=dataset.schema)
        if "/" not in strategy or strategy.partition("/")[0] in ABLATED
    ]
    asked = Plan(strategies=tuple(served), recipe=PLAN[name][1])
    jobs = plan_jobs({name: dataset}, asked, out=str(Path(out).resolve()))
    return [job for job in jobs if job.spec.fold == 0]


def describe(name: str, dataset: FusionDataset) -> dict[str, Any]:
    """Return the size of a dataset, its Bayes accuracy and that of its most frequent class."""
    share = np.bincount(dataset.labels()) / len(dataset)
    return {
        "samples": len(dataset),
        "epochs": PLAN[name][1].epochs,
        "bayes_accuracy": dataset.bayes_accuracy,
        "chance": float(share.max()),
    }


def row(store: ResultStore, job: Job) -> dict[str, Any]:
    """Return a run's accuracy and cost."""
    record = store.read(job.spec.folder)
    if record is None or record["status"] != "done":
        raise SystemExit(f"{job.spec.strategy} on {job.spec.dataset} failed: {record}")
    return {
        "strategy": job.spec.strategy,
        "family": strategy_info(job.spec.strategy).family,
        "dataset": job.spec.dataset,
        "accuracy": record["metrics"]["accuracy"],
        "tested": record["sizes"]["test"],
        "epochs": record["cost"]["epochs"],
        "fit_seconds": round(record["cost"]["fit_seconds"], 2),
    }


def mark(accuracy: float, tested: int, facts: Mapping[str, Any]) -> str:
    """Say where an accuracy lies: "=" at Bayes, "~" at chance, both or neither."""
    bayes, chance = facts["bayes_accuracy"], facts["chance"]
    at_bayes = accuracy >= bayes - ERRORS * math.sqrt(bayes * (1 - bayes) / tested)
    at_chance = accuracy <= chance + ERRORS * math.sqrt(chance * (1 - chance) / tested)
    return ("=" if at_bayes else "") + ("~" if at_chance else "")


def show(accuracy: float) -> str:
    """Return an accuracy without the zero in front."""
    return f"{accuracy:.3f}".removeprefix("0")


def block(results: Mapping[str, Any]) -> str:
    """Return the table and what it was measured on."""
    where, facts = results["environment"], results["datasets"]
    rows = results["rows"]
    seconds = sum(r["fit_seconds"] for r in rows)
    head = ["strategy", *(name.partition("/")[2] for name in facts)]
    lines = [
        f"Measured {results['date']}: {where['cpu']}, {results['threads']} thread, Python "
        f"{where['python']}, torch {where['packages']['torch']}, graphfuse "
        f"{where['packages']['graphfuse']}; {seconds / 60:.0f} minutes of training.",
        "",
        "| " + " | ".join(head) + " |",
        "| --- |" + " ---: |" * len(facts),
    ]
    for label, key in (("samples", "samples"), ("most epochs", "epochs")):
        lines.append(f"| *{label}* | " + " | ".join(str(f[key]) for f in facts.values()) + " |")
    for label, key in (("Bayes accuracy", "bayes_accuracy"), ("most frequent class", "chance")):
        lines.append(f"| *{label}* | " + " | ".join(show(f[key]) for f in facts.values()) + " |")
    found = {(r["strategy"], r["dataset"]): r for r in rows}
    names = {r["strategy"]: FAMILIES.index(r["family"]) for r in rows}
    for strategy in sorted(names, key=lambda name: (names[name], name)):
        cells = []
        for name, fact in facts.items():
            cell = found.get((strategy, name))
            marked = cell and mark(cell["accuracy"], cell["tested"], fact)
            cells.append(f"{show(cell['accuracy'])}\N{NO-BREAK SPACE}{marked}" if cell else DASH)
        lines.append(f"| {strategy} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
