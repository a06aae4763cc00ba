import pytest

from graphfuse.cli import main


@pytest.mark.parametrize("command", ["inspect", "preview"])
def test_features_that_are_built_in_are_no_raw_data(capsys, command):
    assert main([command, "emoji"]) == 2
    assert "'emoji' is a dataset of features, not of raw samples" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["inspect", "preview"])
def test_the_task_of_raw_data_is_named(pets, capsys, command):
    out = ["--out", str(pets / "page.html")] if command == "preview" else []
    for task, status in (("multiclass", 0), ("multiclas", 2)):
        assert main([command, str(pets / "pets.csv"), "--task", task, *out]) == status
    assert "did you mean 'multiclass'" in capsys.readouterr().err
