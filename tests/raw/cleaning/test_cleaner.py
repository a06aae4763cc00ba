import pytest

from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw.cleaning import clean, create_repairs, list_cleaners
from graphfuse.raw.cleaning.drop_duplicates import DropDuplicates


def test_repairs_are_read_kept_under_another_key_and_in_order(make, sound):
    given = make(speech=[sound()], note=["a\u0301  b"])
    cleaned = clean(
        given, ["trim_silence", {"resample": {"rate": 4000}}, {"normalise_text": {"form": "NFC"}}]
    )
    before, after = given.cells("speech")[0][0], cleaned.cells("speech")[0][0]
    assert (before.read().seconds, before.read().rate) == (2.0, 8000)
    assert after.read().rate == 4000
    assert after.read().seconds == pytest.approx(1.1, abs=0.05)
    assert after.digest() != before.digest()
    assert cleaned.cells("note")[0][0].read() == "á b"
    assert [change.step for change in cleaned.changes] == [
        "trim_silence", "resample", "normalise_text",
    ]  # fmt: skip
    assert cleaned.changes[2].what == "note: 1 of 1 text changes"
    turned = clean(given, [{"resample": {"rate": 4000}}, "trim_silence"])
    assert turned.cells("speech")[0][0].digest() != after.digest()
    assert given.repairs == {}


def test_a_text_of_which_nothing_is_left_is_an_error(make):
    cleaned = clean(make(note=["\u200b\x00"]), ["normalise_text"])
    with pytest.raises(InputError, match=r"column 'note': the text holds nothing but spaces"):
        cleaned.cells("note")[0][0].read()


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ("drop_duplicates", "steps of cleaning must be a list of names"),
        ([3], "a cleaning step must be a name or"),
        (["drop_duplicate"], "unknown cleaning step 'drop_duplicate'; did you mean 'drop_dupl"),
        ([{"resample": {"hz": 1}}], "unknown option of cleaning step 'resample' 'hz'"),
        ([{"resample": {"rate": 10}}], "rate must be an integer of at least 1000, got 10"),
        (["resample"], r"'resample' is for audio, but there are none; .* note \(text\)"),
        ([{"normalise_text": {"form": "NFX"}}], "unknown form of normalise_text 'NFX'"),
        ([{"trim_silence": {"below": "loud"}}], "below must be a number of decibels above 0"),
        ([{"drop_duplicates": {"across": "none"}}], "unknown across of drop_duplicates 'none'"),
        (
            [{"drop_duplicates": {"similarity": 2}}],
            "similarity must be above 0 and at most 1, got 2",
        ),
        ([{"group_duplicates": {"distance": -1}}], "distance must be an integer of at least 0"),
        ([{"drop_outliers": {"z": 0}}], "z must be a number of robust deviations above 0, got 0"),
        ([{"drop_outliers": {"rows": "some"}}], "unknown rows of drop_outliers 'some'"),
        ([{"drop_outliers": {"limits": [1]}}], "limits must be {column:"),
        ([{"drop_outliers": {"limits": {"age": 3}}}], "limits of 'age' must be"),
        ([{"drop_outliers": {"limits": {"age": [9, 0]}}}], r"the lowest first, got \[9, 0\]"),
        ([{"drop_outliers": {"limits": {"age": ["a", 1]}}}], "must be numbers or None"),
        ([{"drop_outliers": {"limits": {"aeg": [0, 1]}}}], "column of numbers in limits 'aeg'"),
        (["drop_outliers"], "no column that names the parts"),
    ],
)
def test_unknown_names(make, steps, message):
    with pytest.raises((InputError, UnknownNameError), match=message):
        clean(make(note=["a"], age=[1.0]), steps)


def test_nothing_left_is_an_error(make, monkeypatch):
    monkeypatch.setattr(DropDuplicates, "apply", lambda self, found, _: self.drop(found, [0], "no"))
    with pytest.raises(InputError, match="'drop_duplicates' leaves no sample: 1 sample left out"):
        clean(make(note=["a"]), ["drop_duplicates"])


def test_a_column_of_which_no_cell_can_be_read_is_an_error(make):
    with pytest.raises(InputError, match=r"'picture': its only cell cannot be read: .*\n.*=skip"):
        clean(make(picture=["none.png"]), ["drop_unreadable"])
    with pytest.raises(InputError, match="'picture': none of its 2 cells can be read; the first"):
        clean(make(picture=["none.png", "no.png"]), ["drop_unreadable"])


def test_every_step_has_a_sentence():
    from graphfuse.raw.cleaning import cleaners

    assert "drop_duplicates" in list_cleaners()
    assert all((cleaners.get(name).__doc__ or "").strip() for name in list_cleaners())


def test_changed_copies_are_repaired_as_their_originals(make):
    from graphfuse.raw.augment import CAPTION, Augmentation
    from graphfuse.raw.augment.copies import add_copies

    cleaned = clean(
        make(note=["A B", "C"], split=["train", "test"]), [{"normalise_text": {"lower": True}}]
    )
    copies = add_copies(cleaned, Augmentation(text=CAPTION, copies=1))
    assert [row[0].read().islower() for row in copies.cells("note")] == [True] * 3


def test_a_step_that_is_no_repair_is_named():
    with pytest.raises(InputError, match=r"'drop_duplicates' cannot be a repair"):
        create_repairs(["drop_duplicates"])
