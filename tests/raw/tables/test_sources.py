import io
import json
import os

import datasets
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from datasets import Dataset, DatasetDict
from PIL import Image

from graphfuse.errors import InputError, MissingDependencyError, UnknownNameError
from graphfuse.raw import read_manifest

ROWS = {"id": ["007", "008"], "caption": ["a cat, asleep", "zwölf Boxkämpfer"], "label": ["x", "y"]}


def lines(delimiter):
    rows = zip(*([name, *values] for name, values in ROWS.items()), strict=True)
    return "\n".join(delimiter.join(f'"{c}"' if delimiter in c else c for c in r) for r in rows)


def contents(manifest):
    return {column.name: manifest.table[column.name][:] for column in manifest.columns}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(("delimiter", "name"), [(",", "a.csv"), (";", "a.csv"), ("\t", "a.tsv")])
def test_tables_of_text(table, encoding, delimiter, name):
    read = read_manifest(table(lines(delimiter), name, encoding))
    assert contents(read) == ROWS
    assert read.name == "a"


def test_json_lines_and_parquet(tmp_path):
    rows = [dict(zip(ROWS, row, strict=True)) for row in zip(*ROWS.values(), strict=True)]
    (tmp_path / "a.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n\n")
    pyarrow.parquet.write_table(pyarrow.table(ROWS), tmp_path / "a.parquet")
    for name in ("a.jsonl", "a.parquet"):
        assert contents(read_manifest(tmp_path / name)) == ROWS


@pytest.mark.parametrize("column", [["word one"] * 50, [b"image"] * 50])
def test_parquet_pages_that_do_not_match_their_checksum(tmp_path, monkeypatch, column):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    path = tmp_path / "a.parquet"
    table = pyarrow.table({"t": column, "n": [1.5] * 50, "label": ["x", "y"] * 25})
    pyarrow.parquet.write_table(
        table, path, write_page_checksum=True, compression="none", use_dictionary=False
    )
    read_manifest(path)
    page, changed = np.full(50, 1.5), np.full(50, 9.5)
    path.write_bytes(path.read_bytes().replace(page.tobytes(), changed.tobytes()))
    with pytest.raises(InputError, match="not a readable Parquet file"):
        read_manifest(path)


def test_json_lines_may_lack_columns_and_mix_types(tmp_path):
    (tmp_path / "a.jsonl").write_text(
        '{"t": "three words here", "n": 1, "label": 1}\n{"n": 2.5, "label": "b", "z": {"q": 1}}\n'
    )
    read = read_manifest(tmp_path / "a.jsonl")
    assert read.table["t"][:] == ["three words here", None]
    assert read.table["n"][:] == [1, 2.5]
    assert read.table["label"][:] == ["1", "b"]


def test_another_encoding_is_named_by_its_first_line_or_given(table):
    path = table(lines(","), encoding="cp1252")
    with pytest.raises(InputError, match=r"data\.csv is no UTF-8 in line 3 .*encoding='cp1252'"):
        read_manifest(path)
    assert contents(read_manifest(path, encoding="cp1252")) == ROWS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"data\.csv is empty, 0 bytes"),
        ("\n\n", "no header and no row"),
        ("a,label\n", "has columns .*, but no row"),
        ("a,a,label\n1,2,3\n", "more than one column called 'a'"),
        ("t,label\nx,1\ny\nz,1,2\n", "2 columns separated by ',', but line 3 has 1, line 4 has 3"),
        ("label,id\n1,a\n2,b\n", "no column of content"),
        ('t,label\n"x,1\n', "line 2: unexpected end of data; a double quote"),
    ],
)
def test_tables_that_cannot_be_used(table, text, message):
    with pytest.raises(InputError, match=message):
        read_manifest(table(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1}\n{"a": \n', "line 2 is not JSON"),
        ("[1]\n", "entry 1 of the list is not an object"),
        ("1\n", "line 1 is not an object"),
        ('{"a": 1, "a": 2}\n', "line 1 has more than one column called 'a'"),
        ('{"a": [1, "x"]}\n', "column 'a' holds values that a table cannot hold"),
        ('{"b": 1, "a": [[1], 2]}\n', "column 'a' holds values that a table cannot hold"),
        ('{"a": 99999999999999999999}\n', "column 'a' .* numbers up to 64 bits"),
    ],
)
def test_json_lines_that_cannot_be_used(table, text, message):
    with pytest.raises(InputError, match=message):
        read_manifest(table(text, "a.jsonl"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["a"]}, r"columns must be {name: kind}, got \['a'\]"),
        ({"encoding": 3}, "encoding must be a text, got 3"),
        ({"name": 3}, "name must be a text, got 3"),
        ({"root": 3}, "root must be a text, got 3"),
    ],
)
def test_options_of_another_type_are_named(table, options, message):
    with pytest.raises(InputError, match=message):
        read_manifest(table(lines(",")), **options)


def test_files_that_are_no_source(table, tmp_path):
    with pytest.raises(InputError, match="not a readable Parquet"):
        read_manifest(table("no parquet", "a.parquet"))
    with pytest.raises(InputError, match=r"ends in '\.docx'"):
        read_manifest(table("x", "a.docx"))
    table(lines(","))
    with pytest.raises(InputError, match=r"no file or folder .*data1\.csv; did you mean 'data"):
        read_manifest(tmp_path / "data1.csv")
    with pytest.raises(InputError, match=r"no file or folder nothing\.csv"):
        read_manifest("nothing.csv")
    with pytest.raises(InputError, match="a list of shards must hold paths of files, got"):
        read_manifest([1])
    with pytest.raises(InputError, match="limit must be an integer"):
        read_manifest(table(lines(",")), limit=0)


def test_absence_of_datasets_is_named(table, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(MissingDependencyError, match=r"graphfuse\[encoders\]"):
        read_manifest(table(lines(",")))


def test_cells_of_numbered_columns_and_lists_are_more_nodes(table, picture):
    picture("a.png"), picture("b.png")
    read = read_manifest(table("photo_10,photo_2,label\na.png,b.png,1\n,a.png;b.png,2\n,,3\n"))
    cells = read.cells("photo")
    assert [[cell.value for cell in own] for own in cells] == [
        ["b.png", "a.png"], ["a.png", "b.png"], [],
    ]  # fmt: skip
    assert all(cell.read().shape == (3, 4, 3) for own in cells for cell in own)
    assert read.cells("photo", [1])[0][0].where == "sample 1, column 'photo_2'"


def test_describe_shows_every_column(table):
    shown = read_manifest(table("id,photo,age,label\n1,a.png,,x\n2,,4,y\n")).describe()
    header, *rows = [line.split()[:4] for line in shown.splitlines()[1:]]
    assert header == ["column", "kind", "modality", "filled"]
    assert ["photo", "image", "photo", "1"] in rows
    assert ["age", "number", "table", "1"] in rows


def test_the_folder_that_paths_start_from_may_be_another(tmp_path, picture):
    picture()
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "a.csv").write_text("photo,label\nred.png,1\n")
    cell = read_manifest(tmp_path / "tables" / "a.csv", root=tmp_path).cells("photo")[0][0]
    assert cell.read().shape == (3, 4, 3)
    with pytest.raises(InputError, match="does not exist"):
        read_manifest(tmp_path / "tables" / "a.csv").cells("photo")[0][0].read()


def folder(tmp_path, names):
    root = tmp_path / "pets"
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(f"text of {name}")
    return root


def test_a_folder_of_class_folders(tmp_path):
    cats = ["cat/tom.png", "cat/tom.txt", "cat/old/tom.wav"]
    dogs = ["dog/rex.png", "dog/rex.jpg", "dog/.x.png", "dog/notes.docx"]
    read = read_manifest(folder(tmp_path, [*cats, *dogs, "readme.txt"]))
    assert dict(zip(read.ids, read.table["label"][:], strict=True)) == {
        "cat/tom": "cat", "cat/old/tom": "cat", "dog/rex": "dog",
    }  # fmt: skip
    assert sorted(read.modalities) == ["audio", "image", "text"]
    count = {m: dict(zip(read.ids, map(len, read.cells(m)), strict=True)) for m in read.modalities}
    assert count == {
        "audio": {"cat/tom": 0, "cat/old/tom": 1, "dog/rex": 0},
        "image": {"cat/tom": 1, "cat/old/tom": 0, "dog/rex": 2},
        "text": {"cat/tom": 1, "cat/old/tom": 0, "dog/rex": 0},
    }
    texts = [cell.read() for own in read.cells("text") for cell in own]
    assert texts == ["text of cat/tom.txt"]
    assert read.name == "pets"


def test_a_folder_says_in_the_log_what_it_leaves_out(tmp_path, caplog):
    read_manifest(folder(tmp_path, ["cat/a.png", "dog/b.png", "readme.txt", "dog/notes.docx"]))
    assert "1 files are left out: they lie outside the folders of classes" in caplog.text
    assert "they end in '.docx'" in caplog.text


def test_a_folder_with_a_leading_underscore_is_left_out_with_a_warning(tmp_path, caplog):
    names = ["train/cat/a.png", "train/_noise_/b.png", "val/dog/c.png", "__MACOSX/cat/a.png"]
    read = read_manifest(folder(tmp_path, names))
    assert read.table["label"][:] == ["cat", "dog"]
    assert read.table["split"][:] == ["train", "validation"]
    for name in ("train/_noise_", "__MACOSX"):
        assert f"{name} is left out: its name begins with '_'" in caplog.text


def test_a_lone_surrogate_is_reported_and_loses_nothing_else(tmp_path, caplog):
    lines = [r'{"t": "a \ud83d\ude00 b"}', r'{"t": "c \ud83d d"}', r'{"t": "\\ud83d"}']
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    read = read_manifest(tmp_path / "a.jsonl", {"t": "text"})
    assert read.table["t"][:] == ["a \U0001f600 b", "c \ufffd d", r"\ud83d"]
    assert "1 row holds half a character (a lone surrogate), the first is row 2" in caplog.text


@pytest.mark.parametrize("depth", [200, 700, 100_000])
def test_lists_in_lists_without_end_are_an_error(tmp_path, depth):
    deep = "[" * depth + "]" * depth
    (tmp_path / "a.jsonl").write_text(f'{{"t": {deep}, "label": 1}}')
    with pytest.raises(
        InputError, match=r"line 1 is not JSON|column 't' holds values that a table cannot"
    ):
        read_manifest(tmp_path / "a.jsonl")
    (tmp_path / "a.csv").write_text(f"t,label\n{deep},1\n")
    if depth > 10_000:  # too deep for JSON: a text
        assert len(read_manifest(tmp_path / "a.csv")) == 1


def test_a_folder_that_is_a_link_is_named_in_the_log(tmp_path, caplog):
    root = folder(tmp_path, ["cat/a.png"])
    (root / "dog").symlink_to(root / "cat")
    assert read_manifest(root).table["label"][:] == ["cat"]
    assert "dog is a link to a folder, and left out" in caplog.text


def test_a_class_that_cannot_be_read_is_not_passed_over(tmp_path, monkeypatch):
    root, scandir = folder(tmp_path, ["cat/a.png", "dog/b.png"]), os.scandir

    def denied(path):
        if str(path).endswith("dog"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(InputError, match=r"pets/dog cannot be read: Permission denied"):
        read_manifest(root)


def test_parts_above_the_classes_are_splits(tmp_path):
    read = read_manifest(folder(tmp_path, ["train/cat/a.png", "val/cat/b.png", "test/dog/c.png"]))
    assert read.table["label"][:] == ["dog", "cat", "cat"]
    assert read.table["split"][:] == ["test", "train", "validation"]


@pytest.mark.parametrize("names", [["a.png"], ["cat/a.docx"], ["train/a.png"]])
def test_a_folder_without_samples(tmp_path, names):
    with pytest.raises(InputError, match="holds no samples"):
        read_manifest(folder(tmp_path, names))


def png(colour):
    stream = io.BytesIO()
    Image.new("RGB", (2, 2), colour).save(stream, "PNG")
    return stream.getvalue()


def test_a_dataset_of_pictures_and_classes():
    table = Dataset.from_dict(
        {
            "image": [{"bytes": png("red"), "path": None}, None],
            "several": [[{"bytes": png("blue"), "path": "x.png"}], []],
            "label": [1, 0],
            "seen in": [[0, 1], None],
        }
    )
    features = datasets.Features(
        image=datasets.Image(),
        several=datasets.List(datasets.Image()),
        label=datasets.ClassLabel(names=["cat", "dog"]),
    )
    features["seen in"] = datasets.List(datasets.ClassLabel(names=["day", "night"]))
    read = read_manifest(table.cast(features), {"seen in": "label"})
    assert read.table["label"][:] == ["dog", "cat"]
    assert read.table["seen in"][:] == [["day", "night"], None]
    assert [len(own) for own in read.cells("image")] == [1, 0]
    assert read.cells("image")[0][0].read()[0, 0].tolist() == [255, 0, 0]
    assert read.cells("several")[0][0].read()[0, 0].tolist() == [0, 0, 255]


def test_the_bytes_of_pictures_are_not_copied():
    images = [{"bytes": bytes([i]) * 100_000, "path": None} for i in range(20)]
    table = Dataset.from_dict({"image": images, "label": ["cat", "dog"] * 10})
    table = table.cast_column("image", datasets.Image())
    before = pyarrow.total_allocated_bytes()
    read = read_manifest(table)
    assert pyarrow.total_allocated_bytes() - before < 1_000_000 < 2_000_000 < read.table.data.nbytes


def test_a_dataset_whose_pictures_are_files(tmp_path, picture):
    paths = [str(tmp_path / picture(name)) for name in ("a.png", "b.png")]
    table = Dataset.from_dict({"image": paths, "label": [0, 1]}).cast_column(
        "image", datasets.Image()
    )
    read = read_manifest(table)
    assert read.root == tmp_path.resolve()
    assert all(own[0].read().shape == (3, 4, 3) for own in read.cells("image"))


def test_data_from_files_do_not_say_which_files_may_be_read(tmp_path, picture, monkeypatch):
    secret = str(tmp_path / picture("secret.png"))
    table = Dataset.from_dict({"image": [secret, secret], "label": [0, 1]}).cast_column(
        "image", datasets.Image()
    )
    table.to_parquet(tmp_path / "repo" / "train.parquet")
    loaded = datasets.load_dataset(str(tmp_path / "repo"), cache_dir=str(tmp_path / "cache"))
    monkeypatch.setattr(datasets, "load_dataset", lambda name, split: table)
    for source in (loaded, loaded["train"], "someone/pets"):
        cell = read_manifest(source).cells("image")[0][0]
        with pytest.raises(InputError, match=r"has no folder; .* root="):
            cell.read()
        assert read_manifest(source, root=tmp_path).cells("image")[0][0].read().shape == (3, 4, 3)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path)
    assert read_manifest("someone/pets").cells("image")[0][0].read().shape == (3, 4, 3)


def test_the_parts_of_a_dataset_are_splits():
    part = Dataset.from_dict({"t": ["a b c d"] * 20, "id": range(20), "label": [0, 1] * 10})
    both = DatasetDict({"train": part, "valid": part.select([0])})
    read = read_manifest(both)
    assert read.table["split"][:] == ["train"] * 20 + ["validation"]
    assert list(read.ids[-2:]) == ["19", "0 (2)"]
    assert len(read_manifest(both, split="valid")) == 1
    with pytest.raises(UnknownNameError, match="unknown split 'test'"):
        read_manifest(both, split="test")
    with pytest.raises(InputError, match="choose one with split="):
        read_manifest(DatasetDict({"train": part, "extra": part}))


def test_a_name_on_the_hub(monkeypatch):
    asked = []

    def load(name, **options):
        asked.append((name, options))
        return DatasetDict({"train": Dataset.from_dict(ROWS)})

    monkeypatch.setattr(datasets, "load_dataset", load)
    assert contents(read_manifest("someone/pets")) == ROWS
    assert asked == [("someone/pets", {"split": None})]  # no code of the data set is trusted


def test_of_the_hub_only_so_many_rows_are_fetched(monkeypatch):
    fetched = []

    def rows():
        for i in range(1000):
            fetched.append(i)
            yield {"caption": f"the sentence number {i}", "label": i % 2}

    stream = datasets.IterableDataset.from_generator(rows)
    monkeypatch.setattr(datasets, "load_dataset", lambda name, split, streaming: {"train": stream})
    assert len(read_manifest("someone/pets", limit=5)) == 5
    assert len(fetched) < 20


def test_what_neither_the_disk_nor_the_hub_has():
    with pytest.raises(
        InputError, match="'someone/nothing' is neither a file or folder here nor a dataset"
    ):
        read_manifest("someone/nothing")


def test_limit(table):
    assert len(read_manifest(table(lines(",")), limit=1)) == 1


def test_numbers_reach_the_cells(table):
    read = read_manifest(table("age,sex,label\n3,f,1\n,,2\n4,,1\n5,f,2\n"))
    assert [[cell.read() for cell in own] for own in read.cells("table")] == [
        [{"age": 3.0, "sex": "f"}], [], [{"age": 4.0, "sex": None}], [{"age": 5.0, "sex": "f"}],
    ]  # fmt: skip
    assert np.array_equal(read.role("label"), [1, 2, 1, 2])


@pytest.mark.parametrize("given", ["./pets", ".pets", "pets/train.csv", "my pets", "a/b/c"])
def test_a_path_that_does_not_exist_is_not_looked_for_on_the_hub(given, monkeypatch):
    monkeypatch.setattr(datasets, "load_dataset", None)
    with pytest.raises(InputError, match="there is no file or folder"):
        read_manifest(given)
