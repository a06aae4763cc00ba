import pytest
from datasets import Dataset

from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw import read_manifest

N = 20


def kinds(columns, **overrides):
    """Return the kind and modality that each column of a table should have."""
    given = {name: values * (N // len(values)) for name, values in columns.items()}
    base = {"base": ["a sentence of four words"] * N}
    manifest = read_manifest(Dataset.from_dict({**given, **base}), overrides)
    return {c.name: (c.kind, c.modality) for c in manifest.columns if c.name != "base"}


def kind(values, name="x"):
    return kinds({name: values})[name][0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["a.png", "b/c.JPG", None, "d.tif"], "image"),
        (["a.png;b.png", "c.png"], "image"),
        (["a.wav", "b.flac", "c.ogg", "d.mp3"], "audio"),
        (["a.mp4", "b.gif"], "video"),
        (["a.csv", "b.npy"], "series"),
        (["a.txt", "b.txt"], "text"),
        (["it rains a lot", "the sun shines on us"], "text"),
        (["1", "2.5", "", "n/a"], "number"),
        ([1, 2, 3, None], "number"),
        (["1", "2", "3", "soon"], "category"),
        (["red", "green"], "category"),
        ([True, False], "category"),
        (["007", "008"], "category"),
        (["2024-01-01", "2024-01-02"], "date"),
        ([None, None], "skip"),
        ([[1.0, 2.0], [3.0, 4.0, 5.0]], "series"),
        (["[1, 2]", "[3, 4, 5]"], "series"),
        ([["a.png", "b.png"], []], "image"),
        (['["a.png", "b.png"]', ""], "image"),
        ([["one text", "another"], ["third"]], "text"),
        ([{"a": 1}, {"a": 2}], "skip"),
        ([b"x", None], "image"),
        (["train", "dev"], "split"),
        (["a/photo", "say no.png more"], "category"),
    ],
)
def test_kinds_are_inferred_from_values(values, expected):
    assert kind(values) == expected


def test_unique_codes_are_skipped_and_unique_words_are_text():
    assert kind([f"f{i}3a" for i in range(N)]) == "skip"
    assert kind([chr(97 + i) * 5 for i in range(N)]) == "text"


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("label", ["cat", "dog"], "label"),
        ("Class", ["1", "2"], "label"),
        ("label", [0.25, 0.5], "label"),
        ("target", ["a.png", "b.png"], "image"),
        ("split", ["train", "test"], "split"),
        ("split", ["split of the road", "a split of the vote"], "text"),
        ("speaker_id", ["s1", "s2"], "group"),
        ("subject", ["your invoice of last month", "lunch at noon on Monday"], "text"),
        ("id", list(range(N)), "id"),
        ("id", ["a", "b"], "group"),
        ("Unnamed: 0", list(range(N)), "skip"),
        ("sound_bytes", [b"x", b"y"], "audio"),
        ("video", ["a.gif", "b.gif"], "video"),
    ],
)
def test_kinds_are_inferred_from_names(name, values, expected):
    assert kind(values, name) == expected


def test_films_that_move_as_pictures_do_say_how_their_paths_end():
    films = read_manifest(Dataset.from_dict({"video": ["a.gif", "b.webp"] * 10}))
    assert films.columns[0].why == "paths that end in .gif, .webp"


def test_the_label_has_no_second_form_among_the_inputs():
    found = kinds(
        {"target": [0, 1], "label": ["a", "b"], "label_text": ["some a", "some b"], "y": [2, 3]}
    )
    assert found == {
        "label": ("label", ""),
        "target": ("skip", ""),
        "label_text": ("skip", ""),
        "y": ("skip", ""),
    }
    assert kinds({"target": [0, 1], "label": ["a", "b"]}, target="label")["label"][0] == "skip"


def infer(columns, **overrides):
    """Return kind and reason of the columns of a table besides a text."""
    base = {"base": [f"row {i} of some words" for i in range(len(columns["label"]))]}
    manifest = read_manifest(Dataset.from_dict({**base, **columns}), overrides)
    return {c.name: (c.kind, c.why) for c in manifest.columns if c.name not in ("base", "label")}


@pytest.mark.parametrize("pair", [("cat", "dog"), (3, 7), (True, False), ("a cat", "a good dog")])
def test_a_column_that_is_one_to_one_with_the_label_is_skipped_and_named(pair):
    codes = [i % 2 for i in range(40)]
    own = [pair[code] for code in codes]
    kind, why = infer({"label": codes, "x": own})["x"]
    assert kind == "skip"
    assert why.startswith("a copy of the label 'label', one to one; --column x=")
    kept = why.split("x=")[1].split()[0]
    assert infer({"label": codes, "x": own}, x=kept)["x"] == (kept, "as given")
    assert infer({"label": codes, "x": [None, *own[1:]]})["x"][0] == "skip"
    assert infer({"label": codes, "x": [pair[1], *own[1:]]})["x"][0] == kept
    assert infer({"label": codes, "x": [pair[i % 4 // 2] for i in range(40)]})["x"][0] == kept


def test_a_possible_accident_stays_unless_its_name_shows_a_copy():
    codes = [0, 1, 0, 1, 0, 1]
    own = ["cat" if code else "dog" for code in codes]
    assert infer({"label": codes, "striped": own})["striped"][0] == "category"
    assert infer({"label": codes, "class_name": own})["class_name"][0] == "skip"
    assert infer({"label": codes, "class_name": ["cat", *own[1:]]})["class_name"][0] == "category"
    many = {f"x{k}": own * 3 for k in range(40)}  # 18 samples: each 1 in 24,310, 40 columns
    assert {kind for kind, _ in infer({"label": codes * 3, **many}).values()} == {"category"}
    assert infer({"label": codes * 3, "x": own * 3})["x"][0] == "skip"


def test_classes_of_many_words_are_copies_too():
    codes = [i % 60 for i in range(300)]
    names = {"name": [f"the {code}th of many kinds" for code in codes]}
    assert infer({"label": codes, **names})["name"][0] == "skip"


def test_a_label_of_numbers_in_another_unit_is_a_copy():
    celsius = [(7 * i % 41) / 3 for i in range(40)]
    near = {
        "same": celsius,
        "fahrenheit": [round(1.8 * c + 32, 1) for c in celsius],
        "inverse": [-c for c in celsius],
    }
    assert {why for _, why in infer({"label": celsius, **near}).values()} == {
        f"a copy of the label 'label', on a straight line; --column {name}=number keeps it"
        for name in near
    }
    far = {
        "other": [c + i % 2 for i, c in enumerate(celsius)],
        "square": [c * c for c in celsius],
        "outlier": [1e6, *range(39)],
    }
    assert {kind for kind, _ in infer({"label": celsius, **far}).values()} == {"number"}
    assert infer({"label": [1e6, *celsius[1:]], **far})["outlier"][0] == "number"
    assert infer({"label": [1.5, 2.5, 3.5], "x": [1, 2, 3]})["x"][0] == "number"


@pytest.mark.parametrize("name", ["fold", "subset", "partition", "split"])
def test_fold_numbers_are_skipped_unless_given_as_input(name):
    labels = [i % 2 for i in range(40)]
    folds = {name: [i // 8 for i in range(40)]}
    kind, why = infer({"label": labels, **folds})[name]
    assert kind == "skip"
    assert f"called {name!r}, but 0, 1, 2 are no parts (train, validation, test)" in why
    for chosen in ("group", "number"):
        assert infer({"label": labels, **folds}, **{name: chosen})[name] == (
            chosen,
            "as given",
        )


def test_several_label_columns_are_several_targets_when_given():
    found = kinds({"a": [0, 1], "b": [1, 2]}, a="label", b="label")
    assert [kind for kind, _ in found.values()] == ["label", "label"]


def test_facts_of_files_are_left_out_unless_asked_for():
    columns = {"photo": ["a.png", "b.png"], "width": [3, 4], "filename": ["x", "y"]}
    assert kinds(columns)["width"] == ("skip", "")
    assert kinds(columns)["filename"] == ("skip", "")
    assert kinds(columns, width="number")["width"] == ("number", "table")
    assert kinds({"width": [3, 4]})["width"] == ("number", "table")  # of a thing, not a file


def test_modalities():
    found = kinds(
        {
            "photo_1": ["a.png"],
            "photo_2": ["b.png"],
            "audio_path": ["a.wav"],
            "note1": ["words and more words"],
            "age": [1, 2],
            "sex": ["f", "m"],
            "hb": [1.5, 2.5],
        },
        hb="blood:number",
    )
    assert {name: modality for name, (_, modality) in found.items()} == {
        "photo_1": "photo",
        "photo_2": "photo",
        "audio_path": "audio",
        "note1": "note",
        "age": "table",
        "sex": "table",
        "hb": "blood",
    }


def test_columns_of_two_kinds_are_two_modalities():
    found = kinds({"a_1": ["a.png"], "a_2": ["a.wav"], "table": ["a text of five words"], "n": [1]})
    assert [modality for _, modality in found.values()] == [
        "a (image)", "a (audio)", "table (text)", "table",
    ]  # fmt: skip


def test_overrides_win_and_are_checked():
    assert kinds({"x": [1, 2]}, x="category")["x"] == ("category", "table")
    assert kinds({"x": ["a.png"]}, x="front:image")["x"] == ("image", "front")
    assert kinds({"x": ["a.png"]}, x="skip")["x"] == ("skip", "")
    with pytest.raises(UnknownNameError, match="unknown column 'xx'; did you mean 'x'"):
        kinds({"x": [1]}, xx="number")
    with pytest.raises(
        UnknownNameError, match="kind of column 'x' 'nombre'; did you mean 'number'"
    ):
        kinds({"x": [1]}, x="nombre")
    for wrong in ("main:label", ":image"):
        with pytest.raises(InputError, match="must be given as kind or modality:kind"):
            kinds({"x": [1]}, x=wrong)


def test_a_label_that_is_nearly_always_a_number_says_what_is_none():
    given = {"t": ["some words here"] * 3, "label": ["1.5", "2.5", "n.b."]}
    columns = read_manifest(Dataset.from_dict(given)).columns
    assert columns[1].why == "called 'label'; 2 of 3 values are numbers, but 'n.b.' is not"
