import numpy as np
import pytest

from graphfuse.errors import InputError
from graphfuse.raw import Cell


def read(folder, name):
    return Cell("series", name, folder).read()


def test_a_table_is_sorted_by_its_time(tmp_path):
    (tmp_path / "a.csv").write_text("x;Time;y\n1.0;0.5;2\n3;0.25;\n")
    series = read(tmp_path, "a.csv")
    assert series.times.tolist() == [0.25, 0.5]
    assert np.array_equal(series.values, [[3, np.nan], [1, 2]], equal_nan=True)
    assert series.values.dtype == np.float64


def test_large_values_that_differ_little_stay_different(tmp_path):
    given = [1_700_000_000 + step for step in (-50, 0, 50)]
    (tmp_path / "a.csv").write_text("x\n" + "\n".join(map(str, given)))
    np.save(tmp_path / "b.npy", np.array(given))
    assert Cell("series", given).read().values.flatten().tolist() == given
    for name in ("a.csv", "b.npy"):
        assert read(tmp_path, name).values.flatten().tolist() == given


def test_rows_without_a_time_are_numbered(tmp_path):
    (tmp_path / "a.tsv").write_text("x\ty\n1\t2\n3\t4\n")
    (tmp_path / "b.csv").write_text("1,2\n3,4\n")  # no header
    np.save(tmp_path / "c.npy", np.array([[1, 2], [3, 4]]))
    for name in ("a.tsv", "b.csv", "c.npy"):
        series = read(tmp_path, name)
        assert series.values.tolist() == [[1, 2], [3, 4]]
        assert series.times.tolist() == [0, 1]


def test_a_list_is_a_series():
    assert Cell("series", [1, None, 3]).read().values.shape == (3, 1)
    assert Cell("series", [[1, 2], [3, 4], [5, 6]]).read().values.shape == (3, 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([[1, 2], [3]], "lists of equally many"),
        (["a"], "list of numbers"),
        ([], "got shape"),
        ([1.0, float("inf")], "infinite values, the first in row 1"),
        ([[[1]]], r"got shape \[1, 1, 1\]"),
    ],
)
def test_lists_that_are_no_series(given, message):
    with pytest.raises(InputError, match=message):
        Cell("series", given).read()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,two\n", r"a\.csv, column 'y', row 0: 'two' is not a number"),
        ("time,x\n,1\n", "has no number in the column of times, 'time'"),
        ("time\n1\n", "times but no values"),
        ("x,y\n1\n", "line 2 has 1"),
        ("x,y\n", r"got shape \[0, 2\]"),
    ],
)
def test_tables_that_are_no_series(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read(tmp_path, "a.csv")


def test_no_pickle_is_read(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="file of numbers"):
        read(tmp_path, "a.npy")


def test_a_header_that_lies_about_the_size_takes_no_memory(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(9))
    content = (tmp_path / "a.npy").read_bytes()
    size = b"9000000000000"
    lie = content.replace(b"(9,), }" + b" " * (len(size) - 1), b"(" + size + b",), }")
    assert len(lie) == len(content)
    assert lie != content
    (tmp_path / "a.npy").write_bytes(lie)
    with pytest.raises(InputError, match=r"a\.npy is not a readable"):
        read(tmp_path, "a.npy")


def test_a_series_with_decimal_commas(tmp_path):
    (tmp_path / "a.csv").write_text("sep=;\nt;x\n0;1,5\n1;2,25\n")
    assert read(tmp_path, "a.csv").values.tolist() == [[1.5], [2.25]]  # t is the time


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (3,",  # no end: TokenError
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000,), }",
        b"{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
        b"{'descr': ['<f8'], 'fortran_order': False, 'shape': (3,), }",
        b"((((((((((((((((((",
        b"",
    ],
)
def test_a_damaged_npy_header_is_an_error(tmp_path, header):
    padded = header.ljust(118) + b"\n"
    start = b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little")
    (tmp_path / "a.npy").write_bytes(start + padded + bytes(24))
    with pytest.raises(InputError, match=r"a\.npy is not a readable \.npy file of numbers"):
        read(tmp_path, "a.npy")


def test_an_archive_called_npy_is_an_error(tmp_path):
    with (tmp_path / "a.npy").open("wb") as file:
        np.savez(file, x=np.ones(3))
    with pytest.raises(InputError, match=r"a\.npy is not a readable \.npy file"):
        read(tmp_path, "a.npy")


def test_a_series_of_too_many_values_is_refused(tmp_path):
    file = np.lib.format.open_memmap(tmp_path / "a.npy", "w+", dtype="u1", shape=(2**28 + 1,))
    file.flush()  # a file with a hole, which takes no room on the disk
    with pytest.raises(InputError, match=r"a\.npy has 268435457 values, more than"):
        read(tmp_path, "a.npy")
