import json

import pytest

from graphfuse.cli import main

SHORT = ["--strategies", "majority,unimodal", "--folds", "2", "--quick", "--jobs", "1"]


def test_a_network_is_named_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GRAPHFUSE_CACHE", str(tmp_path / "cache"))
    words = ["red", "blue"]
    rows = [f"a {words[i % 2]} thing number {i},{i % 2}" for i in range(40)]
    (tmp_path / "things.csv").write_text("\n".join(["text,label", *rows]))
    command = [
        "compare", str(tmp_path / "things.csv"), "--encoder", "text=word_ids",
        "--network", "text=token_gru", "--strategies", "unimodal", "--folds", "2", "--jobs", "1",
        "--quick", "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    assert main(command) == 0
    capsys.readouterr()
    runs = [json.loads(p.read_text()) for p in (tmp_path / "out").rglob("*.json")]
    options = [r["run"]["options"] for r in runs if "run" in r]
    assert options == [{"encoders": {"text": "token_gru"}}] * 2
    assert main(["compare", "--datasets", "emoji", "--network", "text=gru"]) != 0
    assert "--network needs raw data, got features" in capsys.readouterr().err


def test_raw_data_are_shown_compared_and_resumed(pets, capsys):
    out = pets / "out"
    command = ["compare", str(pets / "pets.csv"), str(pets / "more.csv"), *SHORT]
    command += ["--column", "age=category", "--encoder", "said=tfidf", "--out", str(out)]
    assert main(command) == 0
    printed = capsys.readouterr().out
    for line in ("pets: 16 samples", "more: 16 samples", "said    text      said", "as given"):
        assert line in printed
    reported = json.loads((out / "comparison.json").read_text())["datasets"]
    assert reported["pets"]["origin"]["encoders"]["said"]["name"] == "tfidf"
    assert list(reported["more"]["origin"]["encoders"]["table"]["options"]["categories"]) == ["age"]
    times = {path: path.stat().st_mtime_ns for path in (out / "runs").glob("*/record.json")}
    assert len(times) == 2 * 2 * 3
    assert main(command) == 0
    assert {path: path.stat().st_mtime_ns for path in times} == times
    capsys.readouterr()


def test_options_go_to_the_raw_data_that_they_fit(pets, capsys):
    lines = [f"n{i} words,{i},{i % 2}" for i in range(16)]
    (pets / "other.csv").write_text("\n".join(["note,size,label", *lines]))
    out = pets / "out"
    command = ["compare", str(pets / "pets.csv"), str(pets / "other.csv"), *SHORT]
    fitting = ["--column", "age=category", "--column", "size=skip", "--encoder", "note=tfidf"]
    fitting += ["--clean", "drop_duplicates,normalise_text"]
    assert main([*command, *fitting, "--out", str(out)]) == 0
    reported = json.loads((out / "comparison.json").read_text())["datasets"]
    encoders = {name: reported[name]["origin"]["encoders"] for name in ("pets", "other")}
    assert {m: e["name"] for m, e in encoders["pets"].items()} == {
        "said": "ngrams", "table": "table",
    }  # fmt: skip
    assert list(encoders["pets"]["table"]["options"]["categories"]) == ["age"]
    assert {m: e["name"] for m, e in encoders["other"].items()} == {"note": "tfidf"}
    capsys.readouterr()
    for option, message in (
        ("--column=aeg=skip", "unknown column 'aeg'; did you mean 'age'? Known: age, label, note"),
        ("--encoder=nose=tfidf", "modality in encoders 'nose'; did you mean 'note'?"),
        ("--network=nose=gru", "modality in networks 'nose'; did you mean 'note'?"),
        ("--clean=trim_silence", "cleaning step 'trim_silence' is for audio, but there are none"),
    ):
        assert main([*command, option, "--out", str(out)]) == 2
        assert message in capsys.readouterr().err


def test_steps_of_cleaning_go_to_the_raw_data_that_hold_what_they_are_for(pets, capsys):
    (pets / "table.csv").write_text("\n".join(["a,label", *(f"{i},{i % 2}" for i in range(16))]))
    out = pets / "out"
    command = ["compare", str(pets / "pets.csv"), str(pets / "table.csv"), *SHORT]
    assert main([*command, "--clean", "normalise_text", "--out", str(out)]) == 0
    reported = json.loads((out / "comparison.json").read_text())["datasets"]
    steps = {n: [c["step"] for c in reported[n]["origin"]["changes"]] for n in ("pets", "table")}
    assert steps == {"pets": ["normalise_text"], "table": []}
    capsys.readouterr()


def test_augmentation_goes_to_the_raw_data_that_hold_such_items(pets, capsys):
    (pets / "table.csv").write_text("\n".join(["a,label", *(f"{i},{i % 2}" for i in range(16))]))
    out = pets / "out"
    command = ["compare", str(pets / "pets.csv"), str(pets / "table.csv"), *SHORT]
    command += ["--out", str(out)]
    assert main([*command, "--augment", "text=caption", "--augment", "copies=1"]) == 0
    reported = json.loads((out / "comparison.json").read_text())["datasets"]
    steps = {n: [c["step"] for c in reported[n]["origin"]["changes"]] for n in ("pets", "table")}
    assert steps == {"pets": ["augment"], "table": []}
    assert main([*command, "--augment", "audio=speech"]) == 2
    assert "augment changes items of kind 'audio', but there are none" in capsys.readouterr().err


def test_a_table_that_is_not_in_utf8_says_what_to_type(pets, capsys):
    (pets / "latin.csv").write_bytes("said,label\ngrüße,a\n".encode("cp1252") * 8)
    assert main(["compare", str(pets / "latin.csv"), *SHORT]) == 2
    error = capsys.readouterr().err
    line = f"datasets: [{{{pets / 'latin.csv'}: {{encoding: cp1252}}}}]"
    assert (
        "latin.csv is no UTF-8 in line 2 (byte 0xfc); save it as UTF-8, or name its encoding"
        in error
    )
    assert f"a file with the line {line}" in error
    rows = [f"grüße {i},{i % 2}" for i in range(16)]
    (pets / "latin.csv").write_bytes("\n".join(["said,label", *rows]).encode("cp1252"))
    (pets / "study.yaml").write_text(line)
    command = ["compare", "--config", str(pets / "study.yaml"), *SHORT, "--out", str(pets / "out")]
    assert main(command) == 0
    capsys.readouterr()


def test_raw_data_in_a_configuration(pets, capsys):
    file = pets / "study.yaml"
    file.write_text(
        f"datasets:\n  - {pets / 'pets.csv'}:\n      columns: {{age: category}}\n"
        f"      encoders: {{said: {{ngrams: {{nodes: text}}}}}}\nout: {pets / 'out'}\n"
    )
    assert main(["compare", "--config", str(file), "--column", "said=skip", *SHORT]) == 2
    assert "modality in encoders 'said'" in capsys.readouterr().err
    assert main(["compare", "--config", str(file), *SHORT]) == 0
    assert "age     category  table" in capsys.readouterr().out
    reported = json.loads((pets / "out" / "comparison.json").read_text())["datasets"]["pets"]
    assert reported["origin"]["encoders"]["said"]["options"]["nodes"] == "text"


@pytest.mark.parametrize("place", ["option", "configuration"])
def test_raw_data_are_cleaned_by_the_steps_that_are_named(pets, place):
    lines = (pets / "pets.csv").read_text().splitlines()
    (pets / "pets.csv").write_text("\n".join([*lines, lines[-1]]))
    source = [str(pets / "pets.csv"), "--clean", "drop_unreadable,drop_duplicates"]
    if place == "configuration":
        clean = "{clean: [drop_unreadable, {drop_duplicates: {near: false}}]}"
        (pets / "study.yaml").write_text(f"datasets: [{{{pets / 'pets.csv'}: {clean}}}]")
        source = ["--config", str(pets / "study.yaml")]
    assert main(["compare", *source, *SHORT, "--out", str(pets / "out")]) == 0
    reported = json.loads((pets / "out" / "comparison.json").read_text())["datasets"]["pets"]
    assert reported["origin"]["changes"][-1]["step"] == "drop_duplicates"
    assert reported["origin"]["changes"][-1]["samples"] == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--clean", "drop_duplicate"], "did you mean 'drop_duplicates'"),
        (["--column", "age=text", "--column", "age=skip"], "names 'age' twice: text and skip"),
        (["--column", "age"], "--column must be NAME=VALUE, got 'age'"),
        (["--column", "aeg=label"], "unknown column 'aeg'; did you mean 'age'"),
        (["--column", "age=labell"], "did you mean 'label'"),
        (["--encoder", "said=timm"], "unknown text encoder 'timm'"),
        (
            ["--encoder", "said=transformers:"],
            "encoder 'transformers' is followed by a colon, but no model",
        ),
        (
            ["--network", "said=transformers: "],
            "encoder network 'transformers' is followed by a colon",
        ),
        (["--encoder", "audio=mfcc"], "modality in encoders 'audio'"),
        (["--encoder", "text=resnet18"], "unknown text encoder 'resnet18'"),
        (["--task", "regresion"], "did you mean 'regression'"),  # codespell:ignore
    ],
)
def test_bad_options_of_raw_data_are_one_line(pets, capsys, more, message):
    assert main(["compare", str(pets / "pets.csv"), *SHORT, "--out", str(pets / "out"), *more]) == 2
    assert message in capsys.readouterr().err


def test_options_of_raw_data_need_raw_data(tmp_path, capsys):
    assert main(["compare", "emoji", "--column", "a=text", "--out", str(tmp_path)]) == 2
    assert "--column needs raw data, got features" in capsys.readouterr().err


def test_augmentation_is_named_on_the_command_line(pets, capsys):
    out = pets / "out"
    command = ["compare", str(pets / "pets.csv"), *SHORT, "--out", str(out)]
    command += ["--augment", "text=caption", "--augment", "copies=4"]
    assert main(command) == 0
    reported = json.loads((out / "comparison.json").read_text())
    assert reported["config"]["datasets"][0][str(pets / "pets.csv")]["augment"] == {
        "text": "caption",
        "copies": 4,
    }
    (change,) = reported["datasets"]["pets"]["origin"]["changes"]
    assert change["what"] == "4 copies of each of 16 samples to train on, said changed"
    capsys.readouterr()
    for given, message in (
        ("text=captions", "unknown augmentation of text 'captions'; did you mean 'caption'"),
        (
            "said=caption",
            "names modality 'said', of kind 'text', but augmentations are named by kind",
        ),
        ("copies=none", "copies must be an integer of at least 1"),
    ):
        assert main([*command[:-4], "--augment", given]) == 2
        assert message in capsys.readouterr().err
    assert main(["compare", "emoji", "--augment", "text=caption", "--out", str(out)]) == 2
    assert "--augment needs raw data" in capsys.readouterr().err


def test_an_encoder_is_named_for_a_kind_of_raw_data(pets, capsys):
    command = ["compare", str(pets / "pets.csv"), *SHORT, "--out", str(pets / "out")]
    for given, wanted in (
        (["text=tfidf"], "tfidf"),
        (["text=tfidf", "--encoder", "said=ngrams"], "ngrams"),
        (["said=ngrams", "--encoder", "text=tfidf"], "ngrams"),
    ):
        assert main([*command, "--encoder", *given]) == 0
        origin = json.loads((pets / "out" / "comparison.json").read_text())["datasets"]["pets"]
        assert origin["origin"]["encoders"]["said"]["name"] == wanted
    capsys.readouterr()


@pytest.mark.parametrize("place", ["option", "configuration"])
def test_the_task_of_raw_data_is_named(pets, place):
    rows = [f"a thing number {i},{1900 + i // 2}" for i in range(60)]
    (pets / "years.csv").write_text("\n".join(["said,label", *rows]))
    source = [str(pets / "years.csv"), "--task", "regression"]
    if place == "configuration":
        file = pets / "study.yaml"
        file.write_text(f"datasets: [{pets / 'years.csv'}]\ntask: regression")
        source = ["--config", str(file)]
    assert main(["compare", *source, *SHORT, "--out", str(pets / "out")]) == 0
    reported = json.loads((pets / "out" / "comparison.json").read_text())["datasets"]["years"]
    assert reported["task"] == "regression"


def test_a_built_in_dataset_knows_its_task(tmp_path, capsys):
    assert main(["compare", "emoji", "--task", "regression", "--out", str(tmp_path)]) == 2
    assert "--task needs raw data, got features" in capsys.readouterr().err


def test_the_task_can_be_given_on_the_command_line_and_in_a_file(tmp_path, capsys, caplog):
    rows = [f"{i % 7},{i % 3}" for i in range(40)]
    path = tmp_path / "marks.csv"
    path.write_text("\n".join(["x,label", *rows, "1,"]))
    for place, given in enumerate((["--task", "regression"], ["--config"])):
        out = tmp_path / f"out{place}"
        if place:
            (tmp_path / "study.yaml").write_text("task: regression\n")
            given = ["--config", str(tmp_path / "study.yaml")]
        command = ["compare", str(path), "--strategies", "majority", "--folds", "2", "--quick"]
        assert main([*command, *given, "--out", str(out)]) == 0
        assert "marks: 41 samples, 40 of 41 labelled" in capsys.readouterr().out
        facts = json.loads((out / "comparison.json").read_text())["datasets"]["marks"]
        assert (facts["task"], facts["samples"], facts["labelled"]) == ("regression", 41, 40)
        assert "40 of 41 labelled" in (out / "report.md").read_text()
    assert main(["inspect", str(path), "--task", "regression"]) == 0
    assert "the label is a number, from 0 to 2" in capsys.readouterr().out
    assert main(["inspect", str(path), "--task", "regresion"]) == 2  # codespell:ignore
    assert "did you mean 'regression'" in capsys.readouterr().err
