"""Which code a run's result depends on."""

from __future__ import annotations

import functools
import hashlib
import inspect
from importlib import metadata
from pathlib import Path

from graphfuse.fusion import strategy_info

ROOT = Path(__file__).parents[1]
SHARED = (
    *(f"{room}/**/*.py" for room in ("data", "graph", "nn", "training", "bench")),
    *("fusion/*.py", "fusion/*/_*.py"),
    *("encoders/huggingface.py", "encoders/weights.py"),
    *("encoders/image/timm.py", "encoders/text/transformers.py"),
)
"""Everything that runs count on, but for the files of single strategies: adding one of these
leaves stored runs of the others valid."""


def code_digest(strategy: str) -> str:
    """Return a SHA-256 of the source that computes a strategy's result.

    That is the rooms that every strategy runs on, the files of the strategy's own classes, and
    the version of torch: a stored result of other code is not taken for this one's.

    Example:
        >>> code_digest("concat") == code_digest("concat") != code_digest("mean_prob")
        True
    """
    digest = hashlib.sha256(_shared().encode())
    make = strategy_info(strategy).make
    for cls in inspect.getmro(make) if inspect.isclass(make) else (make,):
        if not getattr(cls, "__module__", "").startswith(("torch.", "builtins")):
            digest.update(_source(cls).encode())
    return digest.hexdigest()


@functools.lru_cache(maxsize=1)
def _shared() -> str:
    digest = hashlib.sha256(metadata.version("torch").encode())
    for file in sorted({file for pattern in SHARED for file in ROOT.glob(pattern)}):
        digest.update(file.relative_to(ROOT).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _source(thing: object) -> str:
    """Return the text of the file that defines a class, or what identifies it without one."""
    try:
        return Path(inspect.getfile(thing)).read_text()  # type: ignore[arg-type]
    except (OSError, TypeError):
        pass
    parts = [repr(thing)]  # typed at a prompt: what was compiled
    for name, value in sorted(vars(thing).items()):
        if inspect.isfunction(value):
            code = value.__code__
            parts.append(f"{name} {code.co_code.hex()} {code.co_consts!r} {code.co_names!r}")
    return "\n".join(parts)
