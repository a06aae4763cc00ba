"""Encode the cells of a manifest: each content once, kept, and found again."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from graphfuse._progress import progress_bar
from graphfuse.encoders._ahead import HEAVY, ahead, size_of
from graphfuse.encoders.choice import sources
from graphfuse.encoders.encoder import Encoder, Nodes, plain_options
from graphfuse.encoders.problems import Problem
from graphfuse.encoders.store import NodeStore, default_cache
from graphfuse.errors import FusionError, InputError, check_whole
from graphfuse.raw import Cell, Item, Manifest
from graphfuse.raw.manifest import ROWS

BLOCK = 128
"""Items of one file of the store: what a process that is killed loses at most."""

Block = Sequence[tuple[str, tuple[int, int]]]
"""Contents that are kept in one file, by digest, and the row and place of a cell of each."""

Done = tuple[dict[str, Nodes], dict[str, str]]
"""Nodes of contents, and why others could not be encoded, by digest."""


def encode_cells(
    manifest: Manifest,
    made: Mapping[str, Encoder],
    *,
    cache: str | Path | None = None,
    n_jobs: int = 1,
    device: str = "auto",
    keep: bool = True,
    progress: bool = True,
) -> tuple[dict[str, list[list[Nodes]]], list[Problem]]:
    """Return the nodes of each cell of each modality, and the cells that could not be read.

    Unless they are to be kept, nothing is read from the cache or written there.
    """
    if n_jobs != -1:
        check_whole("n_jobs, the processes at work (-1 for one a core),", n_jobs, 1)
    root = default_cache() if cache is None else Path(cache)
    nodes: dict[str, list[list[Nodes]]] = {}
    problems: list[Problem] = []
    for modality, encoder in made.items():
        cells = _Cells(manifest, sources(manifest)[modality])
        digests, reasons = cells.digests(progress)
        first: dict[str, tuple[int, int]] = {}
        for row, own in enumerate(digests):
            for place, digest in enumerate(own):
                if digest not in reasons:
                    first.setdefault(digest, (row, place))
        with progress_bar(
            desc=f"{modality} ({encoder.info.name})",
            unit="item",
            total=len(first),
            leave=False,
            progress=progress,
        ) as bar:
            store = NodeStore(root, encoder) if keep else None
            contents = list(first.items())
            found, failed = _fill(store, encoder.to(device), cells, contents, n_jobs, bar)
        reasons |= failed
        nodes[modality] = [[found[d] for d in own if d in found] for own in digests]
        problems += [
            Problem(str(manifest.ids[row]), modality, cells.where(row, place), reasons[digest])
            for row, own in enumerate(digests)
            for place, digest in enumerate(own)
            if digest not in found
        ]
    # A video that cannot be read has neither frames nor sound, and is one problem.
    return nodes, list({str(problem): problem for problem in problems}.values())


@dataclass(frozen=True)
class _Cells:
    """The cells of one modality, few of which are in memory at a time."""

    manifest: Manifest
    modality: str

    def digests(self, progress: bool) -> tuple[list[list[str]], dict[str, str]]:
        """Return the digest of each cell of each row, and why files could not be read.

        A file that cannot be read has its place in the list instead of a digest.
        """
        digests: list[list[str]] = []
        reasons: dict[str, str] = {}
        rows = progress_bar(
            self.manifest.each(self.modality),
            desc=f"{self.modality} (looking for new items)",
            unit="sample",
            total=len(self.manifest),
            leave=False,
            progress=progress,
        )
        for row, cells in enumerate(rows):
            digests.append([])
            for place, cell in enumerate(cells):
                try:
                    digest = _bare(cell).digest()
                except InputError as error:
                    digest = f"row {row}, cell {place}"
                    reasons[digest] = str(error)
                digests[-1].append(digest)
        return digests, reasons

    def read(self, block: Block) -> Iterator[tuple[str, Cell]]:
        """Yield the contents of a block, by digest."""
        for start in range(0, len(block), ROWS):
            part = block[start : start + ROWS]
            rows = self.manifest.cells(self.modality, [row for _, (row, _) in part])
            for (digest, (_, place)), cells in zip(part, rows, strict=True):
                yield digest, _bare(cells[place])

    def where(self, row: int, place: int) -> str:
        """Return what messages call a cell."""
        return self.manifest.cells(self.modality, [row])[0][place].where


def _bare(cell: Cell) -> Cell:
    """Return a cell without its place: many hold one content, and fail for one reason."""
    return replace(cell, where="")


def _fill(
    store: NodeStore | None,
    encoder: Encoder,
    cells: _Cells,
    contents: Block,
    n_jobs: int,
    bar: Any,
) -> Done:
    """Return the nodes of contents, encoded if not in the store, and why some could not be."""
    found = store.get(digest for digest, _ in contents) if store else {}
    reasons: dict[str, str] = {}
    made: set[str] = set()
    bar.update(len(found))
    # Blocks are cut from all contents, not from those still to do: what is computed together does
    # not depend on what was done before an interruption.
    blocks = [contents[start : start + BLOCK] for start in range(0, len(contents), BLOCK)]
    todo = [[content for content in block if content[0] not in found] for block in blocks]
    todo = [block for block in todo if block]
    for done, failed in _run(store, encoder, cells, todo, n_jobs, bar):
        reasons |= failed
        if store:
            made.update(done)
        else:
            found |= done
    if store:  # whose files are mapped into memory, and take none
        found |= store.get(made)
        reasons |= dict.fromkeys(made - set(found), f"its nodes are gone from {store.folder}")
    return found, reasons


def _run(
    store: NodeStore | None,
    encoder: Encoder,
    cells: _Cells,
    blocks: Sequence[Block],
    n_jobs: int,
    bar: Any,
) -> Iterator[Done]:
    from joblib import Parallel, delayed, effective_n_jobs

    processes = min(effective_n_jobs(n_jobs), len(blocks))
    if processes < 2 or (encoder.has_network and encoder.device != "cpu"):
        contents = itertools.chain.from_iterable(map(cells.read, blocks))
        yield from _encode_blocks(store, encoder, list(map(len, blocks)), contents, bar)
        return
    made, options = type(encoder), json.dumps(encoder.options)
    run = Parallel(n_jobs=processes, return_as="generator_unordered")
    for done in run(
        delayed(_encode_elsewhere)(store, made, options, encoder.device, list(cells.read(block)))
        for block in blocks
    ):
        bar.update(sum(map(len, done)))
        yield done


def _encode_elsewhere(
    store: NodeStore | None,
    made: type[Encoder],
    options: str,
    device: str,
    contents: Sequence[tuple[str, Cell]],
) -> Done:
    """Encode a block in a process of its own, on one thread beside the others."""
    torch.set_num_threads(1)
    encoder = _loaded(made, options, device)
    return next(_encode_blocks(store, encoder, [len(contents)], contents))


@functools.lru_cache(maxsize=8)
def _loaded(made: type[Encoder], options: str, device: str) -> Encoder:
    """Return an encoder, whose weights are so loaded once a process."""
    return made(**plain_options(json.loads(options))).to(device)


def _encode_blocks(
    store: NodeStore | None,
    encoder: Encoder,
    sizes: Sequence[int],
    contents: Iterable[tuple[str, Cell]],
    bar: Any = None,
) -> Iterator[Done]:
    """Encode blocks of so many contents; threads read the next items while these are computed."""
    together = encoder.batch_size
    read = ahead(functools.partial(_read, encoder), contents, most=together)
    for size in sizes:
        done: dict[str, Nodes] = {}
        reasons: dict[str, str] = {}
        items: dict[str, Item] = {}
        held = 0
        for number, (digest, item, reason) in enumerate(itertools.islice(read, size), 1):
            if reason is None:
                items[digest] = item
            else:
                reasons[digest] = reason
            held += size_of(item)
            if number % together == 0 or number == size or held > HEAVY:
                done |= _encode(encoder, items, reasons) if items else {}
                items, held = {}, 0
            if bar is not None:
                bar.update()
        if done and store:
            store.put(list(done), list(done.values()))
        yield done, reasons


def _read(encoder: Encoder, content: tuple[str, Cell]) -> tuple[str, Any, str | None]:
    """Return a content's digest, its item ready to be encoded, and why it cannot be read."""
    digest, cell = content
    try:
        item = cell.read()
    except InputError as error:
        return digest, None, str(error)
    try:
        return digest, encoder.prepare(item), None
    except InputError as error:
        return digest, None, str(error)
    except FusionError:
        raise
    except Exception as error:  # one odd item never stops the others
        name = type(error).__name__
        return digest, None, f"{encoder.info.name} cannot prepare it: {name}: {error}"


def _encode(
    encoder: Encoder, items: Mapping[str, Item], reasons: dict[str, str]
) -> dict[str, Nodes]:
    """Encode items together; where one of them is refused, each for itself."""
    try:
        return dict(zip(items, encoder.encode(list(items.values())), strict=True))
    except InputError as error:
        if len(items) == 1:
            reasons[next(iter(items))] = str(error)
            return {}
    return {
        digest: nodes
        for own, item in items.items()
        for digest, nodes in _encode(encoder, {own: item}, reasons).items()
    }
