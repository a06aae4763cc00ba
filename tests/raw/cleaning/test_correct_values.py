import pytest

from graphfuse.encoders import Preprocessor
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw import read_manifest
from graphfuse.raw.cleaning import clean


@pytest.fixture
def manifest(tmp_path):
    rows = [f"{20 + i % 30}.5,a cat sat there {i},{'cat' if i % 2 else 'dog'}" for i in range(60)]
    rows[3] = "999,a cat sat there 3,Katze"
    (tmp_path / "data.csv").write_text("age,said,label\n" + "\n".join(rows))
    return read_manifest(tmp_path / "data.csv")


def test_values_of_tables_and_labels_are_corrected_and_reported(manifest):
    values = {"age": {"999": None}, "label": {"Katze": "cat", "Hund": "dog"}}
    cleaned = clean(manifest, [{"correct_values": {"values": values}}])
    assert cleaned.table["age"][3] is None
    assert cleaned.table["label"][3] == "cat"
    assert cleaned.table.column_names == manifest.table.column_names
    said = {change.what: change.ids for change in cleaned.changes}
    assert said["age: 1 value corrected"] == ("3",)
    assert said["label: 1 value corrected; not found: 'Hund'"] == ("3",)


def test_new_samples_are_corrected_too(manifest, tmp_path):
    pre = Preprocessor(clean=[{"correct_values": {"values": {"age": {999: 30}}}}]).fit(manifest)
    pre.save(tmp_path / "pre")
    pre = Preprocessor.load(tmp_path / "pre")
    wrong, right = (pre.sample({"age": age, "said": "a cat"}) for age in (999, 30))
    assert (wrong.x["table"] == right.x["table"]).all()


@pytest.mark.parametrize(
    ("values", "error", "match"),
    [
        ({"aeg": {1: 2}}, UnknownNameError, "did you mean 'age'"),
        ({"age": {999: "many"}}, InputError, "correction of column 'age'"),
        ({"age": 3}, InputError, r"corrections of 'age' are \{old: new\}, got 3"),
        ({}, InputError, r"needs values=\{column: \{old: new\}\}"),
        (3, InputError, r"values must be \{column: \{old: new\}\}, got 3"),
    ],
)
def test_wrong_corrections_are_named(manifest, values, error, match):
    with pytest.raises(error, match=match):
        clean(manifest, [{"correct_values": {"values": values}}])
