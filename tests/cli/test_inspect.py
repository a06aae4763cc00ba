import pytest

from graphfuse.cli import main


@pytest.mark.parametrize("command", ["inspect", "preview"])
def test_features_that_are_built_in_are_no_raw_data(capsys, command):
    assert main([command, "emoji"]) == 2
    assert "'emoji' is a dataset of features, not of raw samples" in capsys.readouterr().err
