import numpy as np
import pytest
from datasets import Dataset

from graphfuse.data.augment import (
    Augmentation,
    ImageAugmentation,
    TextAugmentation,
    add_copies,
)
from graphfuse.data.raw import Column, Manifest
from graphfuse.encoders import encode
from graphfuse.errors import InputError

CHANGE = Augmentation(
    image=ImageAugmentation(brightness=(0.2, 0.8), probability=1.0),
    text=TextAugmentation(delete=(0.3, 0.5), probability=1.0),
)
COLUMNS = (
    Column("photo", "image", "photo"),
    Column("title", "text", "title"),
    Column("age", "number", "table"),
    Column("y", "label"),
    Column("part", "split"),
)


@pytest.fixture
def manifest(tmp_path):
    from PIL import Image

    parts = ["train"] * 4 + ["validation", "test"]
    rng = np.random.default_rng(0)
    for row in range(6):
        pixels = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{row}.png")
    table = Dataset.from_dict(
        {
            "photo": [f"{row}.png" for row in range(6)],
            "title": [f"number {row} of all six words" for row in range(6)],
            "age": [float(row) for row in range(6)],
            "y": ["a", "b"] * 3,
            "part": parts,
        }
    )
    return Manifest(table, COLUMNS, tmp_path, "six")


def values(dataset, row):
    return {m: dataset.x[m][row] for m in dataset.schema.names}


def test_copies_are_of_training_samples_alone_and_differ_in_content_not_in_label(
    manifest, tmp_path
):
    more = add_copies(manifest, CHANGE, 2)
    before, after = (encode(m, cache=tmp_path / "nodes", progress=False) for m in (manifest, more))
    assert len(after) == 6 + 2 * 4
    assert after.splits[6:].tolist() == ["train"] * 8
    for row in range(6):  # validation and test among them: bit for bit as before
        for m, nodes in values(before, row).items():
            assert nodes.equal(after.x[m][row])
    for place in range(8):
        row, copy = divmod(place, 2)
        assert after.ids[6 + place] == f"{row} copy {copy + 1}"
        assert after.groups[6 + place] == after.groups[row]
        assert after.labels()[6 + place] == before.labels()[row]
        made = values(after, 6 + place)
        assert not made["photo"].equal(before.x["photo"][row])
        assert not made["title"].equal(before.x["title"][row])
        assert made["table"].equal(before.x["table"][row])
    assert not after.x["photo"][6].equal(after.x["photo"][7])


def test_copies_follow_the_seed_and_the_sample_not_its_place(manifest, tmp_path):
    def photos(m, **options):
        found = encode(add_copies(m, CHANGE, 1, **options), cache=tmp_path / "n", progress=False)
        return {name: found.x["photo"][row] for row, name in enumerate(found.ids.tolist())}

    named = (*COLUMNS, Column("name", "id"))
    table = manifest.table.add_column("name", list("uvwxyz"))
    given = Manifest(table, named, manifest.root)
    first = photos(given)
    assert first["u copy 1"].equal(photos(given.select([5, 4, 3, 0]))["u copy 1"])
    assert not first["u copy 1"].equal(photos(given, seed=1)["u copy 1"])


def test_what_is_kept_is_told_apart_by_augmentation_and_seed(manifest):
    other = Augmentation(image=ImageAugmentation(brightness=(0.2, 0.7), probability=1.0))
    made = [
        add_copies(manifest, CHANGE, 2),
        add_copies(manifest, CHANGE, 1, seed=1),
        add_copies(manifest, other, 1),
    ]
    digests = [cell[0].digest() for m in made for cell in m.cells("photo")[6:]]
    assert len(set(digests)) == len(digests) == 16
    assert [c[0].digest() for c in made[0].cells("photo", [6])] == digests[:1]
    assert made[0].cells("table")[6] == manifest.cells("table")[0]
    plain = [cell[0].digest() for cell in manifest.cells("photo")]
    assert plain == [cell[0].digest() for cell in made[0].cells("photo")[:6]]


def test_without_parts_there_is_nothing_that_may_be_copied(manifest):
    bare = Manifest(manifest.table, COLUMNS[:-1], manifest.root, "six")
    with pytest.raises(InputError, match=r"'six' has no column of kind 'split'; add one of"):
        add_copies(bare, CHANGE, 1)
    with pytest.raises(InputError, match="'six' has copies already"):
        add_copies(add_copies(manifest, CHANGE, 1), CHANGE, 1)
    with pytest.raises(InputError, match="copies is a whole number of at least 1"):
        add_copies(manifest, CHANGE, 0)
