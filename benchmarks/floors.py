"""Test with the lowest versions that pyproject.toml promises, or with another Python.

``python benchmarks/floors.py --python python3.11 --floors`` sets up an environment of its own and
runs the tests that are not slow. It needs the standard library alone. An interpreter or a package
that cannot be had here is skipped with its reason; versions that exclude each other are an error.
Versions of tools for tests and docs are left open: their floors promise nothing to users.
"""

import argparse
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
TOOLS = ("docs", "test")
NOT_TO_BE_HAD = re.compile(r"No matching distribution found.*|Could not fetch URL.*|.*Errno.*")


def floors(project):
    """Return ``name==lowest`` for each package that the project or an extra of it needs."""
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *(n for e in extras if e not in TOOLS for n in extras[e])]
    pairs = [re.fullmatch(r"([\w.-]+)>=([\w.]+)", one) for one in needed]
    if not all(pairs):
        sys.exit(f"each dependency is NAME>=VERSION, got {needed}")
    return sorted(f"{pair[1]}=={pair[2]}" for pair in pairs)


def skip(reason):
    """Say why nothing was tested, and end well."""
    print(f"skipped: {reason}")
    sys.exit(0)


def main():
    """Set up, install, test."""
    parser = argparse.ArgumentParser("python benchmarks/floors.py", description=__doc__)
    parser.add_argument("--python", default="python3.11", help="interpreter (python3.11)")
    parser.add_argument("--floors", action="store_true", help="install the lowest versions")
    parser.add_argument("--folder", type=Path, default=ROOT / ".venv-floor")
    parser.add_argument("tests", nargs="*", default=[], help="arguments of pytest")
    given = parser.parse_args()
    lowest = floors(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"])
    interpreter = shutil.which(given.python)
    if interpreter is None or subprocess.run([interpreter, "--version"], check=False).returncode:
        skip(f"the interpreter {given.python!r} is not installed or does not run")
    python = str(given.folder / "bin/python")
    if not Path(python).exists():
        subprocess.run([interpreter, "-m", "venv", str(given.folder)], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--upgrade", "pip"], check=True)
    install = [python, "-m", "pip", "install", "-e", f"{ROOT}[test]"]
    if given.floors:
        constraints = given.folder / "constraints.txt"
        constraints.write_text("\n".join(lowest) + "\n")
        print(constraints.read_text())
        install += ["-c", str(constraints)]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        missing = NOT_TO_BE_HAD.search(done.stderr)
        if missing and "ResolutionImpossible" not in done.stderr:
            skip(missing[0])
        sys.exit(done.stderr[-3000:])
    subprocess.run([python, "-m", "pip", "list"], check=True)
    tests = given.tests or ["-m", "not slow", "-n", "2"]
    sys.exit(
        subprocess.run([python, "-m", "pytest", "-q", *tests], check=False, cwd=ROOT).returncode
    )


if __name__ == "__main__":
    main()
