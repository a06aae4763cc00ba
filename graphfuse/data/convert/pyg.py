"""pyg: graphs of PyTorch Geometric, one per sample, saved with torch.save."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from graphfuse._pyg import import_pyg
from graphfuse.data.convert.format import register_format
from graphfuse.data.dataset import FusionDataset
from graphfuse.errors import InputError

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

LEGACY = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""How files begin that torch.save wrote before version 1.6."""


def _is_graph(given: Any) -> bool:
    return type(given).__name__ in ("Data", "HeteroData")


@register_format(
    "pyg",
    source="torch",
    summary="list of HeteroData or Data: node types are modalities, y the label",
    fits=lambda content: (
        isinstance(content, (list, tuple)) and bool(content) and all(map(_is_graph, content))
    ),
)
def read_graphs(content: Sequence[HeteroData]) -> FusionDataset:
    """Return a dataset with one sample per graph; see :meth:`FusionDataset.from_pyg`.

    ``split`` and ``group`` of the graphs are read where each graph has them.

    Raises:
        InputError: a graph without features, or that is not as PyTorch Geometric makes it.
    """
    options: dict[str, Any] = {}
    try:
        for option, key in (("splits", "split"), ("groups", "group")):
            given = [graph.get(key, None) for graph in content]
            if all(isinstance(value, (str, int)) for value in given):
                options[option] = given
        return FusionDataset.from_pyg(content, **options)
    except (AttributeError, LookupError, TypeError) as error:
        raise InputError(
            f"the graphs are not valid graphs of PyTorch Geometric ({type(error).__name__}: "
            f"{error})"
        ) from None


def load_graphs(path: Path) -> Any:
    """Return what ``torch.save`` wrote, where it is tensors, plain containers and graphs.

    Raises:
        InputError: it holds anything else, or is damaged.
    """
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as file:
            if not any(name.endswith("data.pkl") for name in file.namelist()):
                raise InputError(
                    f"{path} is a zip file that torch.save did not write; load_dataset reads "
                    f".npz files as they are; unpack other archives first"
                )
    try:
        with _graphs_admitted():
            return torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise InputError(f"{path} does not fit into memory, or is damaged") from None
    except (pickle.UnpicklingError, EOFError, LookupError, OSError, RuntimeError, TypeError,
            ValueError, AttributeError) as error:  # fmt: skip
        refused = re.search(r"GLOBAL (\S+)", str(error))
        if refused:
            raise InputError(
                f"{path} names {refused[1]} and is not read: a file of torch.save can run any "
                f"code, so only tensors, plain containers, HeteroData and Data are read; "
                f"copy the tensors into torch_geometric.data.HeteroData and save a list of these"
            ) from None
        raise InputError(
            f"{path} is not a readable file of torch.save ({type(error).__name__}: "
            f"{str(error).splitlines()[0] if str(error) else ''}); it may be damaged or truncated"
        ) from None


@contextmanager
def _graphs_admitted() -> Iterator[None]:
    """Let torch.load make graphs, and take back afterwards what was not admitted before."""
    import_pyg()
    from torch_geometric.data import Data, HeteroData
    from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
    from torch_geometric.data.storage import BaseStorage, EdgeStorage, GlobalStorage, NodeStorage

    graphs = {Data, DataEdgeAttr, DataTensorAttr, HeteroData}
    needed = graphs | {BaseStorage, EdgeStorage, GlobalStorage, NodeStorage}
    missing = needed - set(torch.serialization.get_safe_globals())
    with torch.serialization.safe_globals(list(missing)):
        yield
