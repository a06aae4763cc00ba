import numpy as np
import pytest

from graphfuse.data import FusionDataset, load_dataset
from graphfuse.data.near_duplicates import near_duplicates


def pairs(found):
    return [
        np.flatnonzero(found == number).tolist()
        for number in np.flatnonzero(np.bincount(found) > 1)
    ]


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_copies_are_found_whatever_the_unit_if_all_modalities_agree():
    a, b = noise(60, 40) * 1e6, noise(60, 30, seed=1) * 1e-6
    a[50], b[50] = a[3] * (1 + 1e-4), b[3]
    a[51] = a[4]  # alike in one modality, not in the other
    a[52], b[52] = a[5], np.nan  # alike where both are there, but one lacks the other
    a[54], b[54] = a[53], b[53]
    b[55], b[56] = np.nan, np.nan
    a[56] = a[55]  # both lack the other
    data = FusionDataset.from_arrays({"a": a, "b": b}, y=[0, 1] * 30)
    assert pairs(near_duplicates(data)) == [[3, 50], [53, 54], [55, 56]]


def test_many_nodes_are_looked_at_as_a_set_with_positions():
    x, pos = noise(50, 16, 12), np.tile(np.arange(16.0)[None, :, None], (50, 1, 1))
    x[48] = x[7] + 0.003 * noise(16, 12, seed=1)
    x[49] = x[8, ::-1]  # the same nodes at other places
    data = FusionDataset.from_arrays({"a": x}, pos={"a": pos}, y=[0, 1] * 25)
    assert pairs(near_duplicates(data)) == [[7, 48]]
    turned = FusionDataset.from_arrays({"a": x[:, ::-1]}, pos={"a": pos[:, ::-1]}, y=[0, 1] * 25)
    assert pairs(near_duplicates(turned)) == [[7, 48]]
    without = FusionDataset.from_arrays({"a": x}, y=[0, 1] * 25)
    assert pairs(near_duplicates(without)) == [[7, 48], [8, 49]]


@pytest.mark.parametrize(
    "x",
    [
        noise(1000, 2),
        noise(1000, 2).round(1),
        np.random.default_rng(0).integers(0, 2, (1000, 10)),
        (np.random.default_rng(0).random((1000, 20)) < 0.1).astype(int),
        np.eye(5)[np.random.default_rng(0).integers(0, 5, (1000, 6))].reshape(1000, 30),
        np.eye(10)[np.arange(1000) % 10].repeat(10, 1) + 0.001 * noise(1000, 100),
        np.ones((1000, 50)),
    ],
    ids=["two numbers", "rounded", "bits", "rare bits", "categories", "tight classes", "constant"],
)
def test_agreement_by_chance_or_by_nature_is_no_copy(x):
    data = FusionDataset.from_arrays({"a": x.astype(float)}, y=np.arange(1000) % 2)
    assert pairs(near_duplicates(data)) == []


def test_built_in_data_hold_few_copies():
    copies = {"av-digits": [], "planted/binding": [], "planted/null": [], "planted/xor": []}
    # Of a handwritten numeral counted twice, every one of 129 numbers is the same.
    copies["mfeat"] = [
        [605, 774],
        [1148, 1172],
        [1237, 1271],
        [1265, 1272],
        [1448, 1521],
        [1892, 1999],
    ]
    for name, expected in copies.items():
        assert pairs(near_duplicates(load_dataset(name))) == expected
    data = load_dataset("emoji")  # families whose members differ in the name alone
    for rows in pairs(near_duplicates(data)):
        assert len(set(data.groups[rows])) == 1


def test_every_sample_twice():
    x = noise(200, 50).repeat(2, 0)
    found = near_duplicates(FusionDataset.from_arrays({"a": x}, y=[0, 1] * 200))
    assert len(np.unique(found)) == 200


def test_the_largest_numbers_of_single_precision():
    x = 3e38 * np.sign(noise(100, 40))
    x[80] = x[3]
    data = FusionDataset.from_arrays({"a": x}, y=[0, 1] * 50)
    assert pairs(near_duplicates(data)) == [[3, 80]]


def test_a_large_mean_of_the_features_changes_nothing():
    x = noise(100, 40)
    x[80] = x[3] + 1e-4
    for mean in (0.0, 1.6e9):
        data = FusionDataset.from_arrays({"a": mean + x}, y=[0, 1] * 50)
        assert pairs(near_duplicates(data)) == [[3, 80]]
