"""The cache of encoded nodes, found by the content that they were computed from."""

from __future__ import annotations

import hashlib
import json
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save

from graphfuse._files import write_whole
from graphfuse.encoders.encoder import Encoder, Nodes
from graphfuse.errors import InputError

IDENTITY = "encoder.json"
SUFFIX = ".safetensors"
NAMES = ("digests", "counts", "x", "pos")
CHECKSUM = "crc32"
MAKE_ROOM = (
    "what was written before is kept: make room and start again, or name another folder, "
    "cache=... or the environment variable GRAPHFUSE_CACHE"
)


class NodeStore:
    """A folder of nodes that one encoder made, in files of many items each.

    An item is found under the SHA-256 of its content; the folder under the encoder's identity:
    weights and options included. A file is written completely or not at all. A damaged one,
    found by its checksum, is ignored, so that its items are encoded again.

    Example:
        >>> import tempfile
        >>> from graphfuse.encoders import create_encoder
        >>> store = NodeStore(tempfile.mkdtemp(), create_encoder("text", "ngrams"))
        >>> store.put(["0" * 64], [Nodes(torch.ones(2, 3), torch.zeros(2, 1))])
        >>> store.get(["0" * 64])["0" * 64].x.shape
        torch.Size([2, 3])
    """

    def __init__(self, root: str | Path, encoder: Encoder) -> None:
        identity = json.dumps(encoder.identity(), sort_keys=True, indent=1, default=str)
        key = hashlib.sha256(identity.encode()).hexdigest()[:16]
        name = f"{encoder.info.kind}-{encoder.info.name}-{key}"
        self.dtype = encoder.dtype
        self.folder = Path(root).resolve() / name
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(
                f"cannot store encoded nodes in {self.folder}: {error.strerror}; {MAKE_ROOM}"
            ) from None
        with write_whole(self.folder / IDENTITY, "encoded nodes", MAKE_ROOM) as work:
            work.write_text(identity, encoding="utf-8")

    def get(self, digests: Iterable[str]) -> dict[str, Nodes]:
        """Return the nodes of the items that are in the store."""
        wanted = set(digests)
        found: dict[str, Nodes] = {}
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            found |= _read(path, wanted)
        return found

    def put(self, digests: Sequence[str], nodes: Sequence[Nodes]) -> None:
        """Store the nodes of items in one file."""
        rows = [list(bytes.fromhex(digest)) for digest in digests]
        tensors = {
            "digests": torch.tensor(rows, dtype=torch.uint8),
            "counts": torch.tensor([len(one.x) for one in nodes]),
            "x": torch.cat([one.x for one in nodes]).to(self.dtype).contiguous(),
            "pos": torch.cat([one.pos for one in nodes]).float().contiguous(),
        }
        name = hashlib.sha256("".join(digests).encode()).hexdigest()[:32]
        content = save(tensors, {CHECKSUM: _checksum(tensors)})
        path, what = self.folder / f"{name}{SUFFIX}", f"{len(digests)} encoded items"
        with write_whole(path, what, MAKE_ROOM) as work:
            work.write_bytes(content)


def _read(path: Path, wanted: set[str]) -> dict[str, Nodes]:
    """Return the requested nodes from a file; none if it is damaged."""
    try:
        with safe_open(path, framework="pt") as file:
            names = [bytes(row).hex() for row in file.get_tensor("digests").numpy()]
            if not wanted.intersection(names):
                return {}
            tensors = {name: file.get_tensor(name) for name in NAMES}
            stored = (file.metadata() or {}).get(CHECKSUM)
    except Exception:  # of a damaged file, anything
        return {}
    if stored != _checksum(tensors):
        return {}
    counts = tensors["counts"].tolist()
    parts = (torch.split(tensors[name], counts) for name in ("x", "pos"))
    rows = zip(names, *parts, strict=True)
    return {name: Nodes(x, pos) for name, x, pos in rows if name in wanted}


def _checksum(tensors: Mapping[str, torch.Tensor]) -> str:
    """Return the CRC-32 of all tensors with their types and shapes."""
    checksum = 0
    for name in NAMES:
        tensor = tensors[name]
        checksum = zlib.crc32(f"{name} {tensor.dtype} {list(tensor.shape)}".encode(), checksum)
        checksum = zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data, checksum)
    return f"{checksum:08x}"


def default_cache(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the default folder of the cache.

    ``GRAPHFUSE_CACHE``, or ``graphfuse`` in the user's folder for caches.

    Example:
        >>> default_cache({"GRAPHFUSE_CACHE": "/data/nodes"}).as_posix()
        '/data/nodes'
    """
    if environment.get("GRAPHFUSE_CACHE"):
        return Path(environment["GRAPHFUSE_CACHE"])
    home = environment.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "graphfuse"
