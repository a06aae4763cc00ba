import numpy as np

from graphfuse.data.clusters import find_clusters


def test_samples_linked_through_others_are_one_cluster():
    found = find_clusters(np.array([[0, 1], [1, 2], [4, 5]]), 7)
    assert len({*found[:3]}) == 1
    assert found[4] == found[5]
    assert len(np.unique(found)) == 4


def test_without_pairs_each_sample_is_a_cluster():
    assert find_clusters(np.array([]), 3).tolist() == [0, 1, 2]
    assert find_clusters(np.zeros((0, 2), np.int64), 0).tolist() == []
