"""Import PyTorch Geometric without its warnings."""

from __future__ import annotations

import importlib
import warnings


def import_pyg() -> None:
    """Import ``torch_geometric`` without the warnings of its import.

    Call it before a ``from torch_geometric... import ...``: it imports the parts that graphfuse
    uses, so that importing them again says nothing.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in ("data", "nn", "nn.resolver"):
            importlib.import_module(f"torch_geometric.{part}")
