import configparser
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import graphfuse
from benchmarks.floors import floors as lowest_versions

ROOT = Path(__file__).parents[1]


def test_setup_cfg_holds_tool_sections_only():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    assert not {"metadata", "options"} & set(parser.sections())


def test_data_and_templates_are_packaged():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    package = ROOT / "graphfuse"
    patterns = project["tool"]["setuptools"]["package-data"]["graphfuse"]
    packaged = {path for pattern in patterns for path in package.glob(pattern)}
    needed = {p for p in package.rglob("*") if p.is_file() and p.suffix not in (".py", ".pyc")}
    assert needed <= packaged
    assert package / "report/templates/page.html.j2" in packaged
    assert graphfuse.__version__ in (ROOT / "CITATION.cff").read_text()


def test_the_repository_names_no_place_of_a_machine():
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout, so nothing says which files are its own")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    assert len(listed.stdout.split()) > 100
    prefixes = ["/" + word + "/" for word in ("work", "root")]
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix in (".npz", ".png", ".arrow") or not path.is_file():
            continue
        text = path.read_text()
        assert not any(prefix in text for prefix in prefixes), name


def floors(*arguments):
    command = [sys.executable, "benchmarks/floors.py", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_every_dependency_has_a_lowest_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    listed = lowest_versions(project)
    assert "torch==2.9" in listed
    assert len(listed) == len({line.partition("==")[0] for line in listed})
    with pytest.raises(SystemExit, match="each dependency is NAME>=VERSION"):
        lowest_versions({"dependencies": ["torch"], "optional-dependencies": {}})


def test_a_missing_interpreter_is_skipped_with_the_reason(tmp_path):
    done = floors("--floors", "--python", "python3.99", "--folder", str(tmp_path / "venv"))
    assert done.returncode == 0
    skipped = "skipped: the interpreter 'python3.99' is not installed or does not run"
    assert done.stdout.strip() == skipped
    assert not (tmp_path / "venv").exists()


def test_an_interpreter_that_does_not_run_is_skipped_with_the_reason(tmp_path):
    broken = tmp_path / "python3.99"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    done = floors("--python", str(broken), "--folder", str(tmp_path / "venv"))
    assert done.returncode == 0
    assert "is not installed or does not run" in done.stdout
