import io
import pickle

import numpy as np
import pytest

from graphfuse.data.convert._measure_pickle import check_work
from graphfuse.data.convert._unpickle import unpickle
from graphfuse.errors import InputError

DOUBLED = b"\x80\x02)" + b"2\x86" * 60
"""A tuple that holds another one twice, and so on."""
REMEMBERED = b"\x80\x04)\x94" + b"".join(b"h%ch%c\x86\x94" % (n, n) for n in range(60))


@pytest.mark.parametrize(
    "content",
    [
        DOUBLED + b".",
        b"}" + DOUBLED + b"Ns.",  # as a key, which is hashed
        b"}" + REMEMBERED + b"Ns.",
        b"(" + DOUBLED + b"\x91.",  # in a frozenset
        b"]" + b"".join(b"q%c]h%ca" % (n, n) + b"h%ca" % n for n in range(60)) + b".",
        b"\x80\x02)" + b"\x85" * 200_000 + b".",  # deep: hashing it overflows the stack
        b"\x80\x02" + b"]" * 5000 + b"a" * 4999 + b".",
    ],
)
def test_small_files_that_stand_for_much_work_are_refused(content, tmp_path):
    path = tmp_path / "bomb.pkl"
    path.write_bytes(content)
    with pytest.raises(InputError, match="its containers are nested"):
        unpickle(path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_is_shared_or_long_is_not_refused(protocol):
    row = [0.5] * 1000
    content = {("key", n): [row, np.ones((2, 3)), "ä", b"\xff", {1, 2}] for n in range(1000)}
    data = pickle.dumps(content, protocol)
    check_work(io.BytesIO(data), len(data))


@pytest.mark.parametrize("content", [b"", b"\xff.", b"(", b"0.", b"h\x05.", b"\x86.", b"e."])
def test_damage_is_an_error_of_pickles(content):
    with pytest.raises((EOFError, LookupError, pickle.UnpicklingError, ValueError)):
        check_work(io.BytesIO(content), len(content))
