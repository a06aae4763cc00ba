"""Batches: samples padded to the same number of nodes, the input of a strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphfuse.data._convert import to_networkx, to_pyg
from graphfuse.data.padded import Edges, Padded

if TYPE_CHECKING:
    import networkx
    from torch_geometric.data import HeteroData

__all__ = ["Batch", "Edges"]


@dataclass
class Batch(Padded):
    """B samples as padded tensors.

    Every modality of the schema is a key of ``x`` and ``mask``, even if no sample has it. It may
    be changed in place.

    Shapes:
        - ``x[m]`` [B, N, F], zero where padded; N >= 1.
        - ``mask[m]`` bool [B, N], True at a real node; a missing modality is a row of False.
        - ``pos[m]`` [B, N, P], for modalities that have positions; ``pos_unit[m]`` is their unit,
          where it is known.
        - ``attrs[name][m]`` long [B, N], -1 where padded.
        - ``edges[type]`` bool or weights [B, Ns, Nd], or :class:`SparseEdges`.
        - ``unit[m]`` long [B, N], -1 where padded, with ``unit_mask`` bool [B, U]; both None when
          each sample is one unit.
        - ``y`` [B], [B, L] for L labels, with units [B, U, ...]; a dict for several targets; -1 or
          NaN where unlabelled; None when nothing is labelled.
    """

    def to_pyg(self) -> list[HeteroData]:
        """Return one ``HeteroData`` per sample, with every node and edge type present in each.

        That makes ``torch_geometric.data.Batch.from_data_list`` safe, which otherwise drops or
        mixes up modalities that some samples lack. Features, positions, attributes, units, edges
        with their weights, labels, ids and domains are kept; ``FusionDataset.from_pyg`` reads
        them back.
        """
        return to_pyg(self)

    def to_networkx(self, i: int) -> networkx.MultiDiGraph:
        """Return sample ``i`` as a networkx graph whose nodes are ``(modality, row)``."""
        return to_networkx(self, i)
