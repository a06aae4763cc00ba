"""Print the lowest versions that pyproject.toml promises, as a constraints file for pip.

Tools for tests and docs are left out: their floors are a convenience, not a promise to users.
"""

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
TOOLS = ("docs", "test")


def floors(project):
    """Return ``name==lowest`` for each package that the project or an extra needs."""
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *(n for e in extras if e not in TOOLS for n in extras[e])]
    pairs = [re.fullmatch(r"([\w.-]+)>=([\w.]+)", one) for one in needed]
    assert all(pairs), f"each dependency is NAME>=VERSION, got {needed}"
    return sorted(f"{pair[1]}=={pair[2]}" for pair in pairs)


if __name__ == "__main__":
    print("\n".join(floors(tomllib.loads(PYPROJECT.read_text())["project"])))
