import pytest

from graphfuse.data import RelationSpec, StepSpec
from graphfuse.errors import InputError


@pytest.mark.parametrize(
    "given", ["scale", {"scale": None}, {"scale": {}}, StepSpec("scale")], ids=repr
)
def test_what_stands_for_a_spec(given):
    assert StepSpec.of(given) == StepSpec("scale", {})


@pytest.mark.parametrize(
    "given",
    [3, None, ["scale"], {}, {"scale": 1}, {"a": {}, "b": {}}, {3: {}}, RelationSpec("scale")],
    ids=repr,
)
def test_what_does_not(given):
    with pytest.raises(
        InputError, match=r"a step must be a name or \{name: \{option: value\}\}, got"
    ):
        StepSpec.of(given)
    with pytest.raises(InputError, match="the second step must be a name"):
        StepSpec.of(given, "the second step")
