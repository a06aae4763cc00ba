from dataclasses import replace

import numpy as np
import pytest
from datasets import Dataset

from graphfuse.encoders import Preprocessor, encode
from graphfuse.errors import InputError
from graphfuse.raw import Column, Manifest
from graphfuse.raw.augment import (
    Augmentation,
    ImageAugmentation,
    TextAugmentation,
    add_copies,
)
from graphfuse.raw.facts import facts

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


def change(**settings):
    return replace(CHANGE, **settings)


def values(dataset, row):
    return {m: dataset.x[m][row] for m in dataset.schema.names}


def test_copies_differ_in_content_not_in_label_and_originals_stay_bit_for_bit(manifest, tmp_path):
    more = add_copies(manifest, CHANGE)
    before, after = (encode(m, cache=tmp_path / "nodes", progress=False) for m in (manifest, more))
    assert len(after) == 6 + 2 * 4
    assert after.originals.tolist() == list(range(6))
    assert after.copy_of.tolist() == [""] * 6 + [str(row) for row in (0, 0, 1, 1, 2, 2, 3, 3)]
    for row in range(6):
        for m, nodes in values(before, row).items():
            assert nodes.equal(after.x[m][row])
    for place in range(8):
        row, copy = divmod(place, 2)
        assert after.ids[6 + place] == f"{row} copy {copy + 1}"
        assert after.splits[6 + place] == "train"
        assert after.labels()[6 + place] == before.labels()[row]
        made = values(after, 6 + place)
        assert not made["photo"].equal(before.x["photo"][row])
        assert not made["title"].equal(before.x["title"][row])
        assert made["table"].equal(before.x["table"][row])
    assert not after.x["photo"][6].equal(after.x["photo"][7])
    assert repr(after).startswith("FusionDataset('six', 6 samples + 8 copies, ")
    assert add_copies(manifest, CHANGE, ["photo"]).cells("title")[6] == manifest.cells("title")[0]


def test_without_parts_every_sample_has_copies_and_groups_and_times_are_those_of_samples(manifest):
    table = manifest.table.add_column("who", ["p", None, "p", "q", None, "q"])
    table = table.add_column("when", [5.0, 1.0, 2.0, 3.0, 4.0, 0.0])
    grouped = Manifest(table, (*COLUMNS[:-1], Column("who", "group")), manifest.root, "six")
    timed = Manifest(table, (*COLUMNS[:-1], Column("when", "time")), manifest.root, "six")
    for whole, role in ((grouped, "groups"), (timed, "splits")):
        more = add_copies(whole, change(copies=3))
        before, after = getattr(facts(whole), role), getattr(facts(more), role)
        assert after[:6].tolist() == before.tolist()
        of = [int(name) for name in more.copy_of[6:]]
        assert after[6:].tolist() == before[of].tolist()
    assert len(add_copies(grouped, change(copies=3))) == 6 * 4
    assert set(facts(add_copies(timed, CHANGE)).splits[6:]) == {"train"}


def test_copies_follow_the_seed_and_the_sample_not_its_place(manifest, tmp_path):
    def photos(m, **settings):
        more = add_copies(m, change(copies=1, **settings))
        found = encode(more, cache=tmp_path / "n", progress=False)
        return {name: found.x["photo"][row] for row, name in enumerate(found.ids.tolist())}

    named = (*COLUMNS, Column("name", "id"))
    table = manifest.table.add_column("name", list("uvwxyz"))
    given = Manifest(table, named, manifest.root)
    first = photos(given)
    assert first["u copy 1"].equal(photos(given.select([5, 4, 3, 0]))["u copy 1"])
    assert not first["u copy 1"].equal(photos(given, seed=1)["u copy 1"])


def test_cached_nodes_depend_on_augmentation_and_seed(manifest):
    other = Augmentation(image=ImageAugmentation(brightness=(0.2, 0.7), probability=1.0), copies=1)
    made = [
        add_copies(manifest, CHANGE),
        add_copies(manifest, change(copies=1, seed=1)),
        add_copies(manifest, other),
    ]
    digests = [cell[0].digest() for m in made for cell in m.cells("photo")[6:]]
    assert len(set(digests)) == len(digests) == 16
    assert [c[0].digest() for c in made[0].cells("photo", [6])] == digests[:1]
    assert made[0].cells("table")[6] == manifest.cells("table")[0]
    plain = [cell[0].digest() for cell in manifest.cells("photo")]
    assert plain == [cell[0].digest() for cell in made[0].cells("photo")[:6]]
    more = add_copies(manifest, change(copies=3))  # another number of copies keeps the first
    assert more.cells("photo", [6])[0][0].digest() == digests[0]


def test_what_counts_samples_counts_no_copies(manifest, tmp_path):
    from graphfuse.raw.inspection import inspect

    (tmp_path / "0.png").write_bytes(b"broken")
    more = add_copies(manifest, CHANGE)
    assert more.describe().startswith("six: 6 samples\n")
    assert [f.text for f in inspect(more)] == [f.text for f in inspect(manifest)]
    found = encode(manifest, augment=CHANGE, cache=tmp_path / "nodes", progress=False)
    assert found.origin["unreadable"] == 1
    change_told = found.origin["changes"][-1]
    assert change_told["step"] == "augment"
    assert change_told["samples"] == 4
    assert change_told["what"] == (
        "2 copies of each of 4 samples to train on, photo, title changed"
    )


def test_what_cannot_be_copied_is_said(manifest):
    with pytest.raises(InputError, match="'six' already has augmented copies; add them once"):
        add_copies(add_copies(manifest, CHANGE), CHANGE)
    with pytest.raises(InputError, match="copies must be an integer of at least 1"):
        change(copies=0)
    with pytest.raises(InputError, match="kind 'audio', but there are none; the modalities are"):
        add_copies(manifest, Augmentation.of({"audio": "speech"}))
    with pytest.raises(
        InputError, match="changed copies of sample '0', but the sample itself is missing"
    ):
        facts(add_copies(manifest, CHANGE).select([1, 6]))


def test_a_preprocessor_is_fitted_on_copies_and_knows_new_samples_by_their_ids(manifest, tmp_path):
    table = manifest.table.add_column("name", list("uvwxyz"))
    named = Manifest(table, (*COLUMNS[:-1], Column("name", "id")), manifest.root)
    made = Preprocessor(cache=tmp_path / "nodes")
    train = made.fit_transform(add_copies(named.select(range(4)), change(copies=1)))
    assert train.ids.tolist() == [*"uvwx", *(f"{name} copy 1" for name in "uvwx")]
    assert train.copy_of.tolist() == [*[""] * 4, *"uvwx"]
    test = made.transform(named.select([4, 5]))
    assert test.ids.tolist() == ["y", "z"]
    assert test.copy_of is None
    assert sorted(made.sample({"title": "one word", "name": "s"}).x) == ["title"]
