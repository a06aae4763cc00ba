import subprocess
import sys

from graphfuse.cli import main


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

    monkeypatch.setattr("graphfuse.cli.report.run", denied)
    assert main(["report", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith("graphfuse: error: secret: Permission denied; ")


def test_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "graphfuse", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "compare" in done.stdout
