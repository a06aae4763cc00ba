"""Datasets of Hugging Face: in memory, from files, as streams, or from the hub."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfuse.data.ids import SPLITS
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw.tables.arrow import stored
from graphfuse.raw.tables.build import as_part

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict


def from_hub(name: str, split: str | None, limit: int | None) -> Dataset | DatasetDict:
    """Load a data set from the hub; none of its own code is run."""
    import datasets

    try:
        if limit is None:
            return datasets.load_dataset(name, split=split)
        return kept(datasets.load_dataset(name, split=split, streaming=True), split, limit)
    except Exception as error:  # of the hub, the network, or the files: many classes
        raise InputError(
            f"{name!r} is neither a file or folder here nor a dataset on the Hugging Face hub: "
            f"{type(error).__name__}: {error}"
        ) from None


def kept(stream: Any, split: str | None, limit: int | None) -> Dataset | DatasetDict:
    """Return the rows of a stream, or of each part of one; pictures and sounds are not decoded."""
    from datasets import DatasetDict

    if isinstance(stream, Mapping):
        chosen = {split: stream[split]} if split in stream else stream
        return DatasetDict({part: kept(own, None, limit) for part, own in chosen.items()})
    stream = stream.with_format(None)
    for name, feature in (stream.features or {}).items():
        stream = stream.cast_column(name, _plain(feature))
    return stored(stream, limit)


def one_table(source: Any, split: str | None) -> Dataset:
    """Return one table; the parts of a ``DatasetDict`` become the column ``split``."""
    from datasets import Dataset, concatenate_datasets

    if isinstance(source, Dataset):
        return source
    if split is not None:
        if split not in source:
            raise UnknownNameError("split", split, source)
        return source[split]
    strange = [part for part in source if part.lower() not in SPLITS]
    if strange and len(source) > 1:
        raise InputError(
            f"the data has parts {sorted(source)}, of which {strange} are none of train, "
            f"validation and test; choose one with split="
        )
    if len(source) == 1:
        return next(iter(source.values()))
    return concatenate_datasets([as_part(own, SPLITS[p.lower()]) for p, own in source.items()])


def undecoded(table: Dataset) -> Dataset:
    """Return the table with pictures and sounds as paths or bytes, and classes by name."""
    from datasets import Dataset, concatenate_datasets

    table = table.with_format(None)  # cells are values of Python, not tensors
    for name, feature in table.features.items():
        plain = _plain(feature)
        table = table if plain is feature else table.cast_column(name, plain)  # copies no bytes
    named = {
        name: [_class_names(feature, value) for value in table[name][:]]
        for name, feature in table.features.items()
        if hasattr(getattr(feature, "feature", feature), "int2str")
    }
    if not named:
        return table
    return concatenate_datasets(
        [table.remove_columns(list(named)), Dataset.from_dict(named)], axis=1
    )


def _class_names(feature: Any, value: Any) -> Any:
    """Return the name of a class, or a list of names, for its number; None for a missing label."""
    if isinstance(value, list):
        return [_class_names(feature.feature, one) for one in value]
    return None if value is None or value < 0 else feature.int2str(value)


def _plain(feature: Any) -> Any:
    """Return the feature of pictures, sounds and films that are not decoded, else the same."""
    if getattr(feature, "decode", False):
        feature = copy.copy(feature)
        feature.decode = False
    elif getattr(getattr(feature, "feature", None), "decode", False):
        feature = copy.copy(feature)
        feature.feature = _plain(feature.feature)
    return feature


def is_from_files(table: Dataset) -> bool:
    """Return whether a table was read from files, not made by a program in memory."""
    return bool(table.cache_files or table.info.builder_name)


def common_folder(table: Dataset, trusted: bool) -> Path | None:
    """Return the folder of all files that a table of pictures or sounds names without bytes.

    None where it is not trusted, unless they lie where Hugging Face downloads to.
    """
    import pyarrow.compute as pc
    from datasets import config
    from huggingface_hub import constants

    paths: list[str] = []
    for name, feature in table.features.items():
        if getattr(feature, "_type", "") in ("Image", "Audio", "Video"):
            column = table.with_format("arrow")[name][:]
            alone = column.filter(pc.is_null(pc.struct_field(column, "bytes")))
            paths += [p for p in pc.struct_field(alone, "path").to_pylist() if p]
    if not paths:
        return None
    folder = Path(os.path.commonpath([Path(p).resolve().parent for p in paths]))
    caches = [Path(cache).resolve() for cache in (config.HF_DATASETS_CACHE, constants.HF_HUB_CACHE)]
    return folder if trusted or any(map(folder.is_relative_to, caches)) else None
