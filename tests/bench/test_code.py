import importlib
import importlib.util
import subprocess
import sys
import textwrap

import pytest

from graphfuse.bench import code, imports
from graphfuse.fusion import strategies
from graphfuse.graph.relation import relations
from graphfuse.training.metrics import metric, metrics

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


def typed(text):
    """Digest of a strategy that is typed at a prompt."""
    with strategies.temporarily():
        exec(textwrap.dedent(text), {"__name__": "__main__"})
        return code.code_digest("mine")


PROMPT = """
from graphfuse.fusion import PooledStrategy, strategy
WEIGHT = {weight}
def half(x, by={default}):
    return x / by
@strategy("mine", family="feature", summary="mine")
class Mine(PooledStrategy):
    scale = {scale}
    def fuse(self, vectors, present):
        return half(self.scale * WEIGHT * vectors.sum(1))
"""


def test_attributes_defaults_and_globals_of_what_is_typed_count():
    given = {"weight": 1.0, "default": 2, "scale": 1.0}
    first = typed(PROMPT.format(**given))
    assert typed(PROMPT.format(**given)) == first
    for name in given:
        assert typed(PROMPT.format(**{**given, name: 0.5})) != first, name


def test_what_cannot_be_compared_is_computed_again():
    text = PROMPT.format(weight="object()", default=2, scale=1.0)
    assert typed(text) != typed(text)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A user's strategy and relation, which import helpers of the user's own."""
    (tmp_path / "mypackage").mkdir()
    files = {
        "__init__": "",
        "deep": "def mix(x):\n    return x.sum(1)\n",
        "helper": "def combine(x):\n    from .deep import mix\n    return mix(x)\n",
        "model": """
            from graphfuse.fusion import PooledStrategy, strategy
            from mypackage import helper
            @strategy("mine", family="feature", summary="mine")
            class Mine(PooledStrategy):
                def fuse(self, vectors, present):
                    return helper.combine(vectors)
            """,
        "edges": """
            from graphfuse.graph import Complete
            from mypackage.deep import mix
            class Mine(Complete):
                name = "my_edges"
            """,
    }
    for name, text in files.items():
        (tmp_path / "mypackage" / f"{name}.py").write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    with strategies.temporarily(), relations.temporarily():
        importlib.import_module("mypackage.model")
        importlib.import_module("mypackage.edges")
        yield tmp_path / "mypackage"
    for name in [name for name in sys.modules if name.startswith("mypackage")]:
        del sys.modules[name]


@pytest.mark.parametrize("file", ["helper", "deep", "model"])
def test_edited_modules_that_a_strategy_imports_are_other_code(package, file):
    first = code.code_digest("mine")
    assert code.code_digest("mine") == first
    path = package / f"{file}.py"
    path.write_text(path.read_text() + "\nMORE = 1\n")
    assert code.code_digest("mine") != first


def test_edited_modules_of_a_relation_are_other_code(package):
    options = {"relations": [{"my_edges": {}}]}
    first = code.code_digest("graph:hgt", options)
    assert code.code_digest("graph:hgt") != first
    path = package / "deep.py"
    path.write_text(path.read_text().replace("sum(1)", "mean(1)"))
    assert code.code_digest("graph:hgt", options) != first


def test_comments_docstrings_and_messages_are_not_other_code(package):
    first = code.code_digest("mine")
    path = package / "deep.py"
    path.write_text(
        '"""Mix."""\nimport logging\nlogger = logging.getLogger(__name__)\n'
        'def mix(x):\n    """Add."""\n    if x is None:\n        raise ValueError("no")\n'
        '    logger.warning("a")\n    return x.sum(1)\n'
    )
    edited = code.code_digest("mine")
    assert edited != first
    path.write_text(
        '"""Blend."""\nimport logging\nlogger = logging.getLogger(__name__)\n'
        'def mix(x):  # sum\n    """Sum."""\n    if x is None:\n        raise ValueError("yes")\n'
        '    logger.warning("b")\n    return x.sum(1)\n'
    )
    assert code.code_digest("mine") == edited


def test_a_run_counts_on_all_that_computes_it_and_on_nothing_else():
    files = imports.closure([code.RUNNER])
    assert {
        "graphfuse._strongest", "graphfuse._keys", "graphfuse.training.loop",
        "graphfuse.data.splits", "graphfuse.nn.dense_hgt_conv", "graphfuse.graph.k_nearest",
        "graphfuse.fusion.parts", "graphfuse.data.steps.scale", "graphfuse.training.balance.ogm_ge",
        "graphfuse.training.evaluate", "graphfuse.bench.run",
    } <= set(files)  # fmt: skip
    others = (
        "graphfuse.report", "graphfuse.cli", "graphfuse.data.convert", "graphfuse.data.catalog",
        "graphfuse.raw.tables", "graphfuse.raw.readers", "graphfuse.raw.cleaning",
        "graphfuse.fusion.feature", "graphfuse.fusion.graph", "graphfuse.fusion.decision",
        "graphfuse.encoders.audio", "graphfuse.testing",
    )  # fmt: skip
    needed = {"graphfuse.raw.readers.items"}  # the types that augmentations of raw nodes change
    assert {name for name in files if name.startswith(others)} == needed


def test_what_a_strategy_shares_with_others_of_its_family_counts():
    files = imports.closure(["graphfuse.fusion.decision.mean_prob"])
    assert "graphfuse.fusion.decision._decision" in files
    assert "graphfuse.fusion.decision.stacking" not in files


def test_nothing_is_imported_to_find_out():
    program = (
        "import sys\nfrom graphfuse.bench.imports import closure\nbefore = set(sys.modules)\n"
        "closure(['graphfuse.nn.dense_hgt_conv', 'graphfuse.graph.draw'])\n"
        "assert not {m for m in set(sys.modules) - before if 'torch_geometric' in m}"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_new_metric_computes_runs_again():
    before = code.code_digest("concat")
    with metrics.temporarily():
        metric("half", tasks=("binary",))(lambda predictions: 0.5)
        assert code.code_digest("concat") != before
    assert code.code_digest("concat") == before
