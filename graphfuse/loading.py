"""Any source of samples as a dataset: built-in, saved, or raw, which is then encoded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from graphfuse.data.catalog import list_datasets
from graphfuse.data.catalog import load_dataset as load_features
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.files import FEATURES, RAW, features_advice
from graphfuse.data.in_memory import WAYS_IN, from_memory, is_in_memory
from graphfuse.data.steps.sequence import choose_steps
from graphfuse.data.storage import ARROW, JSON
from graphfuse.encoders.encoding import encode
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw import Manifest, read_manifest
from graphfuse.raw.catalog import load_raw_dataset, raw_datasets
from graphfuse.raw.cleaning import clean
from graphfuse.raw.readers.paths import similar
from graphfuse.raw.tables.shards import is_pattern

HUB = "hf:"
"""What the name of a data set on the Hugging Face hub begins with here."""

ENCODING = (
    "encoders",
    "steps",
    "augment",
    "cache",
    "n_jobs",
    "device",
    "progress",
    "unreadable",
    "allow_missing_modality",
)
READING = ("columns", "name", "root", "task", "split", "limit", "encoding")


def is_raw(source: Any) -> bool:
    """Return whether a source holds raw samples, which have to be encoded.

    Example:
        >>> is_raw("emoji"), is_raw("my-data.csv"), is_raw("hf:user/name")
        (False, True, True)
    """
    if isinstance(source, (list, tuple)):
        return bool(source) and all(isinstance(one, (str, Path)) for one in source)
    if not isinstance(source, (str, Path)):
        table = isinstance(source, (Manifest, pd.DataFrame))
        return table or hasattr(source, "column_names")
    name, path = str(source), Path(source)
    if name in raw_datasets.names() or name.startswith(HUB):
        return True
    if path.is_dir():
        return not ((path / JSON).exists() or (path / ARROW).exists())
    return path.suffix.lower() in RAW or is_pattern(name)


def read_raw(source: Any, **options: Any) -> Manifest:
    """Return the manifest of a raw source: a built-in one by name, or what ``read_manifest`` takes.

    Raises:
        UnknownNameError: an option that the source does not take, or a file that does not exist.
    """
    if isinstance(source, Manifest):
        if options:
            raise InputError(f"a manifest is read already and takes no options, got {options}")
        return source
    name = str(source)
    if name in raw_datasets.names():
        return load_raw_dataset(name, **options)
    for option in options:
        if option not in READING:
            raise UnknownNameError(f"option of {name!r}", option, (*READING, *ENCODING, "clean"))
    if isinstance(source, str) and source.startswith(HUB):
        return read_manifest(source.removeprefix(HUB), **options)
    if isinstance(source, (str, Path)) and not Path(source).exists() and not is_pattern(source):
        if name in [card.name for card in list_datasets()]:
            raise InputError(
                f"{name!r} is a dataset of features, not of raw samples: it is compared as it is, "
                f"with nothing to inspect, clean or preview; raw ones are {raw_datasets.names()} "
                f"and your own files"
            )
        if Path(name).suffix.lower() in RAW:
            raise InputError(f"there is no file or folder {name!r}{similar(Path(name))}")
        raise UnknownNameError("raw dataset (and no such path)", name, raw_datasets.names())
    return read_manifest(source, **options)


def _check_exists(source: Any) -> None:
    """Raise an error unless a source is an existing path or the name of a built-in dataset."""
    if not isinstance(source, (str, Path)):
        raise InputError(
            f"samples must be a name, {WAYS_IN}; got {type(source).__name__}: {str(source)[:60]}"
        )
    if Path(source).is_file() and Path(source).suffix.lower() in FEATURES:
        raise InputError(features_advice(Path(source)))
    features = [card.name for card in list_datasets()]
    if str(source) not in features and not Path(source).exists():
        known = [*features, *raw_datasets.names()]
        raise UnknownNameError("dataset (and no such path)", source, known)


def load_dataset(source: Any, *, target: Any = None, **options: Any) -> FusionDataset:
    """Load samples from any source as a dataset; raw samples are encoded.

    Args:
        source: a name, a path, or an object in memory.

            - The name of a built-in dataset; that of a dataset on the Hugging Face hub after
              ``hf:``.
            - A saved dataset, or an ``.npz`` file of arrays.
            - Raw samples: a CSV, TSV, JSON Lines or Parquet file; several of these, as a folder, a
              pattern such as ``shards/*.csv`` or a list; a folder with one folder per class.
            - A ``pandas.DataFrame``, a ``datasets.Dataset`` or ``DatasetDict``, a
              :class:`~graphfuse.raw.Manifest`: raw samples too.
            - Features: ``{modality: array, "y": labels}``, a ``TensorDataset``, a list of
              :class:`~graphfuse.data.Sample` or of PyTorch Geometric's ``HeteroData``; see
              :func:`graphfuse.data.in_memory.from_memory`.
            - A :class:`~graphfuse.data.FusionDataset`.
        target: name of the column or key with the labels, or for arrays the labels themselves.
        options: for names and saved data those of :func:`graphfuse.data.load_dataset`; for features
            those of :meth:`~graphfuse.data.FusionDataset.from_arrays`; for raw samples those of
            :func:`~graphfuse.raw.read_manifest` and of :func:`~graphfuse.encoders.encode`, and
            ``clean``, the steps of ``graphfuse.raw.cleaning.clean``. For all, ``steps``: names or
            ``{name: options}`` of :mod:`graphfuse.data.steps`, which are fitted on the training
            part of each fold. They replace the source's own, or standardisation; the steps that
            encoders ask for stay before them.

    Raises:
        UnknownNameError: an unknown name, option or column.
        InputError: the source has an unknown type, or its data cannot be read.

    Example:
        >>> load_dataset("planted/null", n=100)
        FusionDataset('planted/null', 100 samples, a[8], b[8], binary)
        >>> import numpy as np
        >>> load_dataset({"image": np.eye(2), "y": ["cat", "dog"]})
        FusionDataset('', 2 samples, image[2], binary)
    """
    chosen = options.pop("steps", None)
    if is_raw(source):
        return choose_steps(_encode(source, target, options), chosen)
    if is_in_memory(source):
        return choose_steps(from_memory(source, target, **options), chosen)
    if target is not None:
        raise InputError(
            f"target={target!r} names the labels of a table or of arrays; "
            f"choose one of several targets with dataset.select_target(name)"
        )
    if isinstance(source, FusionDataset):
        if options:
            raise InputError(f"a FusionDataset takes no options but steps, got {sorted(options)}")
        return choose_steps(source, chosen)
    _check_exists(source)
    return choose_steps(load_features(source, **options), chosen)


def _encode(source: Any, target: Any, options: dict[str, Any]) -> FusionDataset:
    """Read raw samples, clean and encode them."""
    if target is not None:
        options["columns"] = {**(options.get("columns") or {}), target: "label"}
    encoding = {name: options.pop(name) for name in ENCODING if name in options}
    steps = options.pop("clean", ())
    manifest = clean(read_raw(source, **options), steps, progress=encoding.get("progress", True))
    return encode(manifest, **encoding)


def load_datasets(
    given: Any, encoding: Mapping[str, Any] | None = None
) -> tuple[dict[str, FusionDataset], list[Any]]:
    """Load the datasets of a comparison from one source or a list of sources.

    Args:
        given: sources of :func:`load_dataset`, and mappings ``{name or path: options}``. A list of
            samples or graphs is one data set.
        encoding: options of encoding for those that are raw; their own come first.

    Returns:
        The data sets by name, and how each source was given, as plain data.

    Raises:
        InputError: there is no source, two data sets have the same name, or one cannot be compared.
    """
    several = isinstance(given, (list, tuple)) and not is_in_memory(given)
    items = list(given) if several else [given]
    loaded: dict[str, FusionDataset] = {}
    as_given: list[Any] = []
    for number, item in enumerate(items, 1):
        pairs, shown = _load_item(item, number, encoding or {})
        as_given.append(shown)
        for name, dataset in pairs:
            if name in loaded:
                raise InputError(
                    f"two datasets of the comparison are named {name!r}; rename one (raw data "
                    f"by their option name, {{path: {{name: other}}}})"
                )
            _check_comparable(name, dataset)
            loaded[name] = dataset
    if not loaded:  # an empty mapping, say
        raise InputError("datasets must name at least one dataset, got none")
    return loaded, as_given


def _load_item(
    item: Any, number: int, encoding: Mapping[str, Any]
) -> tuple[list[tuple[str, FusionDataset]], Any]:
    """Return the data sets of a source by name, and the source as plain data."""
    if isinstance(item, (str, Path)):
        dataset = load_dataset(item, **(encoding if is_raw(item) else {}))
        return [(dataset.name or Path(item).stem, dataset)], str(item)
    if is_raw(item):
        dataset = load_dataset(item, **encoding)
        return [(dataset.name, dataset)], dataset.name
    if isinstance(item, FusionDataset) or is_in_memory(item):
        dataset = load_dataset(item)
        name = dataset.name or f"dataset-{number}"
        return [(name, dataset)], name
    if not isinstance(item, Mapping):
        raise InputError(
            f"a dataset must be a name, a path, a FusionDataset or {{name: options}}, or "
            f"{WAYS_IN}; got {item!r}"
        )
    options = {name: _options_of(name, chosen) for name, chosen in item.items()}
    pairs = []
    for name, own in options.items():
        raw = is_raw(name)
        dataset = load_dataset(name, **{**(encoding if raw else {}), **own})
        pairs.append((dataset.name if raw else name, dataset))
    plain = {str(name): own for name, own in options.items()}
    return pairs, json.loads(json.dumps(plain, default=str))  # paths as text


def _options_of(name: Any, chosen: Any) -> dict[str, Any]:
    if not isinstance(chosen, Mapping | None):
        raise InputError(f"options of dataset {name!r} must be {{option: value}}, got {chosen!r}")
    return dict(chosen or {})


def _check_comparable(name: str, dataset: FusionDataset) -> None:
    dataset.labels()
    gone = [m for m, column in dataset.x.items() if not len(column.values)]
    if gone:
        raise InputError(
            f"modalities {gone} of {name!r} are missing in every sample; leave them out"
        )
    dataset.warn_of_empty_samples()
