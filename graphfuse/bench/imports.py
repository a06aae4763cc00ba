"""The source files that a module imports, and a hash of them that comments do not change."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib.util
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

SAVING = (
    "graphfuse._card", "graphfuse._hub", "graphfuse.encoders.preprocessor",
    "graphfuse.fusion.card",
)  # fmt: skip
"""Modules that save, load and describe strategies; no run depends on them."""

BY_NAME = ("graphfuse.fusion", "graphfuse.data.catalog", "graphfuse.raw", "graphfuse.report")
"""Packages of which a run uses only the entries that it names, such as strategies and datasets."""

LOGGED = ("debug", "info", "warning", "error", "exception", "log", "warn")
"""Methods that log or warn, which change no result."""


def closure(modules: Iterable[str]) -> dict[str, Path]:
    """Return the source files that modules import, directly and through others, by module.

    A name that is imported from a package leads to the file that defines it, so that a package
    does not stand for all its files. Installed packages and the standard library are left out, but
    for graphfuse itself, and so are imports for type checkers alone and files that only save
    (:data:`SAVING`). A file with a registry depends on all modules of the registry's package.

    Args:
        modules: full names.

    Example:
        >>> files = closure(["graphfuse.stats.holm"])
        >>> "graphfuse.stats.holm" in files, "graphfuse.stats.ties" in files
        (True, False)
    """
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = None if name in found or name in SAVING else source_of(name)
        if path is not None:
            found[name] = path
            modified = path.stat().st_mtime_ns
            waiting += _imports(name, path, modified)
            waiting += _registered(path, modified)
    return found


def digest_of(files: Iterable[Path]) -> str:
    """Return a SHA-256 of the code of files, see :func:`code_of`."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(code_of(path).encode("utf-8", "replace"))
    return digest.hexdigest()


@functools.cache
def _code(path: Path, modified: int) -> str:
    return ast.dump(_Bare().visit(ast.parse(path.read_bytes())))


def code_of(path: Path) -> str:
    """Return the code of a file without the parts that cannot change a result.

    These are comments, docstrings, log messages, and the messages of errors. A file that cannot be
    parsed counts by its bytes.
    """
    try:
        return _code(path, path.stat().st_mtime_ns)
    except (SyntaxError, ValueError, RecursionError):
        return path.read_bytes().hex()


def source_of(module: str) -> Path | None:
    """Return the source file of a module of graphfuse or of the user's own; None for others."""
    top, *parts = module.split(".")
    if module in sys.modules:
        file = getattr(sys.modules[module], "__file__", None)
    elif top in sys.stdlib_module_names or _top_file(top) is None:
        return None
    else:
        file = _file_below(Path(str(_top_file(top))), parts)
    if not file or not str(file).endswith(".py"):
        return None
    path = Path(file).resolve()
    if top != "graphfuse" and _is_installed(path):
        return None
    return path if path.is_file() else None


def _top_file(name: str) -> str | None:
    """Return the file of a top-level module, which is found without importing anything."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        return getattr(loaded, "__file__", None)
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, AttributeError, ValueError):
        return None
    return None if spec is None else spec.origin


def _file_below(top: Path, parts: Sequence[str]) -> Path | None:
    """Return the file of a module in a package, given the file of the package."""
    if not parts:
        return top
    path = top.parent.joinpath(*parts)
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def _is_installed(path: Path) -> bool:
    """Whether a file belongs to the standard library or an installed package."""
    if "site-packages" in path.parts or "dist-packages" in path.parts:
        return True
    library = (Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))
    return any(path.is_relative_to(folder) for folder in library)


@functools.cache
def _imports(module: str, path: Path, modified: int) -> tuple[str, ...]:
    """Return the full names of the modules that a file imports."""
    return tuple(dict.fromkeys(_imported(module, path)))


def _imported(module: str, path: Path) -> Iterator[str]:
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in _at_runtime(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            for alias in node.names:
                yield _defining(base, alias.name)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return str(node.module)
    parent = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*parent, *([node.module] if node.module else [])])


def _defining(base: str, name: str) -> str:
    """Return the module that defines a name of another module, as far as imports show it."""
    if source_of(f"{base}.{name}") is not None:
        return f"{base}.{name}"
    path = source_of(base)
    if path is None or path.name != "__init__.py":
        return base
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _defining(_absolute(node, base), alias.name)
    return base


def _at_runtime(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all nodes but those under ``if TYPE_CHECKING``."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            for other in node.orelse:
                yield other
                yield from _at_runtime(other)
            continue
        yield node
        yield from _at_runtime(node)


@functools.cache
def _registered(path: Path, modified: int) -> tuple[str, ...]:
    """Return the modules that the registries of a file find, but those of :data:`BY_NAME`."""
    packages = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and "Registry" in ast.dump(node.func) and len(node.args) > 1:
            package = node.args[1]
            if isinstance(package, ast.Constant) and isinstance(package.value, str):
                packages.append(package.value)
    return tuple(name for package in packages for name in modules_of(package))


def modules_of(package: str) -> list[str]:
    """Return the names of all modules of a package; none for those of :data:`BY_NAME`."""
    path = source_of(package)
    if path is None or any(package == own or package.startswith(f"{own}.") for own in BY_NAME):
        return []
    folder = path.parent
    return [
        ".".join([package, *file.relative_to(folder).with_suffix("").parts]).removesuffix(
            ".__init__"
        )
        for file in sorted(folder.rglob("*.py"))
    ]


class _Bare(ast.NodeTransformer):
    """Remove docstrings, logging and the arguments of raised errors."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        if isinstance(node.value, ast.Constant):
            return None
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
            owner = call.func.value
            named = isinstance(owner, ast.Name) and owner.id in ("logger", "logging", "warnings")
            if named and call.func.attr in LOGGED:
                return None
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if isinstance(node.exc, ast.Call):
            return ast.Raise(exc=node.exc.func, cause=None)
        return ast.Raise(exc=node.exc, cause=None)
