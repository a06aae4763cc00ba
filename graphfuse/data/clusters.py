"""Clusters of samples that pairs link."""

from __future__ import annotations

import numpy as np


def find_clusters(pairs: np.ndarray, n: int) -> np.ndarray:
    """Return the number [n] of the connected component of each sample, by pairs [P, 2] of them.

    Example:
        >>> find_clusters(np.array([[0, 2], [2, 3]]), 5).tolist()
        [0, 1, 0, 0, 2]
    """
    # Slow to import, and needed by few.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    first, second = np.asarray(pairs, dtype=np.int64).reshape(-1, 2).T
    joined = coo_array((np.ones(len(first)), (first, second)), shape=(n, n))
    found: np.ndarray = connected_components(joined, directed=False)[1]
    return found
