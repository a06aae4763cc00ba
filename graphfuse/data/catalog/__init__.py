"""Built-in datasets, one per file: real ones that are bundled, planted ones that are generated."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from graphfuse.data.catalog.card import DatasetCard, datasets
from graphfuse.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from graphfuse.data.dataset import FusionDataset


def list_datasets() -> list[DatasetCard]:
    """Return the cards of all built-in datasets, sorted by name."""
    return [datasets.get(name).card for name in datasets.names()]


def load_dataset(source: str | Path, **options: Any) -> FusionDataset:
    """Load a built-in dataset by name, a saved folder, or an ``.npz`` file of arrays.

    Planted datasets take ``seed`` and ``n``. An ``.npz`` file holds one array per modality
    ``[n, F]`` or ``[n, N, F]``, ``y``, and if wanted ``groups``, ``ids`` and ``splits``.

    Raises:
        UnknownNameError: neither a known name nor an existing path.
        InputError: an option that the dataset does not take, or a file without a dataset.

    Example:
        >>> load_dataset("planted/null", seed=0, n=100)
        FusionDataset('planted/null', 100 samples, a[8], b[8], binary)
    """
    name = str(source)
    if name in datasets.names():
        return datasets.get(name).load_with(options)
    path = Path(source)
    if not path.exists():
        raise UnknownNameError("dataset (and no such path)", name, datasets.names())
    if options:
        raise InputError(f"a dataset from a path takes no options, got {sorted(options)}")
    if path.suffix == ".npz":
        return _load_npz(path)
    from graphfuse.data.dataset import FusionDataset

    return FusionDataset.load(path, verify=True)


def _load_npz(path: Path) -> FusionDataset:
    from graphfuse.data.in_memory import build_dataset

    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except Exception as error:  # zip, header and tokens of a damaged file raise what they like
        raise InputError(
            f"{path} is not a readable .npz file of plain arrays "
            f"({type(error).__name__}: {error}); "
            f"save it again with numpy.savez"
        ) from error
    extras = {key: arrays.pop(key) for key in ("y", "groups", "ids", "splits") if key in arrays}
    return build_dataset(arrays, name=path.stem, **extras)
