"""Encode a manifest to a dataset: every item is encoded once and cached."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from graphfuse._origin import ChangeRecord, Origin
from graphfuse.data.dataset import FusionDataset
from graphfuse.encoders.assembly import CLOCKED, assemble
from graphfuse.encoders.cells import encode_cells
from graphfuse.encoders.choice import create_encoders
from graphfuse.encoders.encoder import Encoder
from graphfuse.encoders.problems import LostColumn, Problem, check_unreadable, report_problems
from graphfuse.encoders.table.table import TableEncoder
from graphfuse.errors import InputError
from graphfuse.raw import Manifest
from graphfuse.raw.augment import Augmentation, add_copies
from graphfuse.raw.augment.copies import modalities_changed
from graphfuse.raw.augment.presets import KINDS, on_the_fly
from graphfuse.raw.inspection.leak_test import codes_of, predict_label_from
from graphfuse.raw.manifest import Change

NAMED = 20
"""Cells and samples that a dataset's origin names, of each kind."""

logger = logging.getLogger(__name__)


def encode(
    manifest: Manifest,
    encoders: Mapping[str, Any] | None = None,
    *,
    augment: Any = None,
    cache: str | Path | None = None,
    n_jobs: int = 1,
    device: str = "auto",
    progress: bool = True,
    unreadable: str = "missing",
    allow_missing_modality: bool = False,
) -> FusionDataset:
    """Encode the samples of a manifest to nodes, and return them as a dataset.

    Each content is encoded once and kept in ``cache``; after an interruption, the same call
    continues, and the result is the same bit for bit. Several processes of one thread each give the
    same bits; one process with several threads may round differently. A modality that no sample has
    is left out.

    Videos give two modalities: ``clip`` their frames and ``clip_sound`` their sound, which a video
    without sound lacks. Positions of both are seconds since the first picture, so that
    :class:`~graphfuse.graph.Temporal` joins what is seen to what is heard. It joins all that counts
    seconds (sounds, videos, time series), and never these to the words of a text.

    Several items of one sample follow one another. Those with a clock (sounds, videos, time
    series) keep their times, as if they ran side by side. Pictures and texts begin
    ``APART`` = 100 rows or tokens after the one before ends, so that
    :class:`~graphfuse.graph.Spatial` and :class:`~graphfuse.graph.Temporal` join no two of them
    within a radius or window below that.

    Args:
        manifest: the raw samples.
        encoders: ``{modality: encoder}``, a name, ``{name: options}``, an
            :class:`~graphfuse.data.EncoderSpec` or an :class:`Encoder`; for modalities that it
            does not name, the manifest's own, else :data:`~graphfuse.encoders.choice.DEFAULTS`.
        augment: changes of training samples: an :class:`~graphfuse.raw.augment.Augmentation`, or
            its fields by name, such as ``{"image": "photo", "copies": 2}``. What is encoded once
            gets changed copies; raw nodes (``pixels``, ``word_ids``, ``token_ids``) are changed
            anew in every epoch, by the strategies whose networks encode them.
        cache: folder of encoded nodes; see :func:`graphfuse.encoders.store.default_cache`.
        n_jobs: processes at work, -1 for one per core. Each holds a copy of the encoder's network;
            on a GPU, a network has one process, for which threads read ahead.
        device: that encoders with weights compute on: "cpu", "cuda", or "auto" for CUDA where it
            is there.
        progress: show how many items are done, and the time left, on a terminal.
        unreadable: what to do with a cell that cannot be read: "missing" warns and leaves it out,
            "error" raises.
        allow_missing_modality: whether to go on, with a warning, where no cell of a column can be
            read, as with a wrong folder.

    Raises:
        InputError: no cell of a column can be read, or one cannot and ``unreadable`` is "error".
        UnknownNameError: an unknown modality or encoder.
    """
    check_unreadable(unreadable)
    for column in manifest.columns:
        for warning in column.warnings:
            logger.warning("column %s: %s", column.name, warning)
    built = create_encoders(manifest, encoders)
    manifest, live = augmented(manifest, built, augment)
    encoded = encode_cells(
        manifest,
        built,
        cache=cache,
        n_jobs=n_jobs,
        device=device,
        progress=progress,
        allow_missing_modality=allow_missing_modality,
    )
    problems = _of_samples(encoded.single_problems, manifest)
    report_problems(manifest, problems, unreadable)
    dataset = assemble(manifest, built, encoded.nodes)
    _warn_of_durations(dataset, built)
    live = {m: options for m, options in live.items() if m in dataset.x}
    origin = _origin(manifest, built, problems, encoded.lost, dataset)
    return replace(dataset, augment=live or None, origin=origin)


def augmented(
    manifest: Manifest, made: Mapping[str, Encoder], augment: Any
) -> tuple[Manifest, dict[str, dict[str, Any]]]:
    """Return the manifest with changed copies, and the changes of raw nodes in every epoch."""
    if augment is None:
        return manifest, {}
    for name in augment if isinstance(augment, Mapping) else ():
        if name in manifest.modalities and name not in KINDS:
            raise InputError(
                f"augment names modality {name!r}, of kind {manifest.kind(name)!r}, but "
                f"augmentations are named by kind: give {', '.join(KINDS)} (frames and sound of a "
                f"video are image and audio)"
            )
    augmentation = Augmentation.of(augment)
    changed = modalities_changed(manifest, augmentation)
    live = {m: on_the_fly(getattr(augmentation, manifest.kind(m))) for m in changed if made[m].raw}
    for m, options in live.items():
        if together := sorted({*augmentation.shared} & {*options}):
            raise InputError(
                f"augment shares {together} between the items of a sample, but {m!r} changes in "
                f"every epoch, each item independently; leave shared out, or encode {m!r} once"
            )
    if live:
        what = f"{', '.join(live)} changed anew in every epoch of training"
        change = Change("augment", live, what)
        manifest = replace(manifest, changes=(*manifest.changes, change))
    once = [m for m in changed if m not in live]
    return (add_copies(manifest, augmentation, once) if once else manifest), live


def _of_samples(problems: Sequence[Problem], manifest: Manifest) -> list[Problem]:
    """Leave out the problems of copies that their original has too."""
    if manifest.copy_of is None:
        return list(problems)
    copy_of = dict(zip(manifest.ids.tolist(), manifest.copy_of.tolist(), strict=True))
    known = {(problem.sample, problem.modality) for problem in problems}
    return [p for p in problems if (copy_of[p.sample], p.modality) not in known]


def _warn_of_durations(dataset: FusionDataset, made: Mapping[str, Encoder]) -> None:
    """Warn if the duration of sounds, films or series alone predicts the label."""
    targets = list(dataset.schema.targets.items())
    if len(targets) != 1 or dataset.y is None:
        return
    codes = codes_of(targets[0][1], dataset.y[targets[0][0]].numpy())
    if codes is not None:  # what changed copies last says nothing
        codes = np.where(np.isin(np.arange(len(dataset)), dataset.originals), codes, -1)
    for modality, column in dataset.x.items():
        if codes is None or made[modality].info.kind not in CLOCKED:
            continue
        counts = column.counts.numpy()
        times = torch.split(dataset.pos[modality], counts.tolist())
        last = [float(seconds.max()) for seconds in times if len(seconds)]
        leak = predict_label_from(
            {"nodes": counts[counts > 0].tolist(), "last": last}, codes[counts > 0]
        )
        if leak is not None and leak.sure:
            logger.warning(
                "%s: its duration alone predicts the classes, with %s, and a model sees it "
                "by the number and times of the nodes; if this does not hold for new samples, "
                "make all equally long: option seconds of audio encoders, or other files",
                modality,
                leak,
            )


def _origin(
    manifest: Manifest,
    made: Mapping[str, Encoder],
    problems: Sequence[Problem],
    lost: Sequence[LostColumn],
    dataset: FusionDataset,
) -> Origin:
    """Return how a dataset was made, which its report describes."""
    return Origin(
        encoders={m: _plain(encoder.identity()) for m, encoder in made.items()},
        models={m: str(e.options["model"]) for m, e in made.items() if "model" in e.options},
        unreadable=len(problems) + sum(column.cells for column in lost),
        problems=(*map(str, lost), *_first(problems)),
        modalities=tuple(dataset.schema.names),
        lost={column.column: str(column) for column in lost},
        empty=_empty(dataset, made),
        columns=tuple(f"{c.name}: {line}" for c in manifest.columns for line in c.warnings),
        changes=tuple(
            ChangeRecord(
                step=c.step,
                what=c.what,
                options=_plain(c.options),
                samples=len(c.ids),
                ids=_first(c.ids),
                details=_first(c.details),
            )
            for c in manifest.changes
        ),
    )


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as JSON reads them back."""
    return dict(json.loads(json.dumps(dict(options), default=str)))


def _first(named: Sequence[object]) -> tuple[str, ...]:
    """Return the first entries as text, and how many more there are."""
    more = [f"and {len(named) - NAMED} more"] if len(named) > NAMED else []
    return (*map(str, named[:NAMED]), *more)


def _empty(dataset: FusionDataset, made: Mapping[str, Encoder]) -> dict[str, dict[str, float]]:
    """Return the share of samples whose cell is empty, of each column of a table with such cells.

    Rows that are empty throughout, which are missing samples of the modality, count in.
    """
    found = {}
    for m, encoder in made.items():
        if isinstance(encoder, TableEncoder) and m in dataset.x:
            nodes = dataset.x[m].take(torch.from_numpy(dataset.originals))
            none, flags = int((nodes.counts == 0).sum()), nodes.values.sum(0)
            counts = {name: float(flags[at["flag"]]) for name, at in encoder.layout.items()}
            shares = {name: (none + count) / len(nodes) for name, count in counts.items()}
            found[m] = {name: share for name, share in shares.items() if share}
    return {m: shares for m, shares in found.items() if shares}
