import ast
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).parents[1] / "graphfuse"
# From the bottom to the top: imports go to the same place or further down.
ORDER = [
    ("errors", "_"),  # a private file at the top is below all rooms unless it is listed here
    ("stats",),
    ("_card", "_hub"),
    ("data",),
    ("raw",),
    ("encoders",),
    ("graph",),
    ("nn",),
    ("fusion",),
    ("training",),
    ("bench",),
    ("report",),
    ("comparison", "estimator_input", "estimators", "loading", "__init__"),
    ("testing",),
    ("cli", "__main__"),
]
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield str(node.module)
            for alias in node.names:
                if node.module == "graphfuse":
                    yield f"graphfuse.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name


def room_of(module):
    parts = module.split(".")
    return room_named(parts[1] if len(parts) > 1 else "__init__")


def room_named(name):
    return "_" if name not in LEVEL and name.startswith("_") else name


def files():
    for path in sorted(ROOT.rglob("*.py")):
        first = path.relative_to(ROOT).parts[0]
        yield room_named(first.removesuffix(".py")), path


def test_every_room_is_known():
    assert {room for room, _ in files()} <= set(LEVEL)


def test_imports_go_down_only():
    wrong = []
    for room, path in files():
        if path == ROOT / "__init__.py":
            continue  # the public face names everything, lazily
        for module in imports(path):
            if module.split(".")[0] == "graphfuse" and module != "graphfuse":
                target = room_of(module)
                if LEVEL[target] > LEVEL[room]:
                    wrong.append(f"{path.relative_to(ROOT)} imports {module}")
                if room == "stats" and target not in ("stats", "errors"):
                    wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert not wrong


def modules():
    for _, path in files():
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported_files(path, known):
    """Every file that a file imports, inside functions and for types alone, too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in known else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_files_import_each_other_in_a_circle():
    known = dict(modules())
    arrows = nx.DiGraph(
        (name, other)
        for name, path in known.items()
        for other in imported_files(path, known)
        if other in known and other != name
    )
    assert not [sorted(c) for c in nx.strongly_connected_components(arrows) if len(c) > 1]


def test_no_room_has_more_than_a_fifth_of_the_lines():
    lines = Counter()
    for room, path in files():
        lines[room] += len(path.read_text().splitlines())
    assert {room: n for room, n in lines.items() if n > lines.total() / 5} == {}


def test_layers_need_neither_raw_data_nor_encoders():
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for room, path in files()
        if room == "nn"
        for module in imports(path)
        if module.startswith(("graphfuse.raw", "graphfuse.encoders"))
    ]
    assert not wrong


def run(code):
    subprocess.run([sys.executable, "-c", code], check=True)


def test_import_is_light():
    heavy = "'torch_geometric', 'timm', 'transformers'"
    run(f"import sys, graphfuse; assert not {{{heavy}}} & set(sys.modules)")
    run(
        "import sys; from graphfuse.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"assert not {{{heavy}, 'torch'}} & set(sys.modules)"
    )


def test_statistics_and_report_need_no_torch():
    run("import sys, graphfuse.stats, graphfuse.report; assert 'torch' not in sys.modules")


@pytest.mark.skipif(
    tuple(map(int, version("accelerate").split(".")[:2])) < (1, 15),
    reason="accelerate imports huggingface_hub below 1.15",
)
def test_the_hub_is_imported_when_it_is_used():
    run(
        "import sys, graphfuse.estimators\n"
        "graphfuse.list_strategies()\n"
        "assert 'huggingface_hub' not in sys.modules"
    )


def test_no_room_imports_a_private_file_of_another():
    found = [
        f"{path} imports {module}"
        for room, path in files()
        for module in imports(path)
        if module.startswith("graphfuse.") and room_of(module) not in (room, "_")
        if any(part.startswith("_") and not part.endswith("__") for part in module.split(".")[2:])
    ]
    assert not found
