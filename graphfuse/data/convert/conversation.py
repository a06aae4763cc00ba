"""conversation: features of the utterances of IEMOCAP and MELD, as DialogueRNN first laid out."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graphfuse.data._sample_labels import MOST_CODES
from graphfuse.data.convert._clean import finite, warn_of_replaced
from graphfuse.data.convert.format import register_format
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.sample import Sample
from graphfuse.data.schema import Modality, Schema, Target
from graphfuse.errors import InputError, UnknownNameError

logger = logging.getLogger(__name__)

_HEAD, _TAIL = ("ids", "speakers", "emotion", "text"), ("sentences", "train", "test")
LAYOUTS = (
    (*_HEAD, "audio", "visual", *_TAIL),
    (*_HEAD, "text2", "text3", "text4", "audio", "visual", *_TAIL),
    (*_HEAD, "audio", *_TAIL, "sentiment"),
)
"""What the entries of the tuple are; one more at its end is not read. IEMOCAP of DialogueRNN and
MMGCN, with MELD of MMGCN and M3Net; both with four layers of RoBERTa (SDT, CFN-ESA); MELD of
DialogueRNN, which has no pictures."""
FEATURES = ("text", "text2", "text3", "text4", "audio", "visual")
IEMOCAP = ("happy", "sad", "neutral", "angry", "excited", "frustrated")
MELD = ("neutral", "surprise", "fear", "sadness", "joy", "disgust", "anger")
SENTIMENT = ("neutral", "positive", "negative")
"""Names of the classes, in the order of their codes."""


def _layout(content: Any) -> tuple[str, ...] | None:
    if not isinstance(content, (tuple, list)):
        return None
    for layout in LAYOUTS:
        if len(content) - len(layout) in (0, 1) and all(
            isinstance(entry, dict) != (name in ("train", "test"))
            for name, entry in zip(layout, content, strict=False)
        ):
            return layout
    return None


@register_format(
    "conversation",
    source="pickle",
    summary="IEMOCAP, MELD: tuple of dicts by conversation; one label and feature per utterance",
    fits=lambda content: _layout(content) is not None,
)
def read_conversations(
    content: Sequence[Any],
    *,
    target: str = "emotion",
    classes: str | None = None,
    sample: str = "conversation",
) -> FusionDataset:
    """Return a dataset with one sample per conversation and one unit per utterance.

    Each modality has one node per utterance, whose position is the utterance's number and whose
    attribute "speaker" counts the speakers of all conversations. An utterance whose features are
    all zero lacks the modality. NaN and infinite values become 0. The parts are the given ones;
    what is neither in train nor in test is left out. Sentences are not kept, because they are not
    features.

    Args:
        content: what the file holds.
        target: "emotion", or "sentiment" where the file has it.
        classes: names of the classes in the order of their codes, separated by commas; those of
            IEMOCAP's 6 and of MELD's 7 emotions are known.
        sample: "conversation", or "utterance" for one sample per utterance, without its context;
            groups are then the conversations.

    Raises:
        InputError: entries that do not fit together.
        UnknownNameError: a target that the file does not have.

    Source: Majumder et al., DialogueRNN, AAAI 2019, https://github.com/declare-lab/conv-emotion;
    Hu et al., MMGCN, ACL 2021, https://github.com/hujingwen6666/MMGCN; Chen et al., M3Net, CVPR
    2023, https://github.com/feiyuchen7/M3NET.

    Example:
        >>> features = {"d": [np.ones(3), np.ones(3)], "e": [np.ones(3)]}
        >>> speakers, labels = {"d": ["M", "F"], "e": ["F"]}, {"d": [0, 1], "e": [1]}
        >>> read_conversations(({}, speakers, labels, *[features] * 3, {}, ["d"], ["e"]))
        FusionDataset('', 2 samples, audio[3], text[3], visual[3], binary)
    """
    layout = _layout(content)
    if layout is None:
        raise InputError(f"a tuple of {' or '.join(map(str, LAYOUTS))} is expected")
    entries = dict(zip(layout, content, strict=False))
    if target not in ("emotion", "sentiment") or target not in entries:
        raise UnknownNameError(
            "target of this file", target, {"emotion", "sentiment"} & set(entries)
        )
    if sample not in ("conversation", "utterance"):
        raise UnknownNameError("value of sample", sample, ("conversation", "utterance"))
    train, test = (_listed(entries[part]) for part in ("train", "test"))
    if both := set(train) & set(test):
        raise InputError(f"conversation {min(map(str, both))!r} lies in both train and test")
    if rest := set(entries[target]) - set(train) - set(test):
        logger.warning("%d conversations, neither in train nor in test, are left out", len(rest))
    replaced: Counter[str] = Counter()
    speakers = _speakers(entries["speakers"], [*train, *test])
    samples = [_sample(key, entries, target, speakers, replaced) for key in (*train, *test)]
    warn_of_replaced(replaced)
    names = classes.split(",") if classes else _class_names(samples, entries, target)
    shapes = {m: tuple(values.shape[1:]) for one in samples for m, values in one.x.items()}
    for m in FEATURES:
        if m in entries and m not in shapes:
            logger.warning("%s is all zero or missing in every utterance, and left out", m)
    if not shapes:
        raise InputError("no utterance of train and test has any feature; nothing is left")
    task = "binary" if len(names) == 2 else "multiclass"
    schema = Schema(
        tuple(Modality(m, shape, 1) for m, shape in shapes.items()),
        {target: Target(task, tuple(names))},
    )
    parts = ["train"] * len(train) + ["test"] * len(test)
    if sample == "conversation":
        return FusionDataset.from_samples(samples, schema, splits=parts)
    counts = [len(one.y) for one in samples]
    return FusionDataset.from_samples(
        [utterance for one in samples for utterance in _utterances(one)],
        schema,
        groups=np.repeat([one.id for one in samples], counts),
        splits=np.repeat(parts, counts),
    )


def _utterances(sample: Sample) -> Iterator[Sample]:
    """Yield each unit of a conversation as a sample of its own."""
    for number, y in enumerate(sample.y):
        at = {m: int(row) for m, unit in (sample.unit or {}).items()
              for row in (unit == number).nonzero()}  # fmt: skip
        yield Sample(
            {m: sample.x[m][[row]] for m, row in at.items()},
            y,
            {m: sample.pos[m][[row]] for m, row in at.items()},
            {name: {m: values[m][[row]] for m, row in at.items()}
             for name, values in sample.attrs.items()},
            id=f"{sample.id}/{number}",
        )  # fmt: skip


def _listed(given: Any) -> list[Any]:
    """Return the keys of a part; a set, which has no order of its own, sorted."""
    return sorted(given, key=str) if isinstance(given, (set, frozenset)) else list(given)


def _speakers(given: Mapping[Any, Any], keys: Sequence[Any]) -> dict[Any, Tensor]:
    """Return the code of who speaks each utterance, from names or from rows of 0 and a 1."""
    named = {}
    for key in keys:
        turns = [np.asarray(turn) for turn in given.get(key, ())]
        named[key] = [str(int(t.argmax())).zfill(3) if t.ndim else str(t) for t in turns]
    every = sorted({name for turns in named.values() for name in turns})
    code = {name: number for number, name in enumerate(every)}
    return {key: torch.tensor([code[n] for n in turns]).long() for key, turns in named.items()}


def _sample(
    key: Any,
    entries: Mapping[str, Any],
    target: str,
    speakers: Mapping[Any, Tensor],
    replaced: Counter[str],
) -> Sample:
    if key not in entries[target]:
        raise InputError(f"conversation {key!r} of train or test has no labels")
    y = torch.as_tensor(np.array(entries[target][key]))
    count = len(y) if y.dim() == 1 else 0
    x, pos, unit = {}, {}, {}
    for m in FEATURES:
        rows = entries.get(m, {}).get(key)
        if rows is None:
            continue
        values, strange = finite(rows, f"{m!r} of conversation {key!r}")
        if values.ndim != 2 or len(values) != count:
            raise InputError(
                f"{m!r} of conversation {key!r} is [{count}, F], one row for each label; got "
                f"shape {list(values.shape)}"
            )
        replaced[m] += strange
        there = torch.from_numpy(values.any(axis=1)).nonzero()[:, 0]
        if len(there):
            x[m], unit[m] = torch.from_numpy(values)[there], there
            pos[m] = there.float().unsqueeze(1)
    turns = speakers[key]
    if len(turns) != count:
        raise InputError(f"conversation {key!r} has {count} labels, but {len(turns)} speakers")
    attrs = {"speaker": {m: turns[rows] for m, rows in unit.items()}}
    return Sample(x, y, pos, attrs, unit=unit, id=str(key))


def _class_names(
    samples: Sequence[Sample], entries: Mapping[str, Any], target: str
) -> Sequence[str]:
    """Return the names of well-known codes, numbers for others."""
    labels = torch.cat([sample.y for sample in samples])
    count = int(labels.max()) + 1
    if count > max(MOST_CODES, len(labels)):
        raise InputError(
            f"labels of {target!r} are codes from 0, but one of {len(labels)} labels is "
            f"{count - 1}; number the classes from 0 without gaps"
        )
    letters = {str(turn) for turns in entries["speakers"].values() for turn in turns} <= {"M", "F"}
    if target == "sentiment" and count == len(SENTIMENT):
        return SENTIMENT
    if target == "emotion" and (count, letters) == (len(IEMOCAP), True):
        return IEMOCAP
    if target == "emotion" and (count, letters) == (len(MELD), False):
        return MELD
    return [str(code) for code in range(max(count, 2))]
