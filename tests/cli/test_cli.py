import json
import re
import subprocess
import sys

import pytest

from graphfuse.cli import main
from graphfuse.cli.compare import read_config
from graphfuse.errors import InputError, UnknownNameError


def test_list_shows_what_there_is(capsys):
    for what, expected in (
        ("strategies", ("graph:hgt/no_edges", "unimodal:<modality>", "https://arxiv.org")),
        ("datasets", ("emoji", "image + text", "CC BY 4.0", "planted/binding")),
        ("relations", ("k_nearest", "co_occurrence", "temporal")),
        ("encoders", ("ngrams", "histogram", "mfcc", "windows", "graphfuse[encoders]")),
        ("networks", ("cnn", "Convolve an image", "channels=64")),
        ("metrics", ("acc2_non0", "lower", "0..", "precision/<class>", "binary, multiclass")),
        ("augmentations", ("image  photo", "crop, flip", "caption", "swap, delete")),
        ("cleaning", ("trim_silence", "off both ends of every sound.  ", "below=40.0")),
    ):
        assert main(["list", what]) == 0
        printed = capsys.readouterr().out
        for word in expected:
            assert word in printed


def test_env_shows_versions(capsys):
    assert main(["env"]) == 0
    printed = capsys.readouterr().out
    assert "torch" in printed
    assert "cores" in printed


def test_compare_then_report(tmp_path, capsys):
    out = tmp_path / "out"
    arguments = [
        "compare", "--datasets", "planted/xor", "--strategies", "majority, concat", "--folds", "2",
        "--quick", "--jobs", "1", "--out", str(out),
    ]  # fmt: skip
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "planted/xor" in printed
    assert str(out / "report.html") in printed
    (out / "report.html").unlink()
    assert main(["report", str(out)]) == 0
    assert (out / "report.html").is_file()


def test_errors_are_one_line_and_status_2(tmp_path, capsys):
    assert main(["compare", "--datasets", "emojy", "--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("graphfuse: error: unknown dataset")
    assert "did you mean 'emoji'" in error
    assert "stamps" in error
    for command in ("compare", "inspect", "preview"):
        assert main([command, "stampz"]) == 2
        assert "(and no such path) 'stampz'; did you mean 'stamps'?" in capsys.readouterr().err
    assert main(["report", str(tmp_path)]) == 2
    assert "run graphfuse compare" in capsys.readouterr().err


def test_a_path_without_permission_is_one_line(tmp_path, capsys, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(13, "Permission denied", "secret")

    monkeypatch.setattr("pathlib.Path.is_dir", denied)
    assert main(["report", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("graphfuse: error: secret: Permission denied; ")


def test_config(tmp_path, capsys):
    file = tmp_path / "study.yaml"
    file.write_text(
        "datasets: [{planted/xor: {n: 40}}]\nstrategies: majority, concat\nfolds: 3\n"
        f"recipe: {{epochs: 1}}\njobs: 1\nout: {tmp_path / 'out'}\n"
    )
    assert main(["compare", "--config", str(file), "--folds", "2"]) == 0
    assert len(list((tmp_path / "out" / "runs").glob("*"))) == 4
    capsys.readouterr()


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("strategys: [concat]", UnknownNameError, "did you mean 'strategies'"),
        ("[1, 2]", InputError, "holds settings by name, got a list"),
        ("a: [", InputError, "is no valid YAML"),
    ],
)
def test_config_errors(tmp_path, text, error, message):
    file = tmp_path / "study.yaml"
    file.write_text(text)
    with pytest.raises(error, match=message):
        read_config(str(file))


def test_match_parameters_on_the_command_line_and_in_a_config(tmp_path, capsys):
    file = tmp_path / "study.yaml"
    file.write_text(
        "datasets: [{planted/xor: {n: 40}}]\nstrategies: [concat]\nfolds: 2\njobs: 1\n"
        f"match_parameters: 5000\nrecipe: {{epochs: 1, modality_dropout: 0.2}}\n"
        f"out: {tmp_path / 'out'}\n"
    )
    for more, wanted in (([], 5000), (["--match-parameters", "9000"], 9000)):
        assert main(["compare", "--config", str(file), *more]) == 0
        config = json.loads((tmp_path / "out" / "comparison.json").read_text())["config"]
        assert config["match_parameters"] == wanted
        assert config["recipe"]["modality_dropout"] == 0.2
    counts = [
        json.loads(path.read_text())["cost"]["parameters"]
        for path in (tmp_path / "out" / "runs").glob("*/record.json")
    ]
    assert len(set(counts)) == 2
    capsys.readouterr()


def test_quick_keeps_the_rest_of_the_recipe(tmp_path, capsys):
    file = tmp_path / "study.yaml"
    file.write_text(
        "datasets: [{planted/xor: {n: 40}}]\nstrategies: [concat]\nfolds: 2\njobs: 1\n"
        f"recipe: {{epochs: 20, batch_size: 8, learning_rate: 1e-2}}\nout: {tmp_path / 'out'}\n"
    )
    assert main(["compare", "--config", str(file), "--quick"]) == 0
    recipe = json.loads((tmp_path / "out" / "comparison.json").read_text())["config"]["recipe"]
    assert (recipe["epochs"], recipe["batch_size"], recipe["learning_rate"]) == (3, 8, 0.01)
    capsys.readouterr()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--jobs", "0"], "n_jobs is a number of processes"),
        (["--strategies", ","], "at least one strategy"),
        (["--out", "/proc/none"], "cannot write results into"),
        (["--folds", "1"], "folds is a whole number of at least 2"),
        (["--match-parameters", "0"], "match_parameters is a whole number of at least 1"),
    ],
)
def test_bad_values_are_one_line(tmp_path, capsys, arguments, message):
    command = ["compare", "--datasets", "planted/xor", "--strategies", "majority"]
    assert main([*command, "--out", str(tmp_path), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_report_goes_into_an_html_file(tmp_path, capsys):
    for out in ("report.pdf", str(tmp_path)):
        assert main(["report", str(tmp_path), "--out", out]) == 2
        assert "--out names the HTML file" in capsys.readouterr().err


def test_a_config_that_is_no_text(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="no text in UTF-8"):
        read_config(str(tmp_path / "x.yaml"))


def test_config_that_is_not_there():
    with pytest.raises(InputError, match="cannot read the configuration"):
        read_config("no-such-file.yaml")


def test_yaml_builds_no_objects(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text("out: !!python/object/apply:os.system ['true']")
    with pytest.raises(InputError, match="is no valid YAML"):
        read_config(str(file))


def test_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "graphfuse", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "compare" in done.stdout


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
    assert "--network: for raw data, of which there is none" in capsys.readouterr().err


@pytest.fixture
def pets(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAPHFUSE_CACHE", str(tmp_path / "cache"))
    rows = [f"a {pet} sat on mat {i},{i},{pet}" for i in range(8) for pet in ("cat", "dog")]
    for name in ("pets.csv", "more.csv"):
        (tmp_path / name).write_text("\n".join(["said,age,label", *rows]))
    return tmp_path


SHORT = ["--strategies", "majority,unimodal", "--folds", "2", "--quick", "--jobs", "1"]


def test_raw_data_are_shown_compared_and_resumed(pets, capsys):
    out = pets / "out"
    command = ["compare", str(pets / "pets.csv"), str(pets / "more.csv"), *SHORT]
    command += ["--column", "age=category", "--encoder", "said=tfidf", "--out", str(out)]
    assert main(command) == 0
    printed = capsys.readouterr().out
    for line in ("pets: 16 samples", "more: 16 samples", "said    text      said", "as told"):
        assert line in printed
    told = json.loads((out / "comparison.json").read_text())["datasets"]
    assert told["pets"]["origin"]["encoders"]["said"]["name"] == "tfidf"
    assert list(told["more"]["origin"]["encoders"]["table"]["options"]["categories"]) == ["age"]
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
    told = json.loads((out / "comparison.json").read_text())["datasets"]
    encoders = {name: told[name]["origin"]["encoders"] for name in ("pets", "other")}
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
        ("--clean=trim_silence", "cleaning step 'trim_silence' is for audio, of which there is no"),
    ):
        assert main([*command, option, "--out", str(out)]) == 2
        assert message in capsys.readouterr().err


def test_steps_of_cleaning_go_to_the_raw_data_that_hold_what_they_are_for(pets, capsys):
    (pets / "table.csv").write_text("\n".join(["a,label", *(f"{i},{i % 2}" for i in range(16))]))
    out = pets / "out"
    command = ["compare", str(pets / "pets.csv"), str(pets / "table.csv"), *SHORT]
    assert main([*command, "--clean", "normalise_text", "--out", str(out)]) == 0
    told = json.loads((out / "comparison.json").read_text())["datasets"]
    steps = {n: [c["step"] for c in told[n]["origin"]["changes"]] for n in ("pets", "table")}
    assert steps == {"pets": ["normalise_text"], "table": []}
    capsys.readouterr()


def test_augmentation_goes_to_the_raw_data_that_hold_such_items(pets, capsys):
    (pets / "table.csv").write_text("\n".join(["a,label", *(f"{i},{i % 2}" for i in range(16))]))
    out = pets / "out"
    command = ["compare", str(pets / "pets.csv"), str(pets / "table.csv"), *SHORT]
    command += ["--out", str(out)]
    assert main([*command, "--augment", "text=caption", "--augment", "copies=1"]) == 0
    told = json.loads((out / "comparison.json").read_text())["datasets"]
    steps = {n: [c["step"] for c in told[n]["origin"]["changes"]] for n in ("pets", "table")}
    assert steps == {"pets": ["augment"], "table": []}
    assert main([*command, "--augment", "audio=speech"]) == 2
    assert (
        "augment changes items of kind 'audio', of which there is none" in capsys.readouterr().err
    )


def test_a_table_that_is_not_in_utf8_says_what_to_type(pets, capsys):
    (pets / "latin.csv").write_bytes("said,label\ngrüße,a\n".encode("cp1252") * 8)
    assert main(["compare", str(pets / "latin.csv"), *SHORT]) == 2
    error = capsys.readouterr().err
    line = f"datasets: [{{{pets / 'latin.csv'}: {{encoding: cp1252}}}}]"
    assert "latin.csv is no UTF-8 in line 2 (byte 0xfc); save it as UTF-8, or say what" in error
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
    told = json.loads((pets / "out" / "comparison.json").read_text())["datasets"]["pets"]
    assert told["origin"]["encoders"]["said"]["options"]["nodes"] == "text"


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
    told = json.loads((pets / "out" / "comparison.json").read_text())["datasets"]["pets"]
    assert told["origin"]["changes"][-1]["step"] == "drop_duplicates"
    assert told["origin"]["changes"][-1]["samples"] == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--clean", "drop_duplicate"], "did you mean 'drop_duplicates'"),
        (["--column", "age=text", "--column", "age=skip"], "names 'age' twice: text and skip"),
        (["--column", "age"], "--column takes NAME=VALUE, got 'age'"),
        (["--column", "aeg=label"], "unknown column 'aeg'; did you mean 'age'"),
        (["--column", "age=labell"], "did you mean 'label'"),
        (["--encoder", "said=timm"], "unknown text encoder 'timm'"),
        (["--encoder", "said=transformers:"], "encoder 'transformers' is given a model without a"),
        (["--network", "said=transformers: "], "encoder network 'transformers' is given a model"),
        (["--encoder", "text=ngrams"], "modality in encoders 'text'"),
    ],
)
def test_bad_options_of_raw_data_are_one_line(pets, capsys, more, message):
    assert main(["compare", str(pets / "pets.csv"), *SHORT, "--out", str(pets / "out"), *more]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", ["inspect", "preview"])
def test_features_that_are_built_in_are_no_raw_data(capsys, command):
    assert main([command, "emoji"]) == 2
    assert "'emoji' is a dataset of features, not of raw samples" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["samples", "versions", "seed"])
def test_bad_numbers_of_a_preview_are_one_line(pets, capsys, option):
    assert main(["preview", str(pets / "pets.csv"), f"--{option}", "-1"]) == 2
    assert f"--{option} is a whole number of at least" in capsys.readouterr().err


def test_a_preview_of_what_there_is_not_is_an_error(pets, capsys):
    command = ["preview", str(pets / "pets.csv"), "--augment", "image=photo"]
    assert main([*command, "--out", str(pets / "page.html")]) == 2
    assert "of kind 'image', of which there is none" in capsys.readouterr().err
    assert not (pets / "page.html").exists()


def test_options_of_raw_data_need_raw_data(tmp_path, capsys):
    assert main(["compare", "emoji", "--column", "a=text", "--out", str(tmp_path)]) == 2
    assert "--column: for raw data, of which there is none" in capsys.readouterr().err


def test_augmentation_is_named_on_the_command_line(pets, capsys):
    out = pets / "out"
    command = ["compare", str(pets / "pets.csv"), *SHORT, "--out", str(out)]
    command += ["--augment", "text=caption", "--augment", "copies=4"]
    assert main(command) == 0
    told = json.loads((out / "comparison.json").read_text())
    assert told["config"]["datasets"][0][str(pets / "pets.csv")]["augment"] == {
        "text": "caption",
        "copies": 4,
    }
    (change,) = told["datasets"]["pets"]["origin"]["changes"]
    assert change["what"] == "4 copies of each of 16 samples to train on, said changed"
    capsys.readouterr()
    for given, message in (
        ("text=captions", "unknown augmentation of text 'captions'; did you mean 'caption'"),
        ("said=caption", "names modality 'said', of kind 'text', but changes all items"),
        ("copies=none", "copies is a whole number of at least 1"),
    ):
        assert main([*command[:-4], "--augment", given]) == 2
        assert message in capsys.readouterr().err
    assert main(["compare", "emoji", "--augment", "text=caption", "--out", str(out)]) == 2
    assert "--augment: for raw data" in capsys.readouterr().err


def test_the_preview_shows_the_copies_that_compare_would_use(pets, capsys):
    from graphfuse.raw import read_manifest
    from graphfuse.raw.augment import Augmentation, add_copies

    manifest = read_manifest(pets / "pets.csv")
    augmentation = Augmentation.of({"text": {"delete": [0.5, 0.5], "probability": 1.0}})
    from graphfuse.report.preview import to_preview

    page = to_preview(manifest, augmentation, 16, 3)
    shown = re.sub(r"<mark[^>]*></mark>|<[^>]+>", "", page)
    for cells in add_copies(manifest, augmentation).cells("said")[16:]:
        assert re.sub(r"\s+", " ", cells[0].read()) in re.sub(r"\s+", " ", shown)
