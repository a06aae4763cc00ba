"""What holds for the room as a whole."""

from __future__ import annotations

import subprocess
import sys

from graphfuse import stats


def test_imports_no_torch_and_no_scikit_learn():
    code = (
        "import sys, graphfuse.stats; "
        "print([m for m in ('torch', 'sklearn', 'torch_geometric') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_exists_and_has_an_example():
    for name in stats.__all__:
        assert "Example:" in getattr(stats, name).__doc__, name
