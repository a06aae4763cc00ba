from graphfuse.cli import main


def test_env_shows_versions(capsys):
    assert main(["env"]) == 0
    printed = capsys.readouterr().out
    assert "torch" in printed
    assert "cores" in printed
