import numpy as np
import pytest
import torch

from graphfuse.encoders import create_encoder
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw import Series

NAN = np.nan


def series(values, times=None):
    values = np.array(values, dtype=np.float32)
    values = values[:, None] if values.ndim == 1 else values
    return Series(values, np.arange(float(len(values))) if times is None else np.array(times))


def encode(*items, **options):
    return create_encoder("series", "windows", **options).encode(items)


def test_windows_in_rows_hold_their_rows():
    (nodes,) = encode(series(range(7)), width=3, step=2, flags=False)
    assert nodes.x.tolist() == [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    assert nodes.pos.tolist() == [[1], [3], [5]]
    assert nodes.x.dtype == nodes.pos.dtype == torch.float32


def test_channels_stand_together():
    (nodes,) = encode(series([[1, 10], [2, 20], [3, NAN]]), channels=2, width=3)
    assert torch.allclose(nodes.x, torch.tensor([[1, 2, 3, 0, 10, 20, 20, 1 / 3]]))


@pytest.mark.parametrize(("rows", "windows"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3), (12, 3)])
def test_no_row_is_left_out(rows, windows):
    (nodes,) = encode(series(np.arange(1.0, rows + 1)), width=4, flags=False)
    assert nodes.x.shape == (windows, 4)
    assert set(range(1, rows + 1)) <= set(nodes.x.flatten().tolist())


def test_short_series_are_filled_up_and_flagged():
    (nodes,) = encode(series([5, 7]), width=4)
    assert nodes.x.tolist() == [[5, 7, 7, 7, 0.5]]


def test_missing_values_lie_on_the_line_between_their_neighbours_in_time():
    given = series([NAN, 1, NAN, 4, NAN], times=[0, 1, 3, 4, 9])
    (nodes,) = encode(given, width=5)
    assert torch.allclose(nodes.x, torch.tensor([[1, 1, 3, 4, 4, 0.6]]))
    (nodes,) = encode(series([NAN, NAN]), width=2)
    assert nodes.x.tolist() == [[0, 0, 1]]


def test_positions_in_rows_are_times_of_the_middle():
    given = series(range(6), times=[10, 11, 12, 20, 21, 22])
    (nodes,) = encode(given, width=3)
    assert nodes.pos.tolist() == [[11], [21]]


def test_windows_in_seconds_do_not_depend_on_the_rate():
    clock = [np.arange(0, 10, 0.5), np.arange(0, 10, 0.25), np.sort(np.r_[0:9.75:30j, 3.14])]
    found = [
        encode(series(3 * t, 100 + t), unit="seconds", width=4, step=2, points=2, flags=False)[0]
        for t in clock
    ]
    for nodes in found:
        assert nodes.pos.tolist() == [[102], [104], [106], [108]]
        middle = 3 * torch.tensor([[1.0, 3], [3, 5], [5, 7], [7, 9]])
        assert torch.allclose(nodes.x, middle, atol=0.8)


def test_a_point_in_seconds_is_the_mean_of_its_rows_or_on_the_line():
    given = series([1, 3, 8, 10], times=[0, 0.5, 4, 4.5])
    (nodes,) = encode(given, unit="seconds", width=6, points=3)
    assert torch.allclose(nodes.x, torch.tensor([[2.0, 3 + 5 * 2.5 / 3.5, 9.0, 0]]))


def test_times_that_rounding_moved_stay_in_their_window():
    for rate in range(3, 30):
        times = np.arange(40) / rate - 2  # 0.30000000000000004 and the like
        options = {"width": 5 / rate, "points": 5, "step": 1 / rate, "flags": False}
        (nodes,) = encode(series(range(40), times), unit="seconds", **options)
        assert torch.equal(nodes.x, torch.arange(36.0)[:, None] + torch.arange(5))


def test_statistics():
    (nodes,) = encode(series([1, 4, 1, 6]), width=4, values="statistics", flags=False)
    slope = np.polyfit(np.arange(4), [1, 4, 1, 6], 1)[0]
    expected = [3, np.std([1, 4, 1, 6]), 1, 6, 3 * slope]
    assert torch.allclose(nodes.x, torch.tensor([expected], dtype=torch.float32))
    (one,) = encode(series([2]), width=1, values="statistics")
    assert one.x.tolist() == [[2, 0, 2, 2, 0, 0]]


@pytest.mark.parametrize("unit", ["rows", "seconds"])
@pytest.mark.parametrize("values", ["points", "statistics"])
@pytest.mark.parametrize("flags", [True, False])
def test_features_are_as_many_as_it_says(unit, values, flags):
    options = {"unit": unit, "points": 3, "values": values, "flags": flags}
    encoder = create_encoder("series", "windows", channels=2, width=4, **options)
    for rows in (1, 3, 50):
        (nodes,) = encoder.encode([series(np.full((rows, 2), NAN))])
        assert nodes.x.shape[1] == encoder.features
        assert nodes.x.isfinite().all()


def test_windows_may_leave_gaps():
    (nodes,) = encode(series(range(9)), width=2, step=4, flags=False)
    assert nodes.x.tolist() == [[0, 1], [4, 5], [8, 8]]
    (nodes,) = encode(series(range(10)), width=2, step=5, flags=False)
    assert nodes.x.tolist() == [[0, 1], [5, 6]]


def test_many_channels_of_large_offset_stay_exact():
    rng = np.random.default_rng(0)
    values = (1e6 + rng.integers(0, 9, (500, 3))).astype(np.float32)
    (nodes,) = encode(series(values), channels=3, width=10, flags=False)
    assert torch.equal(
        nodes.x.view(50, 3, 10).transpose(1, 2).reshape(500, 3), torch.tensor(values)
    )


def test_centres_are_subtracted_in_double_precision():
    values = np.array([[1.7e9, 5], [1.7e9 + 1, NAN], [NAN, NAN]])
    given = Series(values, np.arange(3.0))
    (nodes,) = encode(given, channels=2, width=3, flags=False, centres=[1.7e9, 3])
    assert nodes.x.tolist() == [[0, 1, 1, 2, 2, 2]]
    (nodes,) = encode(Series(values + 1, np.arange(3.0)), channels=2, centres=[1.7e9, 1e9])
    assert nodes.x.isfinite().all()


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("text", "must be a Series, got str"),
        (series([[1, 2]]), r"values \[T, 1\] with T >= 1, got shape \[1, 2\]"),
        (Series(np.zeros((0, 1)), np.zeros(0)), r"got shape \[0, 1\]"),
        (series([1, np.inf]), "row 1 has an infinite one"),
        (series([1, 2], times=[1, 0]), "one time per row, 2, in order"),
        (series([1, 2], times=[0, NAN]), "none missing"),
        (series([1, 2], times=[0]), "one time per row"),
        (series(range(64), times=1.7e9 + np.arange(64)), "count time from the beginning"),
        (series(range(64), times=1.7e9 + 20 * np.arange(64)), "count time from the beginning"),
        (Series(np.array([[1e300], [0]]), np.arange(2.0)), "1e\\+300, which overflows single"),
        (Series(np.array([[1.7e9], [1.7e9 + 1]]), np.arange(2.0)), "than single precision resol"),
    ],
)
def test_bad_items_are_named(item, message):
    with pytest.raises(InputError, match=message):
        encode(item)


def test_bad_options_are_named():
    with pytest.raises(UnknownNameError, match="did you mean 'seconds'"):
        encode(unit="second")
    with pytest.raises(UnknownNameError, match="did you mean 'statistics'"):
        encode(values="statistic")
    with pytest.raises(InputError, match=r"width of windows in rows must be an integer.*0\.5"):
        encode(width=0.5)
    with pytest.raises(InputError, match="step of windows must be a number of seconds > 0, got 0"):
        encode(unit="seconds", step=0)
    with pytest.raises(InputError, match=r"centres must be one finite number per channel, 1, got"):
        encode(centres=[1, 2])
    with pytest.raises(InputError, match=r"centres must be one finite number per channel"):
        encode(centres=[NAN])
