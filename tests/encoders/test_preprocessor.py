import csv
import json
import logging
import os
import subprocess
import sys

os.environ["HF_HUB_OFFLINE"] = "1"

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

from graphfuse.bench.run import fold_parts
from graphfuse.data import Schema, Split, collate
from graphfuse.encoders import Preprocessor, encode
from graphfuse.errors import InputError, NotFittedError, UnknownNameError
from graphfuse.fusion import Strategy, create_strategy
from graphfuse.raw import read_manifest

COUNT = 24
KINDS = {"size": "category"}


def rows():
    for i in range(COUNT):
        yield {
            "id": f"s{i}",
            "photo_1": f"p{i % 4}.png",
            "photo_2": f"p{(i + 1) % 4}.png" if i % 3 else "",
            "speech": f"t{i % 4}.wav" if i != 4 else "",
            "note": f"n{i % 4}.txt",
            "title": f"the title number {i} of a list" if i != 7 else "read all of readme.txt",
            "curve": f"s{i % 4}.npy",
            "age": i % 7 if i % 5 else "",
            "size": 3 + i % 3,
            "colour": ("red", "green")[i % 2],
            "label": 1 + i % 3,
        }


def write(path, lines):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]))
        writer.writeheader()
        writer.writerows(lines)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    random = np.random.default_rng(0)
    for i in range(4):
        pixels = random.integers(0, 255, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"p{i}.png")
        soundfile.write(folder / f"t{i}.wav", random.normal(size=1600) * 0.1, 8000)
        (folder / f"n{i}.txt").write_text(f"note {i} about mats")
        np.save(folder / f"s{i}.npy", random.normal(size=(20, 2)))
    write(folder / "all.csv", list(rows()))
    return folder


@pytest.fixture(scope="module")
def manifest(folder):
    return read_manifest(folder / "all.csv", KINDS)


@pytest.fixture(scope="module")
def fitted(folder, manifest):
    return Preprocessor(cache=folder / "cache").fit(manifest.select(range(18)))


def check_equal(one, other):
    """Two samples have the same nodes."""
    assert one.x.keys() == other.x.keys()
    for m in one.x:
        torch.testing.assert_close(one.x[m], other.x[m], atol=1e-6, rtol=1e-6)
        if m in one.pos:
            torch.testing.assert_close(one.pos[m], other.pos[m], atol=1e-6, rtol=1e-6)


def test_a_new_raw_sample_becomes_what_transform_makes_of_its_row(fitted, manifest, folder):
    whole = fitted.transform(manifest)
    assert whole.schema == fitted.schema
    for i, row in enumerate(rows()):
        check_equal(fitted.sample(row, folder), whole[i])


def test_a_sample_takes_contents_numbers_lists_and_paths(fitted, folder):
    row = list(rows())[1]
    wanted = fitted.sample(row, folder)
    for changed in (
        {"photo_1": ["p1.png", "p2.png"], "photo_2": None},
        {"photo_1": "p1.png;p2.png", "photo_2": ""},
        {"photo_1": (folder / "p1.png").read_bytes(), "photo_2": folder / "p2.png"},
        {"photo_1": [(folder / "p1.png").read_bytes(), "p2.png"], "photo_2": None},
        {"speech": (folder / "t1.wav").read_bytes(), "note": "note 1 about mats"},
        {"note": (folder / "n1.txt").read_bytes(), "curve": folder / "s1.npy"},
        {"curve": np.load(folder / "s1.npy"), "age": "1", "size": "4"},
        {"age": np.int64(1), "size": np.float64(4), "id": None, "label": None},
    ):
        check_equal(fitted.sample({**row, **changed}, folder), wanted)


def test_what_a_sample_lacks_is_missing_and_what_was_never_seen_is_unknown(fitted, folder):
    assert list(fitted.sample({"title": "a new one"}).x) == ["title"]
    several = fitted.sample({"photo_1": "p0.png", "photo_2": "p1.png"}, folder)
    assert len(several.x["photo"]) == 2 * len(
        fitted.sample({"photo_1": "p0.png"}, folder).x["photo"]
    )
    violet, blue = (fitted.sample({"age": 3, "colour": c}).x["table"] for c in ("violet", "blue"))
    assert torch.equal(violet, blue)
    assert not torch.equal(violet, fitted.sample({"age": 3, "colour": "red"}).x["table"])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"agee": 3}, "unknown column 'agee'; did you mean 'age'"),
        ({}, "has no value in any of the columns"),
        ({"photo_1": "p9.png"}, "column 'photo_1': 'p9.png' does not exist in the folder"),
        ({"photo_1": "../p1.png"}, "'../p1.png' leads out of the folder"),
        ({"photo_1": b"no picture"}, "column 'photo_1': the image is not a picture"),
        ({"photo_1": np.zeros((2, 2, 3))}, "holds the path of a file, or its bytes; got list"),
        ({"curve": 3.0}, "holds the path of a file, or a list of numbers; got float"),
        ({"age": "old"}, "column 'age' is of kind 'number', but holds 'old' in row 0"),
    ],
)
def test_a_sample_that_cannot_be_read_says_why(fitted, folder, values, message):
    with pytest.raises((InputError, UnknownNameError), match=message):
        fitted.sample(values, folder)


def test_without_a_root_there_are_no_paths(fitted):
    with pytest.raises(InputError, match=r"'p1.png' is a path, but .* give one with root="):
        fitted.sample({"photo_1": "p1.png"})


def test_columns_are_read_as_in_training_whatever_they_look_like_now(
    fitted, manifest, folder, tmp_path, caplog
):
    new = [dict(row, shade="dark") for row in list(rows())[1:3]]  # "size" now looks like numbers
    for row in new:
        del row["colour"]
    other = read_manifest(write(tmp_path / "new.csv", new), root=folder)
    assert next(c for c in other.columns if c.name == "size").kind == "number"
    with caplog.at_level(logging.WARNING):
        data = fitted.transform(other)
    assert "columns ['colour'] are absent and count as missing" in caplog.text
    for i, row in enumerate(new):
        known = {name: cell for name, cell in row.items() if name != "shade"}
        check_equal(fitted.sample(known, folder), data[i])
    with pytest.raises(InputError, match=r"fitted on the columns .* have none of them: \['text'"):
        fitted.transform(read_manifest(write(tmp_path / "x.csv", [{"text": "a", "label": 1}] * 3)))


def test_labels_count_through_the_classes_of_the_training_part(fitted, manifest, caplog):
    assert fitted.schema.classes == ("1", "2", "3")
    assert fitted.transform(manifest.select([1, 4])).labels().tolist() == [1, 1]
    assert fitted.transform(manifest.select([2, 0])).labels().tolist() == [2, 0]
    part = Preprocessor(cache=fitted.cache).fit(manifest.select([0, 1, 3, 4]))
    with caplog.at_level(logging.WARNING):
        assert part.transform(manifest.select([1, 2])).y["y"].tolist() == [1, -1]
    assert "sample s2, label: '3' is none of the classes of the training part" in caplog.text
    strict = Preprocessor(cache=fitted.cache, unreadable="error").fit(manifest.select([0, 1, 3, 4]))
    with pytest.raises(InputError, match="sample s2, label: '3' is none of the classes"):
        strict.transform(manifest.select([1, 2]))


@pytest.mark.parametrize("labels", ['["b"]', "2.5"])
def test_labels_of_other_tasks(tmp_path, labels):
    several = labels.startswith("[")
    first = ['["a", "b"]', '["a"]', '["b"]', "[]"] if several else ["0.5", "1.5", "2.5", "9.5"]
    lines = [{"text": f"words {i} of a text", "label": label} for i, label in enumerate(first)]
    pre = Preprocessor(cache=tmp_path).fit(read_manifest(write(tmp_path / "a.csv", lines)))
    new = [{"text": "other words of a text", "label": labels}] * 2
    y = pre.transform(read_manifest(write(tmp_path / "b.csv", new))).y["y"]
    assert y.tolist() == ([[0, 1]] * 2 if several else [2.5] * 2)


def test_unlabelled_samples_are_transformed(fitted, manifest, folder, tmp_path):
    lines = [{k: v for k, v in row.items() if k != "label"} for row in list(rows())[:3]]
    data = fitted.transform(read_manifest(write(tmp_path / "new.csv", lines), KINDS, root=folder))
    assert (data.schema, data.y) == (fitted.schema, None)
    check_equal(data[1], fitted.transform(manifest)[1])


def test_saved_and_loaded_elsewhere_it_does_the_same(fitted, manifest, folder, tmp_path):
    fitted.save(tmp_path / "pre")
    assert sorted(p.name for p in (tmp_path / "pre").iterdir()) == [
        "preprocessor.json",
        "state.safetensors",
    ]
    loaded = Preprocessor.load(tmp_path / "pre", cache=tmp_path / "cache")
    before = fitted.transform(manifest)
    assert loaded.transform(manifest).fingerprint == before.fingerprint
    assert loaded.schema == fitted.schema
    for i in (1, 4, 7):
        check_equal(loaded.sample(list(rows())[i], folder), before[i])
    loaded.save(tmp_path / "pre")
    assert Preprocessor.load(tmp_path / "pre").schema == fitted.schema
    code = (
        "import sys; from graphfuse.encoders import Preprocessor; pre = Preprocessor.load("
        "sys.argv[1]); print(float(pre.sample({'title': 'a', 'age': 3}).x['table'].sum()))"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "pre")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    here = fitted.sample({"title": "a", "age": 3}).x["table"].sum()
    assert float(done.stdout) == pytest.approx(float(here), abs=1e-5)


def test_saved_with_a_model_it_serves_in_a_fresh_process(fitted, manifest, folder, tmp_path):
    torch.manual_seed(0)
    model = create_strategy("concat", fitted.schema).eval()
    model.preprocessor = fitted
    model.save_pretrained(tmp_path / "model")
    model.save_pretrained(tmp_path / "model")  # takes its own place
    new = {"title": "a new title", "age": 3, "colour": "red"}
    code = (
        "import json, sys; from graphfuse.data import collate; from graphfuse.fusion import "
        "Strategy; model = Strategy.from_pretrained(sys.argv[1]); sample = model.preprocessor."
        "sample(json.loads(sys.argv[2])); "
        "print(model(collate([sample], model.schema)).logits.tolist())"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "model"), json.dumps(new)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    here = model(collate([fitted.sample(new)], fitted.schema)).logits
    np.testing.assert_allclose(json.loads(done.stdout), here.tolist(), atol=1e-5)
    assert Preprocessor.load(tmp_path / "model").schema == fitted.schema
    loaded = Strategy.from_pretrained(tmp_path / "model")
    loaded.save_pretrained(tmp_path / "again")
    assert Strategy.from_pretrained(tmp_path / "again").preprocessor is not None
    loaded.preprocessor = None
    loaded.save_pretrained(tmp_path / "again")
    assert Strategy.from_pretrained(tmp_path / "again").preprocessor is None


def test_a_model_is_saved_with_the_preprocessor_of_its_samples_alone(fitted, manifest, tmp_path):
    schema = fitted.schema
    model = create_strategy("concat", Schema(schema.modalities[:2], schema.target))
    for other, error, message in (
        (fitted, InputError, "use the preprocessor that made its training"),
        (Preprocessor(), NotFittedError, "is not fitted"),
    ):
        model.preprocessor = other
        with pytest.raises(error, match=message):
            model.save_pretrained(tmp_path / "model")
        assert not (tmp_path / "model").exists()


def test_yaml_and_python_declare_the_same(manifest, folder, tmp_path):
    (tmp_path / "pre.yaml").write_text(
        "encoders: {title: tfidf, photo: {histogram: {side: 1}}}\n"
        "steps: [{scale: {how: robust}}]\nunreadable: error\n"
        "clean: [{drop_outliers: {limits: {age: [0, 4]}}}]\n"
    )
    one = Preprocessor.from_yaml(tmp_path / "pre.yaml", cache=folder / "cache")
    two = Preprocessor(
        {"title": "tfidf", "photo": {"histogram": {"side": 1}}},
        [{"scale": {"how": "robust"}}],
        clean=[{"drop_outliers": {"limits": {"age": [0, 4]}}}],
        unreadable="error",
        cache=folder / "cache",
    )
    assert one.fit_transform(manifest).fingerprint == two.fit_transform(manifest).fingerprint
    assert [step.name for step in one.steps.steps] == ["impute", "tfidf_svd", "scale"]
    one.save(tmp_path / "pre")
    loaded = Preprocessor.load(tmp_path / "pre")
    for pre in (one, loaded):
        assert pre.unreadable == "error"
        assert [spec.name for spec in pre.repairs["table"]] == ["drop_outliers"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("encoder: {}", "unknown setting in .*; did you mean 'encoders'"),
        ("[1]", "must hold settings by name, got a list"),
        ("a: [", "is not a readable YAML file"),
        ("steps: scale", "steps must be a list"),
        ("steps: [{scale: {who: 1}}]", "unknown option of step 'scale' 'who'"),
        ("encoders: tfidf", "encoders must be {modality: encoder}"),
        ("unreadable: drop", "unknown value of unreadable 'drop'"),
        ("encoders: !!python/object/apply:os.system ['true']", "is not a readable YAML file"),
    ],
)
def test_a_declaration_that_is_wrong(tmp_path, text, message):
    (tmp_path / "pre.yaml").write_text(text)
    with pytest.raises((InputError, UnknownNameError), match=message):
        Preprocessor.from_yaml(tmp_path / "pre.yaml")


def test_before_it_is_fitted(manifest, tmp_path):
    pre = Preprocessor()
    for call in (
        lambda: pre.transform(manifest),
        lambda: pre.sample({"title": "a"}),
        lambda: pre.save(tmp_path / "pre"),
    ):
        with pytest.raises(NotFittedError, match="is not fitted"):
            call()


def test_fitted_again_it_forgets_what_it_learnt(manifest, folder):
    pre = Preprocessor(cache=folder / "cache").fit(manifest.select([0, 1, 3, 4]))
    again = pre.fit_transform(manifest)
    fresh = Preprocessor(cache=folder / "cache").fit_transform(manifest)
    assert again.fingerprint == fresh.fingerprint


def test_only_the_training_part_reaches_what_is_fitted(fitted, manifest, folder):
    train = manifest.select(range(18))
    alone = read_manifest(write(folder / "train.csv", list(rows())[:18]), KINDS)
    assert len(train) == len(alone)
    other = Preprocessor(cache=folder / "cache").fit(alone)
    state = fitted.steps.state()
    assert state.keys() == other.steps.state().keys()
    assert all(torch.equal(state[name], value) for name, value in other.steps.state().items())


def test_a_level_only_in_the_test_part_has_no_effect(tmp_path):
    """A whole table is encoded at once; in each fold, levels that training lacks are unknown."""
    parts = []
    for level in ("violet", "white"):
        lines = [dict(row, colour=level) if i == 23 else row for i, row in enumerate(rows())]
        table = [{k: row[k] for k in ("id", "age", "colour", "label")} for row in lines]
        data = encode(read_manifest(write(tmp_path / "t.csv", table)), cache=tmp_path / "cache")
        train, validation, test = np.split(np.arange(COUNT), [16, 20])
        parts.append(fold_parts(data, Split(0, 0, train, validation, test)))
    places = [[part.x["table"].values for part in own] for own in parts]
    assert [len(x) for x in places[0]] == [16, 4, 4]
    assert all(map(torch.equal, *places))
    assert not torch.cat(places[0])[:, -2].any()  # the place of the level


def damage(path, change):
    if callable(change):
        config = json.loads((path / "preprocessor.json").read_text())
        change(config)
        (path / "preprocessor.json").write_text(json.dumps(config))
    else:
        name, content = change
        if content is None:
            (path / name).unlink()
        else:
            (path / name).write_bytes(content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("preprocessor.json", None), "is not a saved preprocessor"),
        (("preprocessor.json", b"{"), "is not a saved preprocessor"),
        (("preprocessor.json", b"[]"), "was not saved in format"),
        (("state.safetensors", None), "is not readable"),
        (("state.safetensors", b"other"), "is damaged, or was edited"),
        (lambda config: config.update(format=99), "was not saved in format"),
        (lambda config: config.pop("columns"), "is damaged, or was edited"),
        (
            lambda config: config["encoders"]["photo"]["options"].update(side=4),
            "is damaged, or was edited",
        ),
    ],
)
def test_a_damaged_folder_is_refused(fitted, tmp_path, change, message):
    fitted.save(tmp_path / "pre")
    damage(tmp_path / "pre", change)
    with pytest.raises(InputError, match=message):
        Preprocessor.load(tmp_path / "pre")


def test_encoders_that_are_others_now_are_refused(fitted, tmp_path, monkeypatch):
    made = type(fitted.encoders["title"])
    plain = made.identity
    monkeypatch.setattr(made, "identity", lambda self: plain(self) | {"weights": "one"})
    fitted.save(tmp_path / "pre")
    assert Preprocessor.load(tmp_path / "pre").schema == fitted.schema
    monkeypatch.setattr(made, "identity", lambda self: plain(self) | {"weights": "two"})
    with pytest.raises(InputError, match=r"'ngrams' of modality .*: \['weights'\] differ"):
        Preprocessor.load(tmp_path / "pre")


@pytest.mark.parametrize("encoder", ["transformers", "token_ids"])
def test_a_model_from_a_folder_is_found_again(bert, tmp_path, encoder):
    texts = {"a cat": "x", "a dog": "y", "the mat": "x", "a cat sat": "y"}
    lines = [{"text": text, "label": label} for text, label in texts.items()]
    manifest = read_manifest(write(tmp_path / "d.csv", lines))
    given = {"text": {encoder: {"model": str(bert)}}}
    pre = Preprocessor(given, [], cache=tmp_path / "cache").fit(manifest)
    pre.save(tmp_path / "pre")
    loaded = Preprocessor.load(tmp_path / "pre")
    check_equal(loaded.sample({"text": "a cat"}), pre.transform(manifest)[0])


def test_no_folder_of_something_else_is_overwritten(fitted, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    with pytest.raises(InputError, match="is not a saved graphfuse preprocessor"):
        fitted.save(tmp_path / "mine")
    assert (tmp_path / "mine/letter.txt").read_text() == "dear"
    with pytest.raises(InputError, match="is not a saved preprocessor"):
        Preprocessor.load(tmp_path / "mine")
