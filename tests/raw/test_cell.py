import pytest

from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw import Cell
from graphfuse.raw import cell as room


def raising(error):
    def read(kind, value, path):
        raise error

    return read


@pytest.mark.parametrize(
    "error", [KeyError("chunk"), RecursionError("deep"), MemoryError(), AttributeError("ndim")]
)
def test_whatever_a_reader_raises_is_an_error_that_names_the_cell(monkeypatch, error):
    monkeypatch.setattr(room, "read", raising(error))
    cell = Cell("image", b"bytes", where="sample 7, column 'photo'")
    with pytest.raises(InputError, match="sample 7, column 'photo': the image cannot be read: it"):
        cell.read()


def test_a_missing_package_stays_what_it_is(monkeypatch):
    monkeypatch.setattr(room, "read", raising(MissingDependencyError("av", "video", "films")))
    with pytest.raises(MissingDependencyError):
        Cell("video", b"bytes", where="sample 7").read()


def test_a_repair_that_fails_is_an_error_of_its_cell():
    class Broken:
        def item(self, item):
            raise ZeroDivisionError("no sound")

    with pytest.raises(InputError, match=r"row 3: the text cannot .*ZeroDivisionError: no sound"):
        Cell("text", "hello", where="row 3", repairs=(Broken(),)).read()
