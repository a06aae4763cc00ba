import pytest

from graphfuse._origin import ChangeRecord, Origin
from graphfuse.errors import InputError


def test_an_origin_is_plain_data_and_back():
    change = ChangeRecord("resample", "2 sounds resampled", {"rate": 8000}, 2, ("s0", "s1"))
    origin = Origin(
        {"a": {"name": "mels"}}, {"a": "m"}, 1, ("bad",), {"t": {"age": 0.5}}, (change,)
    )
    assert Origin.from_dict(origin.to_dict()) == origin
    assert origin["changes"][0]["options"] == {"rate": 8000}


def test_what_an_old_origin_lacks_is_empty():
    assert Origin.from_dict({"unreadable": 2}) == Origin(unreadable=2)


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ([], "origin: the content should be an object"),
        ({"changes": [{}]}, r"origin: changes\[0\].step is missing"),
        ({"unreadable": "many"}, "origin: unreadable should be an integer, got 'many'"),
        ({"encoders": {"a": 1}}, "origin: encoders.a should be an object, got 1"),
        ({"changes": 5}, "origin: changes should be a list, got 5"),
    ],
)
def test_a_wrong_type_is_named(plain, message):
    with pytest.raises(InputError, match=message):
        Origin.from_dict(plain)
