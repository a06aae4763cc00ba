import importlib
import sys

import pytest

import graphfuse
from graphfuse._moved import MOVED


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_an_old_path_warns_and_is_the_module_of_the_new_one(old, new):
    sys.modules.pop(old, None)
    with pytest.warns(DeprecationWarning, match=f"{old} has moved to {new}"):
        module = importlib.import_module(old)
    assert module is importlib.import_module(new)
    assert module.__spec__.name == new


def test_what_an_old_package_contains_is_not_loaded_twice():
    with pytest.warns(DeprecationWarning, match="has moved"):
        from graphfuse.nn.networks.cnn import CNN
    from graphfuse.encoders.networks.cnn import CNN as NEW

    assert CNN is NEW


def test_an_old_name_warns_and_is_the_new_one():
    with pytest.warns(DeprecationWarning, match=r"encoders\.load has moved to .*load_dataset"):
        from graphfuse.encoders import load
    assert load is graphfuse.load_dataset


def test_rooms_are_reachable_from_the_top():
    assert graphfuse.raw.read_manifest
    assert graphfuse.encoders.encode
