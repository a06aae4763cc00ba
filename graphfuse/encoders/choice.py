"""Which encoder each modality of a manifest gets."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from graphfuse.data.spec import EncoderSpec
from graphfuse.encoders.encoder import Encoder, create_encoder
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw import Manifest
from graphfuse.raw.readers.items import Series

DEFAULTS = {
    "image": EncoderSpec("patches"),
    "text": EncoderSpec("ngrams"),
    "audio": EncoderSpec("mel"),
    "table": EncoderSpec("table"),
    "series": EncoderSpec("windows"),
    "video": EncoderSpec("frames"),
}
"""Light encoders, which need no weights, for each kind where none is named."""

SOUND = "_sound"
"""What is added to a modality of videos for the name of the one that holds their sound."""


LOOKED_AT = 100
"""Samples whose time series tell the number of channels."""


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
    spec = EncoderSpec.of(given, f"the encoder of {modality!r}")
    options = dict(spec.options)
    if kind == "table":
        options = {**table_layout(manifest, modality), **options}
    if kind == "series" and "channels" not in options:
        options["channels"] = _channels(manifest, modality)
    return create_encoder(kind, spec.name, **options)


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
    """Return how many channels most time series have, of some at equal distances."""
    rows = np.linspace(0, len(manifest) - 1, min(len(manifest), LOOKED_AT)).round().astype(int)
    found = Counter[int]()
    for cell in (cell for cells in manifest.cells(modality, rows.tolist()) for cell in cells):
        with contextlib.suppress(InputError):
            series = cell.read()
            if isinstance(series, Series):
                found[int(series.values.shape[1])] += 1
    return max(found, key=lambda channels: (found[channels], channels), default=1)
