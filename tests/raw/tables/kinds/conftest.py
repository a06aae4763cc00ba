import pytest
from datasets import Dataset

from graphfuse.raw import read_manifest


@pytest.fixture
def read():
    """Return the manifest of columns beside a text, with overrides of kinds."""

    def make(columns, task=None, **overrides):
        n = len(next(iter(columns.values())))
        base = {"base": [f"row {i} of some words" for i in range(n)]}
        return read_manifest(Dataset.from_dict({**base, **columns}), overrides, task=task)

    return make


@pytest.fixture
def column(read):
    """Return a column of values, as it is inferred, and its cells."""

    def make(values, name="x", **options):
        manifest = read({name: values}, **options)
        found = next(c for c in manifest.columns if c.name == name)
        return found, manifest.table[name][:]

    return make
