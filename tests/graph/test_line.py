import pytest
import torch

from graphfuse.data import Modality, Sample, Schema, collate
from graphfuse.graph import Line
from graphfuse.testing import check_relation


def batch_of(**times):
    pos = {m: torch.tensor(values).double().reshape(len(values), -1) for m, values in times.items()}
    schema = Schema([Modality(m, (1,), pos_dim=p.shape[1]) for m, p in pos.items()])
    return collate([Sample({m: torch.ones(len(p), 1) for m, p in pos.items()}, pos=pos)], schema)


def pairs(edges):
    return {tuple(pair) for pair in edges.nonzero()[:, 1:].tolist()}


@pytest.mark.parametrize("relation", [Line(), Line(pairs="within"), Line(pairs="across")])
def test_keeps_every_promise(relation):
    check_relation(relation)


def test_joins_the_nodes_right_before_and_after_however_far():
    drawn = Line().edges(batch_of(a=[7.0, 0.0, 0.5, 100.0]))
    assert pairs(drawn["a", "before", "a"]) == {(1, 2), (2, 0), (0, 3)}
    assert pairs(drawn["a", "after", "a"]) == {(2, 1), (0, 2), (3, 0)}


def test_nodes_at_one_time_are_all_right_before_the_next():
    drawn = Line().edges(batch_of(a=[0.3, 0.3 + 3e-8, 1.0, 2.0]))  # equal up to rounding
    assert pairs(drawn["a", "before", "a"]) == {(0, 2), (1, 2), (2, 3)}


def test_a_grid_is_read_like_a_page():
    drawn = Line().edges(batch_of(a=[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [1.0, 1.0]]))
    assert pairs(drawn["a", "before", "a"]) == {(2, 1), (1, 0), (0, 3)}


def test_joins_the_nearest_in_time_across_modalities():
    drawn = Line().edges(batch_of(a=[0.0, 1.0, 4.0], b=[0.9, 2.5, 9.0]))
    # 2.5 is as far from 1 as from 4.
    assert pairs(drawn["a", "nearest", "b"]) == {(1, 0), (1, 1), (2, 1), (2, 2)}
    assert pairs(drawn["b", "nearest", "a"]) == {(0, 0), (0, 1), (1, 2)}
    assert pairs(Line().edges(batch_of(a=[0.1, 0.3], b=[0.2]))["a", "nearest", "b"]) == {
        (0, 0),
        (1, 0),
    }


def test_only_times_are_joined_across():
    schema = Schema([Modality("a", (1,), pos_dim=2), Modality("b", (1,), pos_dim=2)])
    assert all(s == d for s, _, d in Line().edge_types(schema))
    assert Line(pairs="across").edge_types(schema) == ()
