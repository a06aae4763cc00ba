"""Encode the cells of a manifest, each content once, with a cache."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graphfuse._progress import progress_bar
from graphfuse._threads import one_thread
from graphfuse._workers import end_with_parent
from graphfuse.encoders._ahead import HEAVY, ahead, size_of
from graphfuse.encoders.choice import sources
from graphfuse.encoders.encoder import Encoder, Nodes, plain_options
from graphfuse.encoders.problems import LostColumn, Problem, check_lost
from graphfuse.encoders.scan import Block, Cells
from graphfuse.encoders.store import NodeStore, default_cache
from graphfuse.errors import FusionError, InputError, check_integer
from graphfuse.raw import Cell, Item, Manifest

BLOCK = 128
"""Items per file of the cache: what a process that is killed loses at most."""

Done = tuple[dict[str, Nodes], dict[str, str]]
"""Nodes of contents, and why others could not be encoded, by digest."""


@dataclass(frozen=True)
class EncodedCells:
    """Nodes of each cell of each sample by modality, and what could not be read."""

    nodes: dict[str, list[list[Nodes]]]
    problems: list[Problem]
    lost: list[LostColumn]

    @property
    def single_problems(self) -> list[Problem]:
        """Problems of cells whose column is not lost as a whole."""
        lost = {column.column for column in self.lost}
        return [problem for problem in self.problems if problem.column not in lost]


def encode_cells(
    manifest: Manifest,
    made: Mapping[str, Encoder],
    *,
    cache: str | Path | None = None,
    n_jobs: int = 1,
    device: str = "auto",
    keep: bool = True,
    progress: bool = True,
    allow_missing_modality: bool = False,
) -> EncodedCells:
    """Return the nodes of each cell of each modality, and the cells that could not be read.

    Unless ``keep``, nothing is read from the cache or written there.

    Raises:
        InputError: no cell of a column can be read, unless ``allow_missing_modality``.
    """
    if n_jobs != -1:
        check_integer("n_jobs, the processes at work (-1 for one per core),", n_jobs, 1)
    root = default_cache() if cache is None else Path(cache)
    nodes: dict[str, list[list[Nodes]]] = {}
    problems: list[Problem] = []
    lost: list[LostColumn] = []
    of = {m: Cells(manifest, sources(manifest)[m]) for m in made}
    scans = {cells.modality: cells.scan(progress) for cells in of.values()}
    # Files that are not there are known before the first item is encoded.
    missing = [column for scan in scans.values() for column in scan.lost(manifest)]
    check_lost(manifest, missing, allow_missing_modality)
    for modality, encoder in made.items():
        cells = of[modality]
        scan = scans[cells.modality]
        contents = scan.contents()
        with progress_bar(
            desc=f"{modality} ({encoder.info.name})",
            unit="item",
            total=len(contents),
            leave=False,
            progress=progress,
        ) as bar:
            store = NodeStore(root, encoder) if keep else None
            found, failed = _fill(store, encoder.to(device), cells, contents, n_jobs, bar)
        scan = replace(scan, reasons=scan.reasons | failed)
        undecoded = scan.lost(manifest)
        check_lost(manifest, [c for c in undecoded if c not in missing], allow_missing_modality)
        lost += undecoded
        nodes[modality] = [[found[d] for d in own if d in found] for own in scan.digests]
        problems += [
            Problem(
                str(manifest.ids[row]),
                modality,
                cells.where(row, place),
                scan.reasons[digest],
                column,
            )
            for row, own in enumerate(scan.digests)
            for place, (digest, column) in enumerate(zip(own, scan.columns[row], strict=True))
            if digest not in found
        ]
    # A video that cannot be read has neither frames nor sound, and is one problem.
    problems = list({str(problem): problem for problem in problems}.values())
    lost = list({str(column): column for column in lost}.values())
    return EncodedCells(nodes, problems, lost)


def _fill(
    store: NodeStore | None,
    encoder: Encoder,
    cells: Cells,
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
    cells: Cells,
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
    run = Parallel(
        n_jobs=processes, backend="loky", return_as="generator_unordered", **end_with_parent()
    )
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
    with one_thread():
        encoder = _loaded(made, options, device)
        return next(_encode_blocks(store, encoder, [len(contents)], contents))


@functools.lru_cache(maxsize=8)
def _loaded(made: type[Encoder], options: str, device: str) -> Encoder:
    """Return an encoder; each process keeps it, so that its weights are loaded once."""
    return made(**plain_options(json.loads(options))).to(device)


def _encode_blocks(
    store: NodeStore | None,
    encoder: Encoder,
    sizes: Sequence[int],
    contents: Iterable[tuple[str, Cell]],
    bar: Any = None,
) -> Iterator[Done]:
    """Encode contents block by block; threads read the next block meanwhile."""
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
