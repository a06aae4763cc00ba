"""From a manifest to a dataset: every item encoded once, kept, and found again."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from graphfuse.data.dataset import FusionDataset
from graphfuse.data.inspection.tells import codes_of, tells
from graphfuse.data.raw import Manifest
from graphfuse.data.raw.columns import COPY
from graphfuse.encoders.assembly import CLOCKED, assemble
from graphfuse.encoders.cells import encode_cells
from graphfuse.encoders.choice import create_encoders
from graphfuse.encoders.encoder import Encoder
from graphfuse.encoders.problems import Problem, check_unreadable, report_problems

logger = logging.getLogger(__name__)


def encode(
    manifest: Manifest,
    encoders: Mapping[str, Any] | None = None,
    *,
    cache: str | Path | None = None,
    n_jobs: int = 1,
    device: str = "auto",
    progress: bool = True,
    unreadable: str = "missing",
) -> FusionDataset:
    """Return the dataset that a manifest's samples become, with nodes from encoders.

    Each content is encoded once and kept in ``cache``; interrupted, the same call goes on where it
    was, with the same result bit for bit. So do several processes, each of one thread; one process
    with several threads adds in another order, and rounds otherwise. A modality that no sample has
    is left out.

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
            does not name, the manifest's own, else :data:`~graphfuse.encoders.choice.DEFAULTS`.
        cache: folder of encoded nodes; see :func:`graphfuse.encoders.store.default_cache`.
        n_jobs: processes at work, -1 for one a core. Each holds a copy of the encoder's network;
            on a GPU, a network has one process, for which threads read ahead.
        device: that encoders with weights compute on: "cpu", "cuda", or "auto" for CUDA where it
            is there.
        progress: show how many items are done, and the time left, on a terminal.
        unreadable: what to do with a cell that cannot be read: "missing" warns and leaves it out,
            "error" raises.

    Raises:
        InputError: nothing can be read, or something cannot and ``unreadable`` is "error".
        UnknownNameError: a modality or encoder that there is not.
    """
    check_unreadable(unreadable)
    for column in manifest.columns:
        if column.kind == "skip" and column.why.startswith(COPY):
            logger.warning("column %s is left out: %s", column.name, column.why)
    made = create_encoders(manifest, encoders)
    nodes, problems = encode_cells(
        manifest, made, cache=cache, n_jobs=n_jobs, device=device, progress=progress
    )
    report_problems(manifest, problems, unreadable)
    dataset = assemble(manifest, made, nodes)
    _warn_of_durations(dataset, made)
    return replace(dataset, origin=_origin(manifest, made, problems))


def _warn_of_durations(dataset: FusionDataset, made: Mapping[str, Encoder]) -> None:
    """Say so where the label can be told from how long sounds, films or series are, and no more."""
    targets = list(dataset.schema.targets.items())
    if len(targets) != 1 or dataset.y is None:
        return
    codes = codes_of(targets[0][1], dataset.y[targets[0][0]].numpy())
    for modality, column in dataset.x.items():
        if codes is None or made[modality].info.kind not in CLOCKED:
            continue
        counts = column.counts.numpy()
        times = torch.split(dataset.pos[modality], counts.tolist())
        last = [float(own.max()) for own in times if len(own)]
        told = tells({"nodes": counts[counts > 0].tolist(), "last": last}, codes[counts > 0])
        if told is not None and told.sure:
            logger.warning(
                "%s: how long it lasts tells the classes by itself, with %s, and a model sees it "
                "by the number and times of the nodes; if new samples will not be so, make all "
                "equally long: option seconds of audio encoders, or other files",
                modality,
                told,
            )


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
