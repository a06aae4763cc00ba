from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import pytest


@pytest.fixture(scope="session")
def make_scores() -> Callable[..., pd.DataFrame]:
    """Long table out of {dataset: {strategy: scores}}; ``folds`` scores make one repeat.

    With ``n_test`` each fold has so many test samples, and four times as many for training.
    """

    def make(
        datasets: Mapping[str, Mapping[str, Sequence[float]]],
        folds: int = 5,
        n_test: int | None = None,
    ) -> pd.DataFrame:
        table = pd.DataFrame(
            [
                (dataset, strategy, index // folds, index % folds, score)
                for dataset, strategies in datasets.items()
                for strategy, scores in strategies.items()
                for index, score in enumerate(scores)
            ],
            columns=["dataset", "strategy", "repeat", "fold", "score"],
        )
        return table if n_test is None else table.assign(n_test=n_test, n_train=4 * n_test)

    return make
