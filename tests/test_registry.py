import pickle

import pytest

from graphfuse._keys import module_key
from graphfuse._registry import Registry
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
