from __future__ import annotations

import numpy as np

from graphfuse.data import load_dataset


def test_file_is_plain_and_described(check_file):
    check_file("mfeat.npz")


def test_card_agrees(check_card):
    check_card("mfeat")


def test_one_node_a_view():
    dataset = load_dataset("mfeat")
    shapes = {m.name: m.shape for m in dataset.schema.modalities}
    assert shapes == {"fou": (76,), "mor": (6,), "zer": (47,)}
    assert all(len(column.values) == 2000 for column in dataset.x.values())
    assert dataset.groups is None


def test_200_of_each_digit():
    dataset = load_dataset("mfeat")
    assert dataset.schema.classes == tuple("0123456789")
    assert np.bincount(dataset.labels()).tolist() == [200] * 10


def test_the_row_of_column_numbers_is_left_out():
    # The first digit as UCI gives it; the files it was read from begin with 0, 1, 2, ...
    first = load_dataset("mfeat")[0].x["mor"][0].numpy()
    assert np.allclose(first, [1, 0, 0, 133.15, 1.3117, 1620.2])
