import shutil
import unicodedata

import numpy as np
import pytest

from graphfuse.raw import facts
from graphfuse.raw.cleaning import clean
from graphfuse.raw.near_duplicates import appearance, cluster_items, shingles

WORDS = "the quick brown fox jumps over the lazy dog and runs into the dark wood near the old mill"


def ids(manifest):
    return manifest.ids.tolist()


def test_the_first_of_equal_samples_stays_whatever_files_are_called(make, picture, tmp_path):
    picture("a.png"), picture("b.png", 1)
    shutil.copy(tmp_path / "a.png", tmp_path / "c.png")
    given = make(picture=["a.png", "b.png", "c.png", "a.png", None], note=["x", "x", "x", "y", "x"])
    cleaned = clean(given, ["drop_duplicates"])
    assert len(cleaned) == 4
    assert cleaned.changes[0].ids == ("2",)
    assert cleaned.table["note"][:] == ["x", "x", "y", "x"]


def test_what_cannot_be_read_or_holds_nothing_is_no_copy(make):
    given = make(picture=["none.png", "none.png", None, None], note=[None] * 4)
    assert clean(given, ["drop_duplicates"]) is given


def test_near_copies(make, picture):
    given = make(
        picture=[
            picture("a.png"), picture("a.jpg", quality=70), picture("small.png", size=(40, 40)),
            picture("b.png", 1), picture("b2.png", 1),
        ],
        note=[WORDS, WORDS.upper() + "!", WORDS + " ok", "a", "b"],
    )  # fmt: skip
    assert len(clean(given, ["drop_duplicates"])) == 5
    cleaned = clean(given, [{"drop_duplicates": {"near": True}}])
    assert cleaned.changes[0].ids == ("1", "2")
    grouped = clean(given, ["group_duplicates"])
    assert len(grouped) == 5
    groups = facts(grouped, labelled=False).groups
    assert len(set(groups[:3])) == 1
    assert len(set(groups[2:])) == 3


def test_colours_and_one_colour_tell_pictures_apart():
    ball = np.full((64, 64, 3), 255, np.uint8)
    y, x = np.mgrid[:64, :64]
    ball[(x - 30) ** 2 + (y - 30) ** 2 < 400] = (250, 90, 90)
    blue = ball[:, :, ::-1]
    red, other = appearance(ball), appearance(blue)
    assert cluster_items(["r", "b"], {"r": red, "b": other}, 4, 0.9).tolist() == [0, 1]
    bright = appearance(np.clip(ball.astype(int) - 8, 0, 255).astype(np.uint8))
    assert cluster_items(["r", "b"], {"r": red, "b": bright}, 4, 0.9).tolist() == [0, 0]
    assert appearance(np.full((9, 9, 3), 7, np.uint8)) is None


def test_texts_that_share_most_shingles_are_found_among_many():
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.permutation(WORDS.split())) for _ in range(300)]
    texts += [f"{text} ok" for text in texts]
    signatures = {text: shingles(text) for text in texts}
    found = cluster_items(texts, signatures, 4, 0.9)
    assert (found[:300] == found[300:]).all()
    assert len(set(found.tolist())) > 290


@pytest.mark.parametrize(
    ("across", "left"),
    [("train", "tst val new"), ("test", "trn val new"), ("keep", "trn tst val new")],
)
def test_copies_in_several_parts(make, across, left):
    given = make(
        id=["trn", "trn2", "tst", "val", "new"],
        note=["x", "x", "x", "z", "y"],
        split=["train", "train", "test", "validation", "train"],
    )
    cleaned = clean(given, [{"drop_duplicates": {"across": across}}])
    assert sorted(ids(cleaned)) == sorted(left.split())
    said = " ".join(change.what for change in cleaned.changes)
    assert {
        "train": "in train, copies of samples of another part, which stay there",
        "test": "in test, copies of samples of another part, which stay there",
        "keep": "kept in train, though copies of other parts",
    }[across] in said


def test_copies_with_different_labels_are_named(make):
    cleaned = clean(make(note=["x", "x", "y"], label=["a", "b", "a"]), ["drop_duplicates"])
    assert cleaned.changes[0].what == "2 samples are copies with different labels"
    assert cleaned.changes[0].ids == ("0", "1")


def test_texts_differ_by_vowel_signs_and_smileys_and_not_by_how_accents_are_written():
    assert shingles("किताब") != shingles("कुताब")
    assert shingles("\u2764\ufe0f") != shingles("\u260e\ufe0f")  # a heart, a telephone
    assert shingles(unicodedata.normalize("NFD", "un été")) == shingles("UN ÉTÉ!")


def test_the_copy_that_a_time_column_tests_stays(make):
    given = make(
        id=["old", "new", *"12345678"], note=["x", "x", *"abcdefgh"], time=[0, 9, *range(1, 9)]
    )
    assert ids(clean(given, ["drop_duplicates"])) == ["new", *"12345678"]
