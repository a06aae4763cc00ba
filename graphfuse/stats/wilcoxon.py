"""The signed-rank test over datasets, and the smallest p-value that it can give."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from graphfuse.errors import InputError
from graphfuse.stats._checks import check_differences


def smallest_p(n: int) -> float:
    """Return the smallest two-sided Wilcoxon signed-rank p-value that n datasets can give.

    It is reached when every dataset favours the same strategy: ``2 ** (1 - n)``. With 5 datasets it
    is 0.0625, so no difference, however large, is significant at 0.05; 0 or 1 dataset give 1.

    Raises :class:`~graphfuse.errors.InputError` for a negative n.

    Source: Wilcoxon, Individual Comparisons by Ranking Methods, Biometrics Bulletin 1, 1945,
    https://doi.org/10.2307/3001968

    Example:
        >>> [smallest_p(n) for n in (3, 5, 6)]
        [0.25, 0.0625, 0.03125]
    """
    if n < 0:
        raise InputError(f"n must be zero or more, got {n}; pass the number of datasets")
    return min(1.0, 2.0 ** (1 - n))


def signed_rank_p(differences: ArrayLike) -> float:
    """Return the exact two-sided p-value of the Wilcoxon signed-rank test.

    ``differences``: shape [n], one per dataset; NaN and infinite ones are left out, and zeros, as
    in the paper. Equal magnitudes share their mean rank. The p-value is exact even then: it counts
    the sign patterns of these ranks, without a table or a normal approximation.
    Without any difference other than zero p is 1; without any difference it is NaN.

    Raises :class:`~graphfuse.errors.InputError` for anything but a flat list of numbers.

    Source: Wilcoxon 1945, https://doi.org/10.2307/3001968; Demsar, Statistical Comparisons of
    Classifiers over Multiple Data Sets, JMLR 7, 2006, https://jmlr.org/papers/v7/demsar06a.html,
    for its use over datasets (which splits zeros evenly instead).

    Example:
        >>> signed_rank_p([0.01, 0.02, 0.03, 0.05, 0.04, 0.06])
        0.03125
    """
    values = check_differences(differences)
    if len(values) == 0:
        return float("nan")
    values = values[values != 0]
    if len(values) == 0:
        return 1.0
    # Magnitudes that differ by rounding alone are ties.
    magnitude = np.round(np.abs(values) / np.abs(values).max(), 10)
    doubled = np.rint(2 * stats.rankdata(magnitude)).astype(int)
    positive, total = int(doubled[values > 0].sum()), int(doubled.sum())
    chance = np.zeros(total + 1)
    chance[0] = 1.0
    for rank in doubled:
        chance[rank:] += chance[:-rank]
        chance /= 2
    return min(1.0, 2 * float(chance[: min(positive, total - positive) + 1].sum()))
