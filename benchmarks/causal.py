"""How often Causal errs: python -m benchmarks.causal [--quick].

Over many seeds, the share of datasets of ``planted/null`` in which an arrow is drawn, which the
rate ``alpha`` bounds; of ``planted/lagged``, in which the planted arrow and lag are found and
nothing else; and of three series, one of which drives the other two, in which exactly its two
arrows are found, and in which one is drawn between the two.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks._machine import write
from graphfuse.data import FusionDataset, load_dataset
from graphfuse.graph import Causal

Arrows = list[tuple[str, str, float]]
STEPS = 12


def driven(seed: int, n: int) -> FusionDataset:
    """Draw series a and b that follow c by 1 and 3 steps."""
    a, b, c = np.random.default_rng(seed).normal(size=(3, n, STEPS + 3, 1))
    a = 0.5 * a[:, 3:] + c[:, 2:-1]
    b = 0.5 * b[:, 3:] + c[:, :-3]
    times = np.broadcast_to(np.arange(float(STEPS))[None, :, None], (n, STEPS, 1))
    return FusionDataset.from_arrays(
        {"a": a, "b": b, "c": c[:, 3:]}, pos=dict.fromkeys("abc", times)
    )


def arrows(dataset: FusionDataset, method: str, alpha: float) -> Arrows:
    """Fit and return what is found."""
    return Causal(method=method, alpha=alpha).fit(dataset).arrows(dataset.schema)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few seeds; nothing is written")
    arguments = parser.parse_args()
    seeds = 20 if arguments.quick else 500
    rows = []
    for name, n in (("planted/null", 100), ("planted/lagged", 60), ("driven", 100)):
        for method in ("granger", "pc") if name == "planted/null" else ("granger",):
            for alpha in (0.01, 0.05):
                found = [
                    arrows(
                        driven(seed, n) if name == "driven" else load_dataset(name, seed=seed, n=n),
                        method,
                        alpha,
                    )
                    for seed in range(seeds)
                ]
                row = {"data": name, "n": n, "seeds": seeds, "method": method, "alpha": alpha}
                row |= judge(name, found)
                rows.append(row)
                print(row, flush=True)
    if not arguments.quick:
        write("causal", rows)


def judge(name: str, found: list[Arrows]) -> dict[str, float]:
    """Return shares of the datasets, by what is planted in them."""
    if name == "planted/null":
        return {"with_an_arrow": share([bool(some) for some in found])}
    if name == "planted/lagged":
        return {"exactly_right": share([some == [("a", "b", 2.0)] for some in found])}
    return {
        "exactly_right": share([some == [("c", "a", 1.0), ("c", "b", 3.0)] for some in found]),
        "between_the_driven": share(
            [any({s, d} == {"a", "b"} for s, d, _ in some) for some in found]
        ),
    }


def share(holds: list[bool]) -> float:
    """Return the share of what holds."""
    return round(sum(holds) / len(holds), 4)


if __name__ == "__main__":
    main()
