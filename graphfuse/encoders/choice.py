"""Choose the encoder of each modality of a manifest."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from graphfuse._wording import count
from graphfuse.data.dates import days, varying_parts
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


ROUNDED = 1e-5
"""Standard deviations by which a number may change when it is cast to single precision."""
MERGED = 0.25
"""Share of different numbers of a column that may become equal, as dense ones always do."""

LOOKED_AT = 100
"""Samples whose time series are read to find the number of channels and their centres."""


def create_encoders(
    manifest: Manifest, given: Mapping[str, Any] | None = None
) -> dict[str, Encoder]:
    """Return the encoder of each modality of a manifest."""
    given = {} if given is None else given
    if not isinstance(given, Mapping):
        raise InputError(f"encoders must be {{modality: encoder}}, got {given!r}")
    for modality in given:
        if modality not in sources(manifest):
            raise UnknownNameError("modality in encoders", modality, sources(manifest))
    built = {}
    for m, source in sources(manifest).items():
        default = DEFAULTS[manifest.kind(source)] if m == source else EncoderSpec("sound")
        built[m] = _create(manifest, m, given.get(m, manifest.encoders.get(m, default)))
    return built


def sources(manifest: Manifest) -> dict[str, str]:
    """Return the source in the manifest of each modality that becomes nodes.

    The two differ only for the sound of videos.
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
    if kind == "series":
        options = {**_series_options(manifest, modality, options.get("channels")), **options}
    return create_encoder(kind, spec.name, **options)


def table_layout(manifest: Manifest, modality: str) -> dict[str, Any]:
    """Return the columns of a table as options of its encoder.

    These are the names of numbers, the levels of categories, the varying parts of dates, and the
    centres of numbers and dates that would lose differences in single precision.

    Raises:
        InputError: a column that would lose differences even if it is centred.
    """
    cells = {column: manifest.table[column.name][:] for column in manifest.modalities[modality]}
    levels = {
        column.name: tuple(sorted({str(v) for v in own if v not in (None, "")}))
        for column, own in cells.items()
        if column.kind == "category"
    }
    dates = {
        column.name: [datetime.fromisoformat(v) for v in own if v]
        for column, own in cells.items()
        if column.kind == "date"
    }
    numbers = {column.name: own for column, own in cells.items() if column.kind == "number"}
    scales = {**numbers, **{name: list(map(days, own)) for name, own in dates.items()}}
    centres = {name: centre for name, own in scales.items() if (centre := _centre(name, own))}
    return {
        "numbers": tuple(numbers),
        "categories": levels,
        "dates": {name: varying_parts(own) for name, own in dates.items()},
        "centres": centres,
    }


def _centre(name: str, cells: Sequence[float | None]) -> float:
    """Return what to subtract from numbers before they are cast to single precision, mostly 0.

    A shift changes nothing that a scaling after it does not undo, so that it may be taken over all
    samples.

    Raises:
        InputError: more than a few different numbers would become equal all the same.
    """
    known = np.array([v for v in cells if v is not None and v == v], dtype=np.float64)
    different = np.unique(known)
    centre = _median_if_lossy(known)
    if not centre:
        return 0.0
    kept = len(np.unique(_single(different - centre)))
    if kept < (1 - MERGED) * len(different):
        raise InputError(
            f"column {name!r} has {count(len(different), 'different number')} from "
            f"{different[0]:.17g} to {different[-1]:.17g}, of which only {kept} stay different in "
            f"single precision; use a remainder, a difference or a coarser unit, or leave the "
            f"column out with --column {name}=skip"
        )
    return centre


def _median_if_lossy(known: np.ndarray) -> float:
    """Return the rounded median of numbers that single precision would change, 0 for others."""
    different = np.unique(known)
    return float(np.round(np.median(known))) if len(different) > 1 and _loses(different) else 0.0


def _loses(different: np.ndarray) -> bool:
    """Return whether the cast to single precision merges numbers, or moves them far."""
    single = _single(different)
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.abs(single - different).max()
        spread = different.std()
    return bool(error > ROUNDED * spread or len(np.unique(single)) < (1 - MERGED) * len(different))


def _single(values: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        return values.astype(np.float32).astype(np.float64)


def _series_options(
    manifest: Manifest, modality: str, channels: int | None
) -> dict[str, int | tuple[float, ...]]:
    """Return how many channels most time series have, and the centres that their values need.

    Some series at equal distances are read. As many channels as given are expected, if any.
    """
    rows = np.linspace(0, len(manifest) - 1, min(len(manifest), LOOKED_AT)).round().astype(int)
    found: dict[int, list[np.ndarray]] = {}
    for cell in (cell for cells in manifest.cells(modality, rows.tolist()) for cell in cells):
        with contextlib.suppress(InputError):
            series = cell.read()
            if isinstance(series, Series):
                found.setdefault(int(series.values.shape[1]), []).append(series.values)
    most = max(found, key=lambda number: (len(found[number]), number), default=1)
    channels = most if channels is None else channels
    if channels not in found:
        return {"channels": channels}
    columns = np.concatenate(found[channels]).T
    centres = tuple(_median_if_lossy(own[np.isfinite(own)]) for own in columns)
    return {"channels": channels} | ({"centres": centres} if any(centres) else {})
