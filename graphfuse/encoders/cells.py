"""Encode the cells of a manifest: each content once, kept, and found again."""

from __future__ import annotations

import functools
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm

from graphfuse.data.raw import Cell, Item, Manifest
from graphfuse.encoders._ahead import ahead
from graphfuse.encoders.choice import sources
from graphfuse.encoders.encoder import Encoder, Nodes, plain_options
from graphfuse.encoders.problems import Problem
from graphfuse.encoders.store import NodeStore, default_cache
from graphfuse.errors import InputError, check_whole

BLOCK = 128
"""Items of one file of the store: what a process that is killed loses at most."""

Block = Sequence[tuple[str, Cell]]
"""Contents that are kept in one file, by digest."""

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
        cells = manifest.cells(sources(manifest)[modality])
        own = [cell for row in cells for cell in row]
        with tqdm(
            total=len(own), desc=f"{modality} ({encoder.info.name})", unit="item", leave=False,
            disable=None if progress else True,
        ) as bar:  # fmt: skip
            store = NodeStore(root, encoder) if keep else None
            digests, (found, reasons) = _fill(store, encoder.to(device), own, n_jobs, bar)
        nodes[modality] = []
        digest = iter(digests)
        for sample, row in zip(manifest.ids, cells, strict=True):
            named = [(cell, next(digest)) for cell in row]
            nodes[modality].append([found[d] for _, d in named if d in found])
            problems += [
                Problem(str(sample), modality, cell.where, reasons[d])
                for cell, d in named
                if d not in found
            ]
    # A video that cannot be read has neither frames nor sound, and is one problem.
    return nodes, list({str(problem): problem for problem in problems}.values())


def _fill(
    store: NodeStore | None, encoder: Encoder, cells: Sequence[Cell], n_jobs: int, bar: Any
) -> tuple[list[str], Done]:
    """Return the digest of each cell, and the nodes of each content, encoded if not in the store.

    A file that cannot be read has its place in the list instead of a digest.
    """
    digests: list[str] = []
    reasons: dict[str, str] = {}
    first: dict[str, Cell] = {}
    for place, cell in enumerate(cells):
        bare = replace(cell, where="")  # many cells may hold one content, and fail for one reason
        try:
            digests.append(bare.digest())
        except InputError as error:
            digests.append(f"cell {place}")
            reasons[digests[-1]] = str(error)
        else:
            first.setdefault(digests[-1], bare)
    found = store.get(first) if store else {}
    bar.update(len(cells) - sum(digest not in found for digest in first))
    # Blocks are cut from all contents, not from those still to do: what is computed together does
    # not depend on what was done before an interruption.
    contents = list(first.items())
    blocks = [contents[start : start + BLOCK] for start in range(0, len(contents), BLOCK)]
    todo = [[content for content in block if content[0] not in found] for block in blocks]
    for done, failed in _run(store, encoder, [block for block in todo if block], n_jobs, bar):
        found |= done
        reasons |= failed
    return digests, (found, reasons)


def _run(
    store: NodeStore | None, encoder: Encoder, blocks: Sequence[Block], n_jobs: int, bar: Any
) -> Iterator[Done]:
    from joblib import Parallel, delayed, effective_n_jobs

    processes = min(effective_n_jobs(n_jobs), len(blocks))
    if processes < 2 or (encoder.has_network and encoder.device != "cpu"):
        yield from _encode_blocks(store, encoder, blocks, bar)
        return
    made, options = type(encoder), json.dumps(encoder.options)
    run = Parallel(n_jobs=processes, return_as="generator_unordered")
    for done in run(
        delayed(_encode_elsewhere)(store, made, options, encoder.device, block) for block in blocks
    ):
        bar.update(sum(map(len, done)))
        yield done


def _encode_elsewhere(
    store: NodeStore | None, made: type[Encoder], options: str, device: str, block: Block
) -> Done:
    """Encode a block in a process of its own, on one thread beside the others."""
    torch.set_num_threads(1)
    return next(_encode_blocks(store, _loaded(made, options, device), [block]))


@functools.lru_cache(maxsize=8)
def _loaded(made: type[Encoder], options: str, device: str) -> Encoder:
    """Return an encoder, whose weights are so loaded once a process."""
    return made(**plain_options(json.loads(options))).to(device)


def _encode_blocks(
    store: NodeStore | None, encoder: Encoder, blocks: Sequence[Block], bar: Any = None
) -> Iterator[Done]:
    """Encode blocks; threads read the next items while these are computed."""
    read = ahead(functools.partial(_read, encoder), itertools.chain(*blocks))
    for block in blocks:
        done: dict[str, Nodes] = {}
        reasons: dict[str, str] = {}
        for start in range(0, len(block), encoder.batch_size):
            size = len(block[start : start + encoder.batch_size])
            items: dict[str, Item] = {}
            for digest, item, reason in itertools.islice(read, size):
                if reason is None:
                    items[digest] = item
                else:
                    reasons[digest] = reason
            if items:
                done |= _encode(encoder, items, reasons)
            if bar is not None:
                bar.update(size)
        if done and store:
            store.put(list(done), list(done.values()))
        yield done, reasons


def _read(encoder: Encoder, content: tuple[str, Cell]) -> tuple[str, Any, str | None]:
    """Return a content's digest, its item ready to be encoded, and why it cannot be read."""
    digest, cell = content
    try:
        return digest, encoder.prepare(cell.read()), None
    except InputError as error:
        return digest, None, str(error)


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
