import os

import numpy as np
import pytest

from graphfuse.data.files import decode
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw import Cell
from graphfuse.raw.readers.paths import locate


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "data"
    (root / "images").mkdir(parents=True)
    (root / "images" / "Cat.png").write_bytes(b"cat")
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "data-more").mkdir()
    (tmp_path / "data-more" / "x.png").write_bytes(b"x")
    return root


def test_a_path_starts_from_the_folder(folder):
    inside = folder / "images" / "Cat.png"
    assert locate("images/Cat.png", folder) == inside
    assert locate("./images/../images/Cat.png", folder) == inside
    assert locate(str(inside), folder) == inside
    assert locate("images\\Cat.png", folder) == inside


@pytest.mark.parametrize(
    "given", ["../secret.png", "images/../../secret.png", "../data-more/x.png"]
)
def test_a_path_never_leaves_the_folder(folder, given):
    with pytest.raises(InputError, match=r"leads out of the folder .*give root="):
        locate(given, folder)
    with pytest.raises(InputError, match="leads out of the folder"):
        locate(str((folder / given).resolve()), folder)


def test_a_link_never_leads_out_of_the_folder(folder, tmp_path):
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "up").symlink_to(tmp_path)
    (folder / "same.png").symlink_to(folder / "images" / "Cat.png")
    for given in ("link.png", "up/secret.png"):
        with pytest.raises(InputError, match=r"secret\.png; move the file"):
            locate(given, folder)
    assert locate("same.png", folder).name == "Cat.png"


def test_a_folder_that_is_a_link_itself_is_fine(folder, tmp_path):
    (tmp_path / "alias").symlink_to(folder)
    assert locate("images/Cat.png", tmp_path / "alias").name == "Cat.png"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("images/cat.png", "does not exist .* 'Cat.png': capital and small letters differ"),
        ("images/Cat.jpg", "did you mean 'Cat.png'"),
        ("pictures/Cat.png", "no folder 'pictures'"),
        ("images", "is a folder, not a file in the folder [^;]*$"),
        ("https://example.org/Cat.png", "is a URL"),
        ("a\0b.png", "not the path of a file"),
        ("a" * 5000, "not the path of a file|does not exist"),
    ],
)
def test_what_is_no_file_is_named(folder, given, message):
    with pytest.raises(InputError, match=message):
        locate(given, folder)


def test_what_is_no_regular_file_is_not_opened(folder):
    os.mkfifo(folder / "pipe.png")
    with pytest.raises(InputError, match="does not exist"):
        locate("pipe.png", folder)


@pytest.mark.parametrize("kind", ["image", "audio", "series"])
def test_a_file_larger_than_any_memory_is_not_read(folder, kind):
    with (folder / "large.csv").open("wb") as file:
        file.truncate(200 * 2**30)  # of holes, which take no place on the disk
    for what in (Cell(kind, "large.csv", folder).read, Cell(kind, "large.csv", folder).digest):
        with pytest.raises(InputError, match=r"large\.csv has 200\.0 GiB, more than 4"):
            what()


def test_a_path_without_a_folder_is_refused():
    with pytest.raises(InputError, match="give one with root="):
        locate("a.png", None)


def test_an_empty_file_is_named_with_its_place(folder):
    (folder / "empty.png").write_bytes(b"")
    cell = Cell("image", "empty.png", folder, "sample 7, column 'photo'")
    for use in (cell.read, cell.digest):
        with pytest.raises(InputError, match=r"^sample 7, column 'photo': empty\.png is empty"):
            use()


def test_digest_is_that_of_the_content_whatever_its_name(folder):
    (folder / "copy.png").write_bytes(b"cat")
    cells = [
        Cell("image", "copy.png", folder),
        Cell("image", "images/Cat.png", folder),
        Cell("image", b"cat"),
    ]
    assert len({cell.digest() for cell in cells}) == 1


def test_text_is_read_from_the_cell_or_its_file(folder):
    (folder / "a.txt").write_text("\ufeffgrüße\n", encoding="utf-8")
    (folder / "b.txt").write_text("grüße\n", encoding="utf-16")
    assert Cell("text", "a.txt", folder).read() == "a.txt"
    for name in ("a.txt", "b.txt"):
        assert Cell("text", folder / name, folder).read() == "grüße\n"


def test_undecodable_text_is_named_by_line():
    latin = "plain\ngrüße\n".encode("latin-1")
    with pytest.raises(
        InputError, match=r"a\.txt is no UTF-8 in line 2 \(byte 0xfc\); save it as UTF-8$"
    ):
        decode(latin, "a.txt")
    with pytest.raises(InputError, match="in line 2"):
        decode(b"\xef\xbb\xbf" + latin, "a.txt")
    assert decode(latin, "a.txt", "latin-1") == "plain\ngrüße\n"
    with pytest.raises(InputError, match="no encoding is called 'latin-99'"):
        decode(latin, "a.txt", "latin-99")
    with pytest.raises(InputError, match="UTF-16 without"):
        decode("plain".encode("utf-16-le"), "a.txt")
    with pytest.raises(InputError, match="no UTF-16"):
        decode("plain".encode("utf-16")[:-1], "a.txt")


def test_a_row_holds_numbers_categories_and_gaps():
    row = Cell("table", {"age": 3, "colour": "red", "height": None, "old": True}).read()
    assert row == {"age": 3.0, "colour": "red", "height": None, "old": "true"}


def test_a_cell_of_another_kind_or_value_is_refused():
    with pytest.raises(UnknownNameError, match="'picture'"):
        Cell("picture", b"x").read()
    with pytest.raises(InputError, match="holds a path or bytes, got float"):
        Cell("image", 1.5).read()
    with pytest.raises(InputError, match="the audio is empty"):
        Cell("audio", b"").read()


def test_bytes_are_read_without_a_folder(picture, tmp_path):
    content = (tmp_path / picture()).read_bytes()
    assert np.array_equal(Cell("image", content).read()[0, 0], [200, 10, 20])
