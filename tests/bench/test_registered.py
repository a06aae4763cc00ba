import pytest

from graphfuse.bench.registered import announce, entries_of
from graphfuse.data import StepSpec
from graphfuse.graph import Complete
from graphfuse.graph.relation import relations


def names(*arguments, **keywords):
    return [(entry.kind, entry.name) for entry in entries_of(*arguments, **keywords)]


def test_what_a_run_looks_up():
    options = {"relations": [{"temporal": {}}, "k_nearest"], "encoders": {"a": "timm:resnet18"}}
    assert names("graph:hgt", options, "ogm_ge", [StepSpec("scale", {"how": "robust"})]) == [
        ("strategy", "graph:hgt"),
        ("relation", "temporal"),
        ("relation", "k_nearest"),
        ("encoder network", "timm"),
        ("step", "scale"),
        ("balance method", "ogm_ge"),
    ]
    assert not any(entry.is_users for entry in entries_of("graph:hgt", options))


@pytest.mark.parametrize(
    "given",
    ["mine:own", {"union": {"relations": ["mine:own"]}}, {"prune": {"relation": {"mine:own": {}}}}],
)
def test_a_users_relation_is_found_within_others_and_announced(given):
    with relations.temporarily():

        @relations.register("mine:own")
        class Mine(Complete):
            pass

        carried = [e for e in entries_of("graph:hgt", {"relations": [given]}) if e.is_users]
        assert [(e.name, e.entry) for e in carried] == [("mine:own", Mine)]
    with relations.temporarily():
        assert "mine:own" not in relations.names()
        announce(carried)
        announce(carried)  # a second time changes nothing
        assert relations.get("mine:own") is Mine
