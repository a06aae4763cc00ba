"""Every strategy against every other on the same folds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import pandas as pd

from graphfuse.stats._checks import check_probability, check_rope
from graphfuse.stats._table import DatasetScores, split_by_dataset
from graphfuse.stats.bayes import Posterior, bayesian_correlated_t
from graphfuse.stats.corrected_t import PairedTest, corrected_t_test
from graphfuse.stats.effect import effect_size
from graphfuse.stats.holm import holm

COLUMNS = (
    *("dataset", "a", "b", "difference", "low", "high", "p_value", "p_holm"),
    *("worse", "equivalent", "better", "effect", "wins", "ties", "losses", "n"),
)


def compare_pairs(scores: pd.DataFrame, rope: float = 0.01, level: float = 0.95) -> pd.DataFrame:
    """Compare every two strategies of each dataset on the folds that both have.

    ``scores``: long table as in :func:`summarize`. Returns one row per dataset and ordered pair of
    strategies (both (a, b) and (b, a), so that ``pairs[pairs.a == name]`` has all comparisons of a
    strategy); datasets by name, strategies by mean, highest first:

    - ``difference``: mean of a - b; ``low``, ``high``, ``p_value``: see :func:`corrected_t_test`;
    - ``p_holm``: p-value after Holm's correction over the pairs of that dataset, each pair counted
      once; pairs without a p-value do not count;
    - ``worse``, ``equivalent``, ``better``: their probabilities for a, see
      :func:`bayesian_correlated_t`;
    - ``effect``: paired Cohen's d of the difference, see :func:`effect_size`;
    - ``wins``, ``ties``, ``losses``: folds in which a scores higher, the same (up to rounding) and
      lower than b; ``n``: their sum.

    Fewer than two common folds, or an unknown ratio n_test / n_train, give NaN.

    Raises :class:`~graphfuse.errors.InputError` for a table that is not as in :func:`summarize`, a
    negative rope, or a level outside (0, 1).

    Source: Nadeau and Bengio 2003, https://doi.org/10.1023/A:1024068626366; Benavoli et al. 2017,
    https://jmlr.org/papers/v18/16-305.html

    Example:
        >>> scores = pd.DataFrame({"dataset": "d", "strategy": ["graph"] * 3 + ["concat"] * 3,
        ...                        "repeat": 0, "fold": [0, 1, 2] * 2,
        ...                        "score": [0.90, 0.82, 0.86, 0.70, 0.66, 0.65]})
        >>> columns = ["a", "b", "difference", "p_holm", "better", "wins"]
        >>> compare_pairs(scores)[columns].round(2)
                a       b  difference  p_holm  better  wins
        0   graph  concat        0.19    0.02    0.99     3
        1  concat   graph       -0.19    0.02    0.01     0
    """
    check_rope(rope)
    check_probability("level", level, 0.95)
    rows = [pair.row() for data in split_by_dataset(scores) for pair in _pairs(data, rope, level)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


@dataclass(frozen=True, kw_only=True)
class _Pair:
    dataset: object
    a: object
    b: object
    test: PairedTest
    p_holm: float
    posterior: Posterior
    effect: float
    wins: int
    losses: int

    def row(self) -> tuple[object, ...]:
        test, posterior = self.test, self.posterior
        return (
            *(self.dataset, self.a, self.b, test.mean, test.low, test.high),
            *(test.p_value, self.p_holm),
            *(posterior.worse, posterior.equivalent, posterior.better, self.effect),
            *(self.wins, test.n - self.wins - self.losses, self.losses, test.n),
        )

    def mirrored(self) -> _Pair:
        test, posterior = self.test, self.posterior
        return replace(
            self,
            a=self.b,
            b=self.a,
            test=replace(
                # Subtracted from zero, as a bare minus turns 0.0 into -0.0.
                test,
                mean=0.0 - test.mean,
                low=0.0 - test.high,
                high=0.0 - test.low,
                statistic=0.0 - test.statistic,
            ),
            posterior=replace(posterior, worse=posterior.better, better=posterior.worse),
            effect=0.0 - self.effect,
            wins=self.losses,
            losses=self.wins,
        )


def _pairs(data: DatasetScores, rope: float, level: float) -> list[_Pair]:
    found = {}
    for a, b in combinations(range(len(data.strategies)), 2):
        differences, ratio, step = data.paired(a, b)
        found[a, b] = _Pair(
            dataset=data.dataset,
            a=data.strategies[a],
            b=data.strategies[b],
            test=corrected_t_test(differences, ratio, level, step),
            p_holm=float("nan"),
            posterior=bayesian_correlated_t(differences, ratio, rope, step),
            effect=effect_size(differences),
            wins=int((differences > 0).sum()),
            losses=int((differences < 0).sum()),
        )
    adjusted = holm([pair.test.p_value for pair in found.values()])
    for (a, b), p in zip(list(found), adjusted, strict=True):
        found[a, b] = replace(found[a, b], p_holm=float(p))
        found[b, a] = found[a, b].mirrored()
    return [found[key] for key in sorted(found)]
