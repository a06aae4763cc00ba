import numpy as np
import pytest

import graphfuse
from graphfuse.bench.run import fold_parts
from graphfuse.data import load_dataset, make_splits
from graphfuse.data.in_memory import from_memory
from graphfuse.data.missing_cells import columns_with_missing_cells, flag_missing_cells
from graphfuse.errors import InputError

NAN = np.nan


def test_whole_samples_and_nodes_that_are_missing_are_no_missing_cells():
    assert columns_with_missing_cells(np.array([[1.0, 2], [NAN, NAN]])) == []
    nodes = np.ones((2, 3, 4))
    nodes[0, 1] = NAN
    assert columns_with_missing_cells(nodes) == []
    nodes[1, 2, 3] = NAN
    assert columns_with_missing_cells(nodes) == [3]
    assert columns_with_missing_cells([np.array([[NAN, 1.0]]), None]) == [0]
    assert columns_with_missing_cells(np.array([1, 2])) == []


def test_flags_leave_a_missing_sample_missing():
    flagged = flag_missing_cells(np.array([[1.0, NAN], [NAN, NAN]]), [1])
    assert np.array_equal(flagged, [[1, 0, 1], [NAN, NAN, NAN]], equal_nan=True)


def holed(n=60):
    random = np.random.default_rng(0)
    a, b = random.normal(size=(n, 4)), random.normal(size=(n, 2, 3))
    a[::4, 1], b[::5, 0, 2] = NAN, NAN
    a[7] = NAN  # a missing sample
    return {"a": a, "b": b, "y": np.arange(n) % 2}


def test_cells_are_filled_with_the_median_of_the_training_part():
    arrays = holed()
    data = from_memory(arrays)
    assert [m.shape for m in data.schema.modalities] == [(5,), (4,)]
    split = next(make_splits(data, folds=3))
    train, _, test = fold_parts(data, split)
    # Scaling keeps what is equal: the cells filled in training and test have one value.
    median = np.nanmedian(arrays["a"][split.train, 1])
    known = train.batch(range(len(train)))
    for part, rows in ((train, split.train), (test, split.test)):
        batch = part.batch(range(len(part)))
        filled = np.isnan(arrays["a"][rows, 1]) & ~np.isnan(arrays["a"][rows]).all(1)
        assert len({round(float(v), 5) for v in batch.x["a"][filled, 0, 1]}) == 1
        assert bool(batch.x["a"].isfinite().all())
    values = known.x["a"][:, 0, 1].numpy()
    there = ~np.isnan(arrays["a"][split.train, 1])
    slope, offset = np.polyfit(arrays["a"][split.train, 1][there], values[there], 1)
    filled = ~there & (split.train != 7)
    assert values[filled] == pytest.approx(slope * median + offset, abs=1e-5)


def test_arrays_with_missing_cells_are_compared(tmp_path):
    result = graphfuse.compare(
        holed(), ["concat"], folds=2, recipe={"epochs": 1}, out=tmp_path, progress=False
    )
    assert [record["status"] for record in result.records()] == ["done"] * 2


def test_infinite_values_are_still_refused():
    arrays = holed()
    arrays["a"][0, 0] = np.inf
    with pytest.raises(InputError, match="sample 0"):
        from_memory(arrays)
    assert load_dataset("planted/null", n=20).steps is None
