"""From a manifest to a dataset: every item encoded once, kept, and found again."""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from tqdm.auto import tqdm

from graphfuse.data._ragged import Ragged
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.raw import Cell, Item, Manifest, Series, facts
from graphfuse.data.schema import Schema
from graphfuse.data.spec import EncoderSpec
from graphfuse.data.steps.sequence import DEFAULT
from graphfuse.encoders._ahead import ahead
from graphfuse.encoders.encoder import Encoder, Nodes, create_encoder, plain_options
from graphfuse.encoders.store import NodeStore, default_cache
from graphfuse.errors import InputError, UnknownNameError, check_whole

logger = logging.getLogger(__name__)

BLOCK = 128
"""Items of one file of the store: what a process that is killed loses at most."""

DEFAULTS = {
    "image": EncoderSpec("patches"),
    "text": EncoderSpec("ngrams"),
    "audio": EncoderSpec("mel"),
    "table": EncoderSpec("table"),
    "series": EncoderSpec("windows"),
    "video": EncoderSpec("frames"),
}
"""Light encoders, which need no weights, for each kind where none is named."""

CLOCKED = ("audio", "series", "video")
"""Kinds whose positions are times."""

SOUND = "_sound"
"""What is added to a modality of videos for the name of the one that holds their sound."""

APART = 100.0
"""How far from each other the positions of two pictures, or texts, of one sample lie at least."""

Block = Sequence[tuple[str, Cell]]
"""Contents that are kept in one file, by digest."""

UNREADABLE = ("missing", "error")
"""What to do with a cell that cannot be read."""

NAMED = 5
"""Items that could not be read which a warning names; all are in the list of problems."""


@dataclass(frozen=True)
class Problem:
    """A cell that could not be read: whose, of which modality, where it stands, and why."""

    sample: str
    modality: str
    where: str
    reason: str

    def __str__(self) -> str:
        return f"{self.where or f'sample {self.sample}, {self.modality}'}: {self.reason}"


def encode(
    manifest: Manifest,
    encoders: Mapping[str, Any] | None = None,
    *,
    cache: str | Path | None = None,
    n_jobs: int = 1,
    device: str = "cpu",
    progress: bool = True,
    unreadable: str = "missing",
) -> FusionDataset:
    """Return the dataset that a manifest's samples become, with nodes from encoders.

    Each content is encoded once and kept in ``cache``; interrupted, the same call goes on where it
    was, with the same result bit for bit. A modality that no sample has is left out.

    Videos give two modalities: ``clip`` their frames and ``clip_sound`` their sound, which a video
    without sound lacks. Positions of both are seconds since the first picture, so that
    :class:`~graphfuse.graph.Temporal` joins what is seen to what is heard.

    Several items of one sample follow one another. Those with a clock (sounds, videos, time
    series) keep their times, as if they ran side by side. Pictures and texts begin
    ``APART`` = 100 rows or tokens after the one before ends, so that
    :class:`~graphfuse.graph.Spatial` and :class:`~graphfuse.graph.Temporal` join no two of them
    within a radius or window below that.

    Args:
        manifest: the raw samples.
        encoders: ``{modality: encoder}``, a name, ``{name: options}``, an
            :class:`~graphfuse.data.EncoderSpec` or an :class:`Encoder`; for modalities that it
            does not name, the manifest's own, else :data:`~graphfuse.encoders.encoding.DEFAULTS`.
        cache: folder of encoded nodes; see :func:`graphfuse.encoders.store.default_cache`.
        n_jobs: processes at work.
        device: that encoders with weights compute on, such as "cuda".
        progress: show how many items are done, and the time left, on a terminal.
        unreadable: what to do with a cell that cannot be read: "missing" warns and leaves it out,
            "error" raises.

    Raises:
        InputError: nothing can be read, or something cannot and ``unreadable`` is "error".
        UnknownNameError: a modality or encoder that there is not.
    """
    check_unreadable(unreadable)
    made = create_encoders(manifest, encoders)
    nodes, problems = encode_cells(
        manifest, made, cache=cache, n_jobs=n_jobs, device=device, progress=progress
    )
    report_problems(manifest, problems, unreadable)
    dataset = assemble(manifest, made, nodes)
    return replace(dataset, origin=_origin(manifest, made, problems))


def _origin(
    manifest: Manifest, made: Mapping[str, Encoder], problems: Sequence[Problem]
) -> dict[str, Any]:
    """Return what a report tells of how a dataset was made, as plain data."""
    plain = {
        "encoders": {m: encoder.identity() for m, encoder in made.items()},
        "models": {m: e.options["model"] for m, e in made.items() if "model" in e.options},
        "unreadable": len(problems),
        "changes": [
            {"step": c.step, "options": dict(c.options), "what": c.what, "samples": len(c.ids)}
            for c in manifest.changes
        ],
    }
    return dict(json.loads(json.dumps(plain, default=str)))


def create_encoders(
    manifest: Manifest, given: Mapping[str, Any] | None = None
) -> dict[str, Encoder]:
    """Return the encoder of each modality of a manifest."""
    given = {} if given is None else given
    if not isinstance(given, Mapping):
        raise InputError(f"encoders are {{modality: encoder}}, got {given!r}")
    for modality in given:
        if modality not in sources(manifest):
            raise UnknownNameError("modality in encoders", modality, sources(manifest))
    made = {}
    for m, source in sources(manifest).items():
        default = DEFAULTS[manifest.kind(source)] if m == source else EncoderSpec("sound")
        made[m] = _create(manifest, m, given.get(m, manifest.encoders.get(m, default)))
    return made


def sources(manifest: Manifest) -> dict[str, str]:
    """Return each modality that becomes nodes, and the manifest's whose cells it is read from.

    They differ for the sound of videos alone.
    """
    own = {m: m for m in manifest.modalities}
    return {m + SOUND: m for m in own if manifest.kind(m) == "video"} | own


def _create(manifest: Manifest, modality: str, given: Any) -> Encoder:
    kind = manifest.kind(sources(manifest)[modality])
    if isinstance(given, Encoder):
        if given.info.kind != kind:
            raise InputError(
                f"modality {modality!r} is of kind {kind!r}, its encoder {given.info.name!r} is "
                f"for {given.info.kind!r}"
            )
        return given
    if isinstance(given, str):
        given = EncoderSpec(given)
    if isinstance(given, Mapping) and len(given) == 1:
        name, options = next(iter(given.items()))
        given = EncoderSpec(name, options or {})
    if not isinstance(given, EncoderSpec) or not isinstance(given.options, Mapping):
        raise InputError(
            f"the encoder of {modality!r} is a name or {{name: {{option: value}}}}, got {given!r}"
        )
    options = dict(given.options)
    if kind == "table":
        options = {**table_layout(manifest, modality), **options}
    if kind == "series" and "channels" not in options:
        options["channels"] = _channels(manifest, modality)
    return create_encoder(kind, given.name, **options)


def table_layout(manifest: Manifest, modality: str) -> dict[str, Any]:
    """Return the columns of a table as options of its encoder: numbers, and levels by category."""
    own = manifest.modalities[modality]
    levels = {
        column.name: sorted({str(v) for v in manifest.table[column.name][:] if v not in (None, "")})
        for column in own
        if column.kind == "category"
    }
    return {
        "numbers": tuple(column.name for column in own if column.kind == "number"),
        "categories": {name: tuple(found) for name, found in levels.items()},
    }


def _channels(manifest: Manifest, modality: str) -> int:
    """Return the number of channels of the first time series that can be read."""
    for row in range(len(manifest)):
        for cell in manifest.cells(modality, [row])[0]:
            with contextlib.suppress(InputError):
                series = cell.read()
                assert isinstance(series, Series)
                return int(series.values.shape[1])
    return 1


def encode_cells(
    manifest: Manifest,
    made: Mapping[str, Encoder],
    *,
    cache: str | Path | None = None,
    n_jobs: int = 1,
    device: str = "cpu",
    keep: bool = True,
    progress: bool = True,
) -> tuple[dict[str, list[list[Nodes]]], list[Problem]]:
    """Return the nodes of each cell of each modality, and the cells that could not be read.

    Unless they are to be kept, nothing is read from the cache or written there.
    """
    check_whole("n_jobs", n_jobs, 1)
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
            found, failed = _fill(store, encoder.to(device), own, n_jobs, bar)
        nodes[modality] = []
        for sample, row in zip(manifest.ids, cells, strict=True):
            kept = []
            for cell in row:
                digest = failed.digests[id(cell)]
                if digest in found:
                    kept.append(found[digest])
                else:
                    reason = failed.reasons[digest]
                    problems.append(Problem(str(sample), modality, cell.where, reason))
            nodes[modality].append(kept)
    # A video that cannot be read has neither frames nor sound, and is one problem.
    return nodes, list({str(problem): problem for problem in problems}.values())


@dataclass
class _Failures:
    """Digest of each cell, by identity, and why an item was not encoded, by digest."""

    digests: dict[int, str]
    reasons: dict[str, str]


def _fill(
    store: NodeStore | None, encoder: Encoder, cells: Sequence[Cell], n_jobs: int, bar: Any
) -> tuple[dict[str, Nodes], _Failures]:
    """Return the nodes of each content, encoded now if the store lacks them."""
    failed = _Failures({}, {})
    first: dict[str, Cell] = {}
    for cell in cells:
        bare = replace(cell, where="")  # many cells may hold one content, and fail for one reason
        try:
            digest = bare.digest()
        except InputError as error:
            digest = f"unread/{id(cell)}"
            failed.reasons[digest] = str(error)
        else:
            first.setdefault(digest, bare)
        failed.digests[id(cell)] = digest
    found = store.get(first) if store else {}
    bar.update(len(cells) - sum(digest not in found for digest in first))
    # Blocks are cut from all contents, not from those still to do: what is computed together does
    # not depend on what was done before an interruption.
    digests = list(first)
    blocks = [digests[start : start + BLOCK] for start in range(0, len(digests), BLOCK)]
    todo = [[(d, first[d]) for d in block if d not in found] for block in blocks]
    todo = [block for block in todo if block]
    for done, reasons in _run(store, encoder, todo, n_jobs):
        found |= done
        failed.reasons |= reasons
        bar.update(len(done) + len(reasons))
    return found, failed


def _run(
    store: NodeStore | None, encoder: Encoder, blocks: Sequence[Block], n_jobs: int
) -> Iterator[tuple[dict[str, Nodes], dict[str, str]]]:
    if n_jobs == 1 or len(blocks) < 2:
        yield from _encode_blocks(store, encoder, blocks)
        return
    from joblib import Parallel, delayed

    made, options = type(encoder), json.dumps(encoder.options)
    yield from Parallel(n_jobs=n_jobs, return_as="generator_unordered")(
        delayed(_encode_elsewhere)(store, made, options, encoder.device, block) for block in blocks
    )


def _encode_elsewhere(
    store: NodeStore | None, made: type[Encoder], options: str, device: str, block: Block
) -> tuple[dict[str, Nodes], dict[str, str]]:
    """Encode a block in a process of its own, on one thread beside the others."""
    torch.set_num_threads(1)
    return next(_encode_blocks(store, _loaded(made, options, device), [block]))


@functools.lru_cache(maxsize=8)
def _loaded(made: type[Encoder], options: str, device: str) -> Encoder:
    """Return an encoder, whose weights are so loaded once a process."""
    return made(**plain_options(json.loads(options))).to(device)


def _encode_blocks(
    store: NodeStore | None, encoder: Encoder, blocks: Sequence[Block]
) -> Iterator[tuple[dict[str, Nodes], dict[str, str]]]:
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


def check_unreadable(way: str) -> str:
    """Return a way with cells that cannot be read, if there is such a way."""
    if way not in UNREADABLE:
        raise UnknownNameError("way with unreadable cells", way, UNREADABLE)
    return way


def report_problems(manifest: Manifest, problems: Sequence[Problem], unreadable: str) -> None:
    """Warn of cells that could not be read, or raise."""
    if not problems:
        return
    listed = "\n".join(f"  {problem}" for problem in problems[:NAMED])
    more = f"\n  ... and {len(problems) - NAMED} more" if len(problems) > NAMED else ""
    what = f"{len(problems)} of the cells of {manifest.name or 'the manifest'} cannot be read"
    if unreadable == "error":
        raise InputError(
            f"{what}:\n{listed}{more}\nrepair or remove them, or let them count as missing with "
            f'unreadable="missing"'
        )
    logger.warning("%s and count as missing:\n%s%s", what, listed, more)


def assemble(
    manifest: Manifest,
    made: Mapping[str, Encoder],
    nodes: Mapping[str, list[list[Nodes]]],
    schema: Schema | None = None,
) -> FusionDataset:
    """Return the dataset of encoded cells, with labels, groups and parts of the manifest.

    With the schema of a training part, each of its modalities is there, if only as missing, and
    labels are left out.
    """
    x: dict[str, list[Any]] = {}
    pos: dict[str, list[Any]] = {}
    for modality, found in nodes.items():
        rows = [[n for n in row if len(n.x)] for row in found]
        if not any(rows):
            if schema is None and modality in manifest.modalities:
                logger.warning("modality %s is missing in every sample and left out", modality)
            continue
        x[modality] = [torch.cat([n.x for n in row]) if row else None for row in rows]
        if made[modality].pos_dim:
            clock = made[modality].info.kind in CLOCKED
            pos[modality] = [_positions(row, clock) if row else None for row in rows]
    if not x:
        raise InputError(
            f"{manifest.name or 'the manifest'} has no modality that can be read in any sample"
        )
    known = facts(manifest, labelled=schema is None)
    if schema is not None:
        known |= {"y": None, "task": None, "classes": None}
    dtypes = {m: made[m].dtype for m in x}
    dataset = FusionDataset.from_arrays(x, pos=pos, dtype=dtypes, **known)
    done = tuple(f"{change.step}: {change.what}" for change in manifest.changes)
    dataset = replace(dataset, cleaned=done)
    if schema is not None:
        return _as_in(schema, dataset)
    steps = tuple(step for m in x for step in made[m].steps(m))
    return replace(dataset, steps=(*steps, *DEFAULT)) if steps else dataset


def _positions(items: Sequence[Nodes], clock: bool) -> Tensor:
    """Return the positions [N, P] of a sample's items, moved apart unless they tell the time."""
    parts: list[Tensor] = []
    for item in items:
        pos = item.pos
        if parts and not clock:
            shift = torch.zeros(pos.shape[1])
            shift[0] = parts[-1][:, 0].max() + APART - pos[:, 0].min()
            pos = pos + shift
        parts.append(pos)
    return torch.cat(parts)


def _as_in(schema: Schema, dataset: FusionDataset) -> FusionDataset:
    """Return the dataset with the modalities and targets of a schema."""
    x, pos = dict(dataset.x), dict(dataset.pos)
    for modality in schema.modalities:
        if modality.name not in x:
            none = torch.zeros(0, *modality.shape)
            x[modality.name] = Ragged(none, torch.zeros(len(dataset) + 1, dtype=torch.long))
            if modality.pos_dim:
                pos[modality.name] = torch.zeros(0, modality.pos_dim)
    return replace(dataset, schema=schema, x=x, pos=pos)
