"""From a manifest to a dataset: every item encoded once, kept, and found again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from graphfuse.data.dataset import FusionDataset
from graphfuse.data.raw import Manifest
from graphfuse.encoders.assembly import assemble
from graphfuse.encoders.cells import encode_cells
from graphfuse.encoders.choice import create_encoders
from graphfuse.encoders.encoder import Encoder
from graphfuse.encoders.problems import Problem, check_unreadable, report_problems


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
