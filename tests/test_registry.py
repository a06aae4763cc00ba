import pickle
import subprocess
import sys
from types import SimpleNamespace

import pytest

from graphfuse._keys import module_key
from graphfuse._registry import Registry, check_options
from graphfuse.errors import FusionError, MissingDependencyError, UnknownNameError


def test_a_name_is_registered_once():
    registry: Registry[list[int]] = Registry("thing", "graphfuse.stats")
    entry = [1]
    registry.add("one", entry)
    registry.add("one", entry)
    with pytest.raises(FusionError, match="'one' is registered twice"):
        registry.add("one", [2])


def test_errors_survive_a_process_boundary():
    error = pickle.loads(pickle.dumps(UnknownNameError("dataset", "emojy", ["emoji"])))
    assert "did you mean 'emoji'" in str(error)
    assert isinstance(error, KeyError)


def test_a_missing_package_names_its_extra():
    assert "pip install 'graphfuse[ray]'" in str(
        MissingDependencyError("ray", "ray", "backend='ray'")
    )


def test_module_keys_never_collide():
    names = [
        ("a.b",),
        ("a", "b"),
        ("a_b",),
        ("a_2e_b",),
        ("a__b",),
        ("a.", "b"),
        ("a", ".b"),
        ("",),
        ("ä",),
    ]
    keys = [module_key(*name) for name in names]
    assert len(set(keys)) == len(keys)
    assert all(key.isidentifier() for key in keys)


def test_what_is_registered_for_a_test_is_gone_afterwards():
    registry: Registry[int] = Registry("thing", "graphfuse.stats")
    registry.add("kept", 1)
    with registry.temporarily():
        registry.add("gone", 2)
        assert registry.names() == ["gone", "kept"]
    assert registry.names() == ["kept"]
    registry.add("gone", 3)


def test_a_registered_class_knows_its_name():
    registry: Registry[type] = Registry("thing", "graphfuse.stats")

    @registry.register("one")
    class One:
        pass

    assert (One.name, registry.get("one")) == ("one", One)


def test_an_entry_may_be_made_of_what_is_decorated():
    registry: Registry[tuple[str, object]] = Registry("thing", "graphfuse.stats")

    @registry.register("one", lambda made: ("one", made))
    def one():
        return 1

    assert registry.get("one") == ("one", one)
    assert not hasattr(one, "name")


def test_build_takes_an_instance_or_what_names_one():
    registry: Registry[type] = Registry("thing", "graphfuse.stats")

    @registry.register("part")
    class Part:
        def __init__(self, where, size=1):
            self.where, self.size = where, size

    def spec_of(given):
        return SimpleNamespace(name=given[0], options=given[1])

    part = Part("here")
    assert registry.build(part, Part, spec_of, "there") is part
    built = registry.build(("part", {"size": 3}), Part, spec_of, "there")
    assert (built.where, built.size) == ("there", 3)
    with pytest.raises(UnknownNameError, match="unknown option of thing 'part' 'seize'; did you m"):
        registry.build(("part", {"seize": 3}), Part, spec_of, "there")
    with pytest.raises(UnknownNameError, match="unknown option of thing 'part' 'where'"):
        registry.build(("part", {"where": 3}), Part, spec_of, "there")


def test_options_are_checked_in_one_way():
    check_options("sum", {"size": 1}, ["size"])
    with pytest.raises(UnknownNameError, match="unknown option of sum 'seize'; did you mean 'si"):
        check_options("sum", {"seize": 1}, iter(["size", "other"]))


PLUGIN = """
from graphfuse.encoders.encoder import Encoder, EncoderInfo, encoder
from graphfuse.fusion import PooledStrategy, strategy
from graphfuse.graph import Complete

@strategy("outside", family="feature", summary="from another package")
class Outside(PooledStrategy):
    def fuse(self, vectors, present):
        return vectors.sum(1)

class Everyone(Complete):
    name = "everyone"
    summary = "from another package"

class Empty(Encoder):
    features, pos_dim = 1, 0
    def encode(self, items):
        return []

encoder(EncoderInfo("nothing", "text", "nothing", "none"))(Empty)
"""


def install(folder, name, source, points):
    """Write a package as an installer does: its modules, and a folder that describes it."""
    (folder / f"{name}.py").write_text(source)
    described = folder / f"{name}-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = [f"[{group}]\nmine = {value}\n" for group, value in points.items()]
    (described / "entry_points.txt").write_text("\n".join(lines))


def run(folder, code):
    start = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    command = [sys.executable, "-W", "error::DeprecationWarning:graphfuse", "-c", start + code]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_another_packages_entries_are_found(tmp_path):
    groups = ("strategies", "relations", "encoders")
    install(tmp_path, "plugin", PLUGIN, {f"graphfuse.{group}": "plugin" for group in groups})
    done = run(
        tmp_path,
        "import graphfuse\n"
        "from graphfuse.encoders import list_encoders\n"
        "from graphfuse.graph import relations\n"
        "data = graphfuse.load_dataset('planted/null', n=20)\n"
        "assert 'outside' in graphfuse.list_strategies(schema=data.schema)\n"
        "model = graphfuse.create_strategy('outside', data.schema).prepare(data)\n"
        "assert model(data.batch([0, 1])).logits.shape == (2, 2)\n"
        "assert 'everyone' in relations.names()\n"
        "assert 'nothing' in [info.name for info in list_encoders('text')]\n",
    )
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("1 / 0", "ZeroDivisionError"),
        ("from graphfuse.fusion import strategy\nstrategy('a/b', 'graph', '')(int)", "InputError"),
    ],
)
def test_a_broken_plugin_is_one_warning(tmp_path, source, reason):
    install(tmp_path, "broken", source, {"graphfuse.strategies": "broken"})
    done = run(
        tmp_path,
        "import graphfuse\n"
        "for _ in range(2):\n"
        "    assert 'concat' in graphfuse.list_strategies()\n",
    )
    assert done.stderr.count("PluginWarning") == 1
    assert "the plug-in 'mine' of broken (graphfuse.strategies = broken)" in done.stderr
    assert reason in done.stderr
