import importlib.util
import sys

import pytest

from graphfuse.bench import code
from graphfuse.fusion import strategies

SOURCE = """
from graphfuse.fusion import PooledStrategy, strategy

@strategy("mine", family="feature", summary="mine")
class Mine(PooledStrategy):
    def fuse(self, vectors, present):
        return {factor} * vectors.sum(1)
"""


def digest_of(path, factor, monkeypatch, known):
    """Digest of a strategy in a file; unless the module is known, as if typed at a prompt."""
    path.write_text(SOURCE.format(factor=factor))
    spec = importlib.util.spec_from_file_location("mine", path)
    module = importlib.util.module_from_spec(spec)
    if known:
        monkeypatch.setitem(sys.modules, "mine", module)
    with strategies.temporarily():
        spec.loader.exec_module(module)
        return code.code_digest("mine")


@pytest.mark.parametrize("known", [True, False])
def test_edited_code_of_a_strategy_is_other_code(tmp_path, monkeypatch, known):
    first, again = (digest_of(tmp_path / f"{i}.py", 1, monkeypatch, known) for i in range(2))
    assert first == again
    assert digest_of(tmp_path / "2.py", -1, monkeypatch, known) != first


def test_shared_code_counts_and_other_strategies_do_not():
    files = {
        file.relative_to(code.ROOT).as_posix()
        for pattern in code.SHARED
        for file in code.ROOT.glob(pattern)
    }
    assert {
        "training/loop.py", "data/splits.py", "nn/dense_hgt_conv.py", "graph/k_nearest.py",
        "fusion/parts.py", "fusion/losses.py", "fusion/decision/_decision.py", "bench/run.py",
    } <= files  # fmt: skip
    assert "fusion/feature/gated.py" not in files
    assert not any(file.startswith(("report/", "stats/", "cli/")) for file in files)


def test_every_file_that_runs_count_on_is_there():
    assert [p for p in code.SHARED if not any(code.ROOT.glob(p))] == []
