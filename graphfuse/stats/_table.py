"""The long table of scores, checked and split into one block per dataset."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from graphfuse.errors import InputError, UnknownNameError
from graphfuse.stats._checks import FloatArray
from graphfuse.stats._moments import subtract

KEYS = ("dataset", "strategy", "repeat", "fold")
REQUIRED = (*KEYS, "score")
SIZES = ("n_train", "n_test")


@dataclass(frozen=True, kw_only=True)
class DatasetScores:
    """The scores of one dataset; a cell is one (repeat, fold).

    ``strategies``: highest mean first, equal means by name, those without any score last;
    ``scores``: [strategies, cells], NaN where a strategy has no finite score;
    ``ratios``: [cells], n_test / n_train, NaN where it is not known;
    ``steps``: [cells], 1 / n_test, NaN where it is not known;
    ``failed``: [strategies], rows of the table whose score is NaN or infinite.
    """

    dataset: Hashable
    strategies: tuple[Hashable, ...]
    scores: FloatArray
    ratios: FloatArray
    steps: FloatArray
    failed: tuple[int, ...]

    def paired(self, a: int, b: int) -> Values:
        """Return the differences a - b over the cells that both have."""
        both = np.isfinite(self.scores[a]) & np.isfinite(self.scores[b])
        return self._values(subtract(self.scores[a, both], self.scores[b, both]), both)

    def single(self, a: int) -> Values:
        """Return the finite scores of one strategy."""
        finite = np.isfinite(self.scores[a])
        return self._values(self.scores[a, finite], finite)

    def _values(self, values: FloatArray, cells: NDArray[np.bool_]) -> Values:
        return Values(values, _mean(self.ratios[cells]), _mean(self.steps[cells]))


class Values(NamedTuple):
    """Scores or differences, n_test / n_train of their cells, and the step of such a score."""

    values: FloatArray
    ratio: float
    resolution: float


def split_by_dataset(scores: pd.DataFrame) -> list[DatasetScores]:
    """Check a table of scores and split it by dataset; the order of its rows has no meaning.

    Raises :class:`~graphfuse.errors.InputError` for missing columns, keys that are missing or
    occur twice, scores that are not numbers, and sizes that are not positive.
    """
    table = _checked(scores)
    # Text as the sorting key, so that names and fold labels of mixed types have an order too.
    table = table.sort_values(list(KEYS), key=lambda column: column.map(str), kind="stable")
    return [
        _block(name, rows) for name, rows in table.groupby("dataset", sort=False, observed=True)
    ]


def check_strategy(name: str, datasets: Sequence[DatasetScores]) -> None:
    """Refuse a strategy that no dataset has."""
    known = {str(strategy) for data in datasets for strategy in data.strategies}
    if str(name) not in known:
        raise UnknownNameError("strategy", name, known)


def _checked(scores: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(scores, pd.DataFrame):
        raise InputError(
            f"scores must be a pandas DataFrame, got {type(scores).__name__}; pass a long table "
            f"with the columns {', '.join(REQUIRED)}"
        )
    missing = [name for name in REQUIRED if name not in scores.columns]
    if missing:
        raise InputError(
            f"scores lacks the columns {', '.join(missing)}; given: "
            f"{', '.join(map(str, scores.columns)) or 'none'}; expected: {', '.join(REQUIRED)}, "
            "optionally n_train and n_test; rename or add what is missing"
        )
    sizes = [name for name in SIZES if name in scores.columns]
    if len(sizes) == 1:
        raise InputError(
            f"scores has {sizes[0]} alone; n_train and n_test are used together: "
            "give both columns or neither"
        )
    table = scores.reset_index(drop=True)[[*REQUIRED, *sizes]].astype(dict.fromkeys(KEYS, object))
    for key in KEYS:
        if table[key].isna().any():
            row = int(table[key].isna().to_numpy().argmax())
            raise InputError(f"scores has no {key} in row {row}; every row needs one: fill it in")
    for name in ("score", *sizes):
        table[name] = _numbers(table[name])
    _check_unique(table)
    _check_sizes(table, sizes)
    return table


def _numbers(column: pd.Series) -> FloatArray:
    try:
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the column {column.name} of scores must hold numbers: {error}; "
            "use NaN for a run that failed"
        ) from error


def _check_unique(table: pd.DataFrame) -> None:
    again = table.duplicated(list(KEYS))
    if again.any():
        row = int(again.to_numpy().argmax())
        where = ", ".join(f"{key}={table[key].iloc[row]!r}" for key in KEYS)
        raise InputError(
            f"scores has more than one row for {where} ({int(again.sum())} rows too many); "
            "expected one row for each dataset, strategy, repeat and fold: "
            "drop the others, or give each its own repeat"
        )


def _check_sizes(table: pd.DataFrame, sizes: Sequence[str]) -> None:
    for name in sizes:
        wrong = (table[name] <= 0) | np.isinf(table[name])
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            raise InputError(
                f"{name} must be positive and finite, got {table[name].iloc[row]:g} in row {row}; "
                "give the number of samples of that fold, or NaN if it is not known"
            )


def _block(dataset: Hashable, rows: pd.DataFrame) -> DatasetScores:
    strategy_index, names = pd.factorize(rows["strategy"])
    cell_index, cells = pd.MultiIndex.from_frame(rows[["repeat", "fold"]]).factorize()
    score = rows["score"].to_numpy(dtype=np.float64)
    finite = np.isfinite(score)
    matrix = np.full((len(names), len(cells)), np.nan)
    matrix[strategy_index[finite], cell_index[finite]] = score[finite]
    failed = np.bincount(strategy_index[~finite], minlength=len(names))
    means = [_mean(row) for row in matrix]
    # The rows come by name and sorting is stable, so equal means stay by name.
    order = sorted(range(len(names)), key=lambda i: (np.isnan(means[i]), -means[i]))
    return DatasetScores(
        dataset=dataset,
        strategies=tuple(names[i] for i in order),
        scores=matrix[order],
        ratios=_ratios(rows, cell_index, len(cells)),
        steps=_steps(rows, cell_index, len(cells)),
        failed=tuple(int(failed[i]) for i in order),
    )


def _ratios(rows: pd.DataFrame, cell_index: NDArray[np.intp], cells: int) -> FloatArray:
    """Return n_test / n_train of every cell, from the sizes if there are any, else from the folds.

    A single fold without sizes leaves the ratio unknown: it may be one fixed split, whose variance
    is unknown.
    """
    if "n_train" in rows.columns:
        ratio = (rows["n_test"] / rows["n_train"]).to_numpy(dtype=np.float64)
        known = [_mean(ratio[cell_index == cell]) for cell in range(cells)]
        if np.isfinite(known).any():
            return np.where(np.isfinite(known), known, _mean(np.array(known)))
    folds = rows["fold"].nunique()
    return np.full(cells, 1 / (folds - 1) if folds > 1 else np.nan)


def _steps(rows: pd.DataFrame, cell_index: NDArray[np.intp], cells: int) -> FloatArray:
    if "n_test" not in rows.columns:
        return np.full(cells, np.nan)
    step = 1 / rows["n_test"].to_numpy(dtype=np.float64)
    return np.array([_mean(step[cell_index == cell]) for cell in range(cells)])


def _mean(values: FloatArray) -> float:
    """Return the mean of the finite values, NaN if there are none."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")
