import io
import os

os.environ["HF_HUB_OFFLINE"] = "1"

import datasets
import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from datasets import Dataset, IterableDataset, IterableDatasetDict
from PIL import Image

from graphfuse.errors import InputError
from graphfuse.loading import is_raw, load_dataset, read_raw
from graphfuse.raw import read_manifest

NAMES = ("train-00000-of-00002", "train-00001-of-00002", "test-00000-of-00001")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "hf")
    return tmp_path / "hf" / "graphfuse"


def picture(shade):
    content = io.BytesIO()
    Image.new("L", (4, 4), shade).save(content, "BMP")
    return content.getvalue()


@pytest.fixture
def write(tmp_path):
    """Return a function that writes shards, rows 0 and 1 into the first and so on."""

    def write(suffix, change=lambda shard, columns: columns, names=NAMES):
        folder = tmp_path / "shards"
        folder.mkdir(exist_ok=True)
        for shard, name in enumerate(names):
            rows = [2 * shard, 2 * shard + 1]
            columns = {
                "id": [f"00{i}" for i in rows],
                "caption": [f"this is row {i}" for i in rows],
            }
            table = Dataset.from_dict(change(shard, {**columns, "label": ["cat", "dog"]}))
            file = str(folder / (name + suffix))
            if suffix == ".parquet":
                pyarrow.parquet.write_table(table.data.table, file, compression="none")
            else:
                table.to_json(file) if suffix == ".jsonl" else table.to_csv(file)
        return folder

    return write


@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_a_folder_a_pattern_and_a_list_are_one_table(write, suffix):
    folder = write(suffix)
    listed = [folder / (name + suffix) for name in NAMES]
    for source in (
        folder,
        str(folder / f"*{suffix}"),
        folder / "t*",
        listed,
        list(map(str, listed)),
    ):
        assert is_raw(source)
        read = read_raw(source)
        assert sorted(read.ids) == ["000", "001", "002", "003", "004", "005"]
        parts = dict(zip(read.ids, read.role("split"), strict=True))
        assert [parts[f"00{i}"] for i in range(6)] == ["train"] * 4 + ["test"] * 2
        assert (read.root, read.name) == (folder, "shards")
    assert list(read.ids) == sorted(read.ids)  # a list stays in its order


def test_no_part_is_inferred_from_names_of_one_part_or_beside_a_column(write):
    folder = write(".csv")
    assert read_manifest(folder / "train*").role("split") is None
    write(".csv", lambda shard, columns: {**columns, "part": [["train", "test"][shard == 0]] * 2})
    assert list(read_manifest(folder).role("split")) == ["train"] * 2 + ["test"] * 2 + ["train"] * 2
    write(".csv", lambda shard, columns: {**columns, "half": ["validation", "test"]})
    read = read_manifest(folder, {"half": "split"})
    assert list(read.role("split")) == ["validation", "test"] * 3
    plain = write(".csv", names=("train-0", "more"))
    assert read_manifest([plain / "train-0.csv", plain / "more.csv"]).role("split") is None


def test_pictures_in_parquet_stay_on_disk_and_are_copied_once(write, cache):
    def change(shard, columns):
        return {**columns, "photo": [picture(shard), picture(100)]}

    folder = write(".parquet", change)
    sizes = [file.stat().st_size for file in folder.iterdir()]
    read = read_manifest(folder)
    copies = {file.name: file.stat().st_mtime_ns for file in cache.iterdir()}
    assert len(copies) == 3
    assert {file["filename"] for file in read.table.cache_files} == {str(cache / f) for f in copies}
    contents = [cells[0].value for cells in read.cells("photo")]
    assert contents == [picture(shade) for shade in (2, 100, 0, 100, 1, 100)]
    again = read_manifest(folder / "*.parquet")
    assert {file.name: file.stat().st_mtime_ns for file in cache.iterdir()} == copies
    assert [cells[0].value for cells in again.cells("photo")] == contents
    write(
        ".parquet", lambda shard, columns: {**columns, "photo": [picture(shard + 3), picture(100)]}
    )
    assert [file.stat().st_size for file in folder.iterdir()] == sizes
    assert read_manifest(folder).cells("photo", [0])[0][0].value == picture(5)


def test_paths_start_from_the_folder_of_the_shards(write):
    folder = write(".csv", lambda shard, columns: {**columns, "photo": [f"{shard}.png", "no.png"]})
    for shard in range(3):
        (folder / f"{shard}.png").write_bytes(picture(shard))
    for source in (folder, folder / "*.csv"):
        assert read_manifest(source).cells("photo", [0])[0][0].read().shape == (4, 4, 3)
    (folder / "more").mkdir()
    (folder / "train-00000-of-00002.csv").rename(folder / "more" / "train-00000-of-00002.csv")
    apart = [folder / "more" / "train-00000-of-00002.csv", folder / "test-00000-of-00001.csv"]
    with pytest.raises(InputError, match=r"has no folder; .* root="):
        read_manifest(apart).cells("photo")[0][0].read()
    assert read_manifest(folder / "*" / "*.csv").root == folder
    assert list(read_manifest(folder).role("label")) == ["more"]  # a folder in it is a class


@pytest.mark.parametrize(
    ("suffix", "change", "message"),
    [
        (".csv", lambda s, c: {**c, f"x{s}": ["", ""]},
         r"\['x0', 'x2'\] are only in one of .*test-00000.* and .*train-00000"),
        (".jsonl", lambda s, c: {**c, "x": [[1, 2], ["a", "b"]][s > 0]}, "column 'x' is "),
        (".parquet", lambda s, c: {**c, "x": [[1, 2], ["a", "b"]][s > 0]},
         r"column 'x' is .*string.*test.* but .*int64.*train-00000.*one type"),
    ],
)  # fmt: skip
def test_shards_with_other_columns_or_types_are_named(write, suffix, change, message):
    folder = write(suffix, change)
    with pytest.raises(InputError, match=message):
        read_manifest(folder)


def test_numbers_and_empty_columns_of_shards_go_together(write):
    values = [[1, 2], [0.5, None], [None, None]]
    folder = write(".parquet", lambda shard, columns: {"age": values[shard], **columns})
    read = read_manifest([folder / f"{name}.parquet" for name in NAMES])
    assert read.columns[0].kind == "number"
    np.testing.assert_equal(read.table["age"][:], [1, 2, 0.5, np.nan, np.nan, np.nan])


def test_classes_that_shards_number_otherwise_are_an_error(tmp_path):
    for name, classes in (("a", ["cat", "dog"]), ("b", ["dog", "cat"])):
        features = datasets.Features({"t": datasets.Value("string"),
                                      "label": datasets.ClassLabel(names=classes)})  # fmt: skip
        Dataset.from_dict({"t": ["x y z u", "y z u v"], "label": [0, 1]}, features).to_parquet(
            tmp_path / f"{name}.parquet"
        )
    with pytest.raises(InputError, match=r"column 'label' .*'dog', 'cat'.*b\.parquet"):
        read_manifest(tmp_path / "*.parquet")


def test_sources_that_name_no_shards(write, tmp_path):
    folder = write(".csv")
    write(".jsonl")
    with pytest.raises(InputError, match=r"no file matches .*/none"):
        read_manifest(tmp_path / "none*.csv")
    with pytest.raises(InputError, match="files of one kind, got"):
        read_manifest(folder)
    with pytest.raises(InputError, match="1 of 2 shards is no file"):
        read_manifest([folder / "train-00000-of-00002.csv", folder / "gone.csv"])
    with pytest.raises(InputError, match=r"is not a pattern of files|no file matches"):
        read_manifest(folder / "**a.csv")


def rows(n=100):
    for i in range(n):
        yield {"caption": f"this is row {i}", "photo": picture(i), "label": ["cat", "dog"][i % 2]}


def test_a_stream_is_read_through_once_onto_disk(cache, tmp_path):
    asked = []

    def counted():
        for row in rows():
            asked.append(row["caption"])
            yield row

    stream = IterableDataset.from_generator(counted)
    read = read_manifest(stream)
    assert len(read) == len(asked) == 100
    assert all(file["filename"].startswith(str(cache)) for file in read.table.cache_files)
    assert read.table.cache_files
    assert read.cells("photo", [99])[0][0].value == picture(99)
    asked.clear()
    assert list(read_manifest(stream, limit=3).table["label"][:]) == ["cat", "dog", "cat"]
    assert len(asked) < 10
    both = IterableDatasetDict({"train": stream, "test": stream})
    assert list(read_manifest(both, limit=2).role("split")) == ["train"] * 2 + ["test"] * 2
    assert len(read_manifest(both, split="test")) == 100
    assert len(load_dataset(stream, limit=8, cache=tmp_path / "cache", progress=False)) == 8


def test_of_each_part_of_the_hub_only_so_many_rows_are_read(monkeypatch):
    stream = IterableDataset.from_generator(rows)
    both = IterableDatasetDict({"train": stream, "test": stream})
    monkeypatch.setattr(datasets, "load_dataset", lambda name, split, streaming: both)
    assert list(read_manifest("someone/pets", limit=1).role("split")) == ["train", "test"]


def test_a_stream_does_not_say_which_files_may_be_read(tmp_path):
    (tmp_path / "secret.png").write_bytes(picture(1))
    row = {"image": {"path": str(tmp_path / "secret.png"), "bytes": None}, "label": 0}
    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
    stream = IterableDataset.from_generator(lambda: iter([row, row]), features=features)
    with pytest.raises(InputError, match=r"has no folder; .* root="):
        read_manifest(stream).cells("image")[0][0].read()


def test_streams_that_cannot_be_kept():
    with pytest.raises(InputError, match="has no rows"):
        read_manifest(IterableDataset.from_generator(lambda: iter([])))
    mixed = [{"age": i, "label": "a"} for i in range(64)] + [{"age": 0.5, "label": "b"}]
    with pytest.raises(InputError, match=r"do not fit together.*features="):
        read_manifest(IterableDataset.from_generator(lambda: iter(mixed)))
