"""mmsa: features of MOSI, MOSEI, CH-SIMS and their like, as MMSA and the CMU lab pass them on."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphfuse._wording import count
from graphfuse.data._per_sample import per_sample
from graphfuse.data.convert._clean import finite, unique, warn_of_replaced
from graphfuse.data.convert.format import register_format
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.ids import SPLITS
from graphfuse.data.labels import infer_target
from graphfuse.data.ragged import Ragged, offsets_of
from graphfuse.data.schema import Modality, Schema, Target
from graphfuse.data.values import cast
from graphfuse.errors import InputError, UnknownNameError

logger = logging.getLogger(__name__)

MODALITIES = ("audio", "text", "vision")
LABELS = re.compile(r"(regression|classification)(?:_labels)?_labels(_[TAV])?")
"""Keys of labels; the last letter says of which modality alone, as in CH-SIMS."""
SEGMENT = re.compile(r"(.+?)(?:\$_\$.*|\[\d+\]|_\d+)")
"""What follows the name of a video in an id: ``video$_$7``, ``video[7]`` or ``video_7``."""

Part = dict[str, Any]


def _fits(content: Any) -> bool:
    return (
        isinstance(content, dict)
        and any(SPLITS.get(key) == "train" for key in content if isinstance(key, str))
        and all(
            isinstance(part, dict) and any(m in part for m in MODALITIES)
            for key, part in content.items()
            if key in SPLITS
        )
    )


@register_format(
    "mmsa",
    source="pickle",
    summary="MOSI, MOSEI, CH-SIMS: dict of train, valid and test; text, audio and vision frames",
    fits=_fits,
)
def read_mmsa(
    content: dict[str, Part], *, target: str | None = None, splits: str = "given"
) -> FusionDataset:
    """Return a dataset with one sample per segment and one node per frame, at the frame's number.

    Where there are lengths (``audio_lengths``, ``vision_lengths``, the mask in ``text_bert``), the
    frames after them are padding; elsewhere, those at either end that are all zero. Frames keep
    their number in the padded array, so that aligned modalities stay aligned. A sample whose
    frames are all zero lacks the modality. NaN and infinite values become 0, as in MMSA. Groups
    are the videos. ``raw_text`` and the tokens of ``text_bert`` are not kept, because they are not
    features. The content is emptied while it is read, to save memory.

    Args:
        content: what the file holds.
        target: "regression" (the overall sentiment), "classification", or that of one modality,
            such as "regression_T", where the file has it; all regressions if left out.
        splits: "given", or "none" for folds that keep each video together.

    Raises:
        InputError: parts of other layouts, sizes or lengths.
        UnknownNameError: a target that the file does not have.

    Source: Yu et al., CH-SIMS, ACL 2020, https://github.com/thuiar/MMSA; Tsai et al., Multimodal
    Transformer, ACL 2019, https://github.com/yaohungt/Multimodal-Transformer ("labels" [n, 1, 1]).

    Example:
        >>> part = {"text": np.ones((2, 3, 4)), "audio": np.ones((2, 3, 5)),
        ...         "id": ["v$_$0", "v$_$1"], "regression_labels": [0.5, -1.0]}
        >>> read_mmsa({"train": part})
        FusionDataset('', 2 samples, audio[5], text[4], regression)
    """
    if splits not in ("given", "none"):
        raise UnknownNameError("value of splits", splits, ("given", "none"))
    parts = {SPLITS[key]: dict(content.pop(key)) for key in list(content) if key in SPLITS}
    sizes = {name: _size(name, part) for name, part in parts.items()}
    targets, y = _labels(parts, sizes, target)
    ids, groups = _names(parts, sizes)
    given = np.repeat(list(sizes), list(sizes.values()))
    if splits == "given" and groups is not None and (torn := _torn(groups, given)):
        logger.warning(
            "%d of %d videos lie in more than one of the given parts, so that groups are left out; "
            "with splits=none, folds keep each video together",
            torn, len(np.unique(groups)),
        )  # fmt: skip
        groups = None
    columns = per_sample(len(ids), ids, groups, given if splits == "given" else None)
    x, pos = _features(parts, sizes)
    schema = Schema(tuple(Modality(m, tuple(c.values.shape[1:]), 1) for m, c in x.items()), targets)
    return FusionDataset(
        schema,
        x={m: x[m] for m in schema.names},
        ids=columns.ids,
        y=y,
        pos=pos,
        groups=columns.groups,
        splits=columns.splits,
    )


def _size(name: str, part: Part) -> int:
    sizes = {m: len(part[m]) for m in MODALITIES if m in part}
    if len(set(sizes.values())) != 1:
        raise InputError(f"part {name!r} has one entry per sample in every modality, got {sizes}")
    return next(iter(sizes.values()))


def _features(
    parts: Mapping[str, Part], sizes: Mapping[str, int]
) -> tuple[dict[str, Ragged], dict[str, Tensor]]:
    x, pos, replaced = {}, {}, Counter[str]()
    for m in MODALITIES:
        if not any(m in part for part in parts.values()):
            continue
        rows: list[np.ndarray] = []
        places: list[np.ndarray] = []
        for name, part in parts.items():
            lengths = _lengths(name, part, m, sizes[name])
            if m not in part:
                raise InputError(f"part {name!r} has no {m!r}, which other parts have")
            frames = part.pop(m)
            for i in range(sizes[name]):
                values, strange = finite(frames[i], f"{m!r} of sample {i} in part {name!r}")
                values = np.atleast_2d(values)
                kept = _kept(values, None if lengths is None else int(lengths[i]))
                replaced[m] += strange
                rows.append(values[kept].copy())  # a view would keep the padding
                places.append(np.arange(len(values), dtype=np.float32)[kept])
            del frames
        shapes = {row.shape[1:] for row in rows}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise InputError(
                f"{m!r} is [n, frames, F] with one F in all samples and parts, got {sorted(shapes)}"
            )
        if not any(map(len, rows)):
            logger.warning("%s is all zero in every sample, and left out", m)
            continue
        counts = torch.tensor([len(row) for row in rows])
        x[m] = Ragged(cast(torch.from_numpy(np.concatenate(rows)), None, m), offsets_of(counts))
        pos[m] = torch.from_numpy(np.concatenate(places)).unsqueeze(1)
        if missing := int((counts == 0).sum()):
            logger.warning("%s is missing (all zero) in %d samples", m, missing)
    warn_of_replaced(replaced)
    if not x:
        raise InputError("text, audio and vision are all zero in every sample; nothing is left")
    return x, pos


def _kept(values: np.ndarray, length: int | None) -> slice:
    """Return which frames [L, F] are no padding."""
    full: np.ndarray = (values != 0).any(axis=1)
    if not full.any():
        return slice(0, 0)
    if length is not None:
        return slice(0, length)
    return slice(int(full.argmax()), len(full) - int(full[::-1].argmax()))


def _lengths(name: str, part: Part, m: str, size: int) -> np.ndarray | None:
    given = part.get(f"{m}_lengths")
    if given is None and m == "text" and "text_bert" in part:
        bert = np.asarray(part["text_bert"])
        given = bert[:, 1].sum(axis=1) if bert.ndim == 3 and bert.shape[1] == 3 else None
    if given is None:
        return None
    lengths = np.asarray(given).reshape(-1)
    if len(lengths) != size or lengths.dtype.kind not in "iuf" or not (lengths >= 0).all():
        raise InputError(
            f"lengths of {m!r} in part {name!r} are {size} numbers of frames, one per sample; got "
            f"shape {list(np.shape(given))} of {lengths.dtype}"
        )
    return lengths.astype(np.int64)


def _labels(
    parts: Mapping[str, Part], sizes: Mapping[str, int], target: str | None
) -> tuple[dict[str, Target], dict[str, Tensor] | None]:
    first = next(iter(parts.values()))
    keys = {"".join(map(str, filter(None, m.groups()))): m[0]
            for key in first if isinstance(key, str) and (m := LABELS.fullmatch(key))}  # fmt: skip
    if "labels" in first and "regression" not in keys:
        keys["regression"] = "labels"
    if target is not None and target not in keys:
        raise UnknownNameError("target of this file", target, keys)
    wanted = [target] if target else [name for name in keys if name.startswith("regression")]
    targets, y = {}, {}
    for name in wanted or [name for name in keys if name == "classification"]:
        values = np.concatenate(
            [_column(p, part, keys[name], sizes[p]) for p, part in parts.items()]
        )
        if name.startswith("regression"):
            targets[name], y[name] = infer_target(values.astype(np.float64), "regression")
        else:
            classes = _class_names(parts, values) if name == "classification" else None
            task = None if len(np.unique(values)) <= 2 else "multiclass"
            targets[name], y[name] = infer_target(values, task, classes)
    if not targets:
        logger.warning("there are no labels: neither regression_labels nor classification_labels")
    return targets, y or None


def _column(name: str, part: Part, key: str, size: int) -> np.ndarray:
    if key not in part:
        raise InputError(f"part {name!r} has no {key!r}, which other parts have")
    values = np.asarray(part[key])
    if values.size != size or values.dtype.kind not in "biuf":
        raise InputError(
            f"{key!r} of part {name!r} is one number per sample, [{size}]; got shape "
            f"{list(values.shape)} of {values.dtype}"
        )
    return values.reshape(size)


def _class_names(parts: Mapping[str, Part], codes: np.ndarray) -> list[str] | None:
    """Return the annotations of the codes from 0, None where each does not go with one."""
    given = [_text(a) for part in parts.values() for a in part.get("annotations", ())]
    if len(given) != len(codes):
        return None
    pairs = set(zip(codes.tolist(), given, strict=True))
    names = dict(sorted(pairs))
    whole = list(names) == list(range(len(names)))
    return list(names.values()) if whole and len(pairs) == len(set(given)) == len(names) else None


def _names(
    parts: Mapping[str, Part], sizes: Mapping[str, int]
) -> tuple[list[str], list[str] | None]:
    """Return ids, and the video of each sample; None where the ids do not name it."""
    ids, videos = [], []
    for name, part in parts.items():
        given = part.get("id")
        rows = [f"{name}/{i}" for i in range(sizes[name])] if given is None else list(given)
        if len(rows) != sizes[name]:
            raise InputError(
                f"part {name!r} has {count(sizes[name], 'sample')}, but {count(len(rows), 'id')}"
            )
        for row in rows:
            words = [_text(word) for word in np.asarray(row, dtype=object).reshape(-1)]
            match = SEGMENT.fullmatch(words[0])
            ids.append("_".join(words))
            videos.append(words[0] if len(words) > 1 else match[1] if match else "")
    if not all(videos):
        logger.warning("the ids do not name the videos (video$_$7, video[7]): there are no groups")
        return unique(ids), None
    return unique(ids), videos


def _text(given: Any) -> str:
    return given.decode("utf-8", "replace") if isinstance(given, bytes) else str(given)


def _torn(groups: list[str], parts: np.ndarray) -> int:
    """Count the groups that lie in more than one part."""
    pairs = set(zip(groups, parts.tolist(), strict=True))
    return sum(count > 1 for count in Counter(group for group, _ in pairs).values())
