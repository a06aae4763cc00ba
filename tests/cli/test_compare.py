import json

import pytest

from graphfuse.cli import main
from graphfuse.cli.compare import read_config
from graphfuse.errors import InputError, UnknownNameError


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
        ("[1, 2]", InputError, "must hold settings by name, got a list"),
        ("a: [", InputError, "is not valid YAML"),
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
        (["--jobs", "0"], "n_jobs must be a number of processes"),
        (["--strategies", ","], "at least one strategy"),
        (["--out", "/proc/none"], "cannot write results into"),
        (["--folds", "1"], "folds must be an integer of at least 2"),
        (["--match-parameters", "0"], "match_parameters must be an integer of at least 1"),
    ],
)
def test_bad_values_are_one_line(tmp_path, capsys, arguments, message):
    command = ["compare", "--datasets", "planted/xor", "--strategies", "majority"]
    assert main([*command, "--out", str(tmp_path), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_a_config_that_is_no_text(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not a text file in UTF-8"):
        read_config(str(tmp_path / "x.yaml"))


def test_a_missing_config():
    with pytest.raises(InputError, match="cannot read the configuration"):
        read_config("no-such-file.yaml")


def test_yaml_builds_no_objects(tmp_path):
    file = tmp_path / "study.yaml"
    file.write_text("out: !!python/object/apply:os.system ['true']")
    with pytest.raises(InputError, match="is not valid YAML"):
        read_config(str(file))


def test_the_number_of_processes_has_two_names(tmp_path):
    file = tmp_path / "study.yaml"
    for name in ("jobs", "n_jobs"):
        file.write_text(f"{name}: 3")
        assert read_config(str(file)) == {"n_jobs": 3}
    file.write_text("jobs: 3\nn_jobs: 2")
    with pytest.raises(InputError, match="jobs and n_jobs, which mean the same"):
        read_config(str(file))


@pytest.mark.parametrize("option", ["--jobs", "--n-jobs", "--n_jobs"])
def test_the_number_of_processes_on_the_command_line(tmp_path, capsys, option):
    command = ["compare", "planted/xor", "--strategies", "majority", "--out", str(tmp_path)]
    assert main([*command, option, "0"]) == 2
    assert "n_jobs must be a number of processes" in capsys.readouterr().err


def test_usual_names_lead_to_the_names_here(tmp_path, capsys):
    command = ["compare", "planted/xor", "--out", str(tmp_path), "--strategies"]
    for given, wanted in (
        (["late"], "did you mean 'mean_prob', 'weighted_sum' or 'stacking'?"),
        (["gat"], "did you mean 'graph:gatv2' or 'graph:rgat'?"),
        (["concat", "--metric", "acc"], "did you mean 'accuracy'?"),
    ):
        assert main([*command, *given]) == 2
        assert wanted in capsys.readouterr().err
