"""Formats in which people hold raw samples: Excel, JSON lists, zip archives; files of features."""

import io
import json
import stat
import sys
import zipfile

import pandas as pd
import pytest
from PIL import Image

from graphfuse.errors import InputError, MissingDependencyError
from graphfuse.raw import facts, read_manifest
from graphfuse.raw.tables import archive

ROWS = [
    {"id": "007", "said": "a cat, asleep", "age": 3, "label": "x"},
    {"id": "008", "said": "zwölf Boxkämpfer", "age": 2.5, "label": "y"},
    {"id": "009", "said": "a dog is here", "age": None, "label": "y"},
]


def png(colour="red"):
    stream = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "hf-cache")


def check_rows(manifest):
    assert [(c.name, c.kind) for c in manifest.columns] == [
        ("id", "id"),
        ("said", "text"),
        ("age", "number"),
        ("label", "label"),
    ]
    assert manifest.ids.tolist() == ["007", "008", "009"]
    assert manifest.table["said"][:] == [row["said"] for row in ROWS]
    assert manifest.table["age"][:2] == [3, 2.5]
    assert facts(manifest).y.tolist() == ["x", "y", "y"]


def test_a_workbook_of_excel(tmp_path, caplog):
    path = tmp_path / "pets.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame(ROWS).to_excel(book, sheet_name="pets", index=False, startrow=2, startcol=1)
        pd.DataFrame({"a": [1]}).to_excel(book, sheet_name="other", index=False)
    manifest = read_manifest(path)
    check_rows(manifest)
    assert manifest.name == "pets"
    assert "pets.xlsx has 2 sheets, of which the first, 'pets', is read" in caplog.text


def test_empty_rows_of_a_workbook_are_left_out_and_counted(tmp_path, caplog):
    rows = pd.DataFrame(ROWS)
    empty = pd.DataFrame([dict.fromkeys(rows)] * 2)
    both = pd.concat([rows[:1], empty, rows[1:]])
    both.to_excel(tmp_path / "pets.xlsx", index=False, startrow=2)
    check_rows(read_manifest(tmp_path / "pets.xlsx"))
    assert "pets.xlsx: 2 rows in which all cells are empty are left out" in caplog.text


def test_dates_and_names_of_classes_in_excel_stay_what_they_are(tmp_path):
    days = [pd.Timestamp("2024-01-31"), pd.Timestamp("2024-02-01 12:30"), None]
    frame = pd.DataFrame({"day": days, "said": ["NA", "null", "a"], "label": [True, False, True]})
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    table = read_manifest(tmp_path / "a.xlsx", {"day": "skip", "said": "text"}).table
    assert table["day"][:] == ["2024-01-31", "2024-02-01 12:30:00", None]
    assert table["said"][:] == ["NA", "null", "a"]


def test_workbooks_that_cannot_be_read(tmp_path, monkeypatch):
    (tmp_path / "a.xlsx").write_bytes(b"no workbook")
    with pytest.raises(InputError, match=r"a\.xlsx is not a readable workbook: .*; save it as CSV"):
        read_manifest(tmp_path / "a.xlsx")
    pd.DataFrame().to_excel(tmp_path / "b.xlsx", index=False)
    with pytest.raises(InputError, match=r"b\.xlsx is empty"):
        read_manifest(tmp_path / "b.xlsx")
    pd.DataFrame([["a", "a"], [1, 2]]).to_excel(tmp_path / "c.xlsx", index=False, header=False)
    with pytest.raises(InputError, match=r"c\.xlsx has more than one column called 'a'"):
        read_manifest(tmp_path / "c.xlsx")
    with zipfile.ZipFile(tmp_path / "d.xlsx", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("xl/workbook.xml", bytes(10**6))
    monkeypatch.setattr("graphfuse.raw.tables.excel.MOST_BYTES", 10**5)
    with pytest.raises(InputError, match=r"d\.xlsx has .* GiB once unpacked"):
        read_manifest(tmp_path / "d.xlsx")
    (tmp_path / "old.xls").write_bytes(b"x")
    with pytest.raises(InputError, match=r"Excel 2003; save it as \.xlsx"):
        read_manifest(tmp_path / "old.xls")


def test_the_package_that_reads_workbooks_is_named(tmp_path, monkeypatch):
    pd.DataFrame(ROWS).to_excel(tmp_path / "a.xlsx", index=False)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingDependencyError, match=r"graphfuse\[excel\]"):
        read_manifest(tmp_path / "a.xlsx")


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_json_file_that_holds_a_list_of_objects(tmp_path, indent, name):
    (tmp_path / name).write_text(json.dumps(ROWS, indent=indent))
    check_rows(read_manifest(tmp_path / name))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1}, 2]', r"a\.json: entry 2 of the list is not an object .*'2'"),
        ('[{"a": 1},\n {"a": 2}', r"a\.json is not JSON: .*one list of objects"),
        ('{"rows": [{"a": 1}]}', "object with the rows under 'rows'; save this list alone"),
        ('{\n"rows": [\n{"a": 1}]}', "object with the rows under 'rows'; save this list alone"),
        ('[{"a": 1, "a": 2}]', "more than one column called 'a'"),
        ("[" * 100_000, r"a\.json is not JSON"),
        ("[]", "no row|no column"),
    ],
)
def test_json_that_holds_no_rows(tmp_path, text, message):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=message):
        read_manifest(tmp_path / "a.json")


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def test_an_archive_of_class_folders(tmp_path):
    files = {f"pets/{c}/{i}.png": png() for c in ("cat", "dog") for i in range(3)}
    files |= {"__MACOSX/pets/._x": b"x", "pets/.DS_Store": b"x", "pets/cat/0.txt": "a cat"}
    manifest = read_manifest(zipped(tmp_path / "pets.zip", files))
    assert (manifest.name, len(manifest), sorted(manifest.modalities)) == (
        "pets",
        6,
        ["image", "text"],
    )
    assert manifest.cells("image")[0][0].read().shape == (4, 4, 3)
    again = read_manifest(tmp_path / "pets.zip")
    assert again.root == manifest.root


def test_an_archive_of_a_table_and_its_files(tmp_path):
    rows = "".join(f"img/{i}.png,{i % 2}\n" for i in range(4))
    files = {"a.csv": "photo,label\n" + rows, "README.txt": "hello"}
    files |= {f"img/{i}.png": png() for i in range(4)}
    manifest = read_manifest(zipped(tmp_path / "a.zip", files))
    assert manifest.kind("photo") == "image"
    assert manifest.cells("photo")[3][0].read().shape == (4, 4, 3)


@pytest.mark.parametrize(
    "name", ["../x.csv", "/etc/x.csv", "a/../../x.csv", "C:/x.csv", "a\\x.csv"]
)
def test_an_archive_writes_nothing_outside(tmp_path, name):
    zipped(tmp_path / "a.zip", {"a.csv": "t,label\na b,1\n", name: "x"})
    content = (tmp_path / "a.zip").read_bytes().replace(b"a/x.csv", b"a\\x.csv")
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(InputError, match="outside of the archive"):
        read_manifest(tmp_path / "a.zip")
    assert not list(tmp_path.rglob("x.csv"))


def test_links_in_an_archive_are_left_out(tmp_path, caplog):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for c in "cd":
            file.writestr(f"{c}/0.png", png())
        link = zipfile.ZipInfo("c/1.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(link, "/etc/passwd")
    assert len(read_manifest(tmp_path / "a.zip")) == 2
    assert "1 links are left out" in caplog.text


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    zipped(tmp_path / "a.zip", {"c/0.txt": bytes(10**7), "d/0.txt": "a"})
    monkeypatch.setattr(archive, "HARMLESS", 10**6)
    with pytest.raises(InputError, match=r"from \d+ to 10000001 bytes, .*decompression bomb"):
        read_manifest(tmp_path / "a.zip")
    monkeypatch.setattr(archive, "HARMLESS", 2**30)
    monkeypatch.setattr(archive, "MOST_FILES", 1)
    with pytest.raises(InputError, match="holds 2 files, more than 1"):
        read_manifest(tmp_path / "a.zip")


def test_an_entry_is_never_larger_than_it_announces(tmp_path):
    path = zipped(tmp_path / "a.zip", {"a.csv": "t,label\n" + "a b c,1\n" * 1000})
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x01\x02") + 24  # the announced size in the directory
    content[place : place + 4] = (10).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(InputError):
        read_manifest(path)
    assert not list((tmp_path / "hf-cache").rglob("*.csv"))


def test_damaged_encrypted_and_too_large_archives(tmp_path, monkeypatch):
    (tmp_path / "a.zip").write_bytes(b"no archive")
    with pytest.raises(InputError, match=r"a\.zip is not a readable zip archive"):
        read_manifest(tmp_path / "a.zip")
    path = zipped(tmp_path / "b.zip", {"a.csv": "t,label\na b,1\n"})
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"b\.zip is encrypted"):
        read_manifest(path)
    zipped(tmp_path / "c.zip", {"a.csv": "t,label\na b,1\n"})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: type("Usage", (), {"free": 3}))
    with pytest.raises(InputError, match=r"has room for 0\.0; make room"):
        read_manifest(tmp_path / "c.zip")


@pytest.mark.parametrize("name", ["a.pkl", "a.pickle", "a.pt", "a.h5"])
def test_files_of_features_name_the_command_that_reads_them(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InputError, match=rf"with: graphfuse convert .*{name} a$"):
        read_manifest(tmp_path / name)


def test_a_shard_without_rows_is_left_out(tmp_path, caplog):
    (tmp_path / "train-0.csv").write_text(
        "said,n,label\nsome words here,1,x\nmore words here,2,y\n"
    )
    (tmp_path / "train-1.csv").write_text("said,n,label\n")
    (tmp_path / "test.csv").write_text("said,n,label\nother words here,3,x\n")
    manifest = read_manifest(tmp_path)
    assert facts(manifest).splits.tolist() == ["test", "train", "train"]
    assert "1 of 3 shards have no row: train-1.csv" in caplog.text


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_shards_without_rows_of_other_formats(tmp_path, form):
    frame = pd.DataFrame({"said": ["some words here"], "n": [1.5], "label": ["x"]})
    for i, own in enumerate((frame, frame[:0], frame.assign(n=2))):
        if form == "parquet":
            own.to_parquet(tmp_path / f"{i}.parquet")
        else:
            own.to_json(tmp_path / f"{i}.jsonl", orient="records", lines=True)
            if not len(own):
                (tmp_path / f"{i}.jsonl").write_text("\n")
    assert len(read_manifest(tmp_path)) == 2


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_shards_without_a_byte_have_no_row(tmp_path, caplog, form):
    frame = pd.DataFrame({"said": ["some words here"], "n": [1.5], "label": ["x"]})
    (tmp_path / f"0.{form}").write_text("")
    if form == "csv":
        frame.to_csv(tmp_path / "1.csv", index=False)
    else:
        frame.to_json(tmp_path / "1.jsonl", orient="records", lines=True)
    assert len(read_manifest(tmp_path)) == 1
    assert f"1 of 2 shards have no row: 0.{form}" in caplog.text
    (tmp_path / f"1.{form}").write_text("")
    with pytest.raises(InputError, match="all 2 shards are empty, 0 bytes"):
        read_manifest(tmp_path)


def test_shards_that_are_all_empty_are_an_error(tmp_path):
    for i in range(2):
        (tmp_path / f"{i}.csv").write_text("said,label\n")
    with pytest.raises(InputError, match="but no row"):
        read_manifest(tmp_path)
