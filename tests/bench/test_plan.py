import json

import numpy as np
import pytest

from graphfuse.bench.plan import check_strategies, expand_strategies, plan_jobs, relations_of
from graphfuse.data import FusionDataset, RelationSpec, load_dataset
from graphfuse.errors import UnknownNameError
from graphfuse.training import Recipe

DATA = load_dataset("planted/binding", n=60)


def jobs(strategies=("concat", "graph:hgt"), datasets=None, **changes):
    settings = {
        "folds": 3, "repeats": 2, "seed": 0, "recipe": Recipe(), "options": {}, "relations": {},
        "out": "out",
    } | changes  # fmt: skip
    return plan_jobs(datasets or {"d": DATA}, strategies, **settings)


def test_fold_by_fold_with_splits_shared_by_all_strategies():
    planned = jobs()
    assert [(j.spec.repeat, j.spec.fold) for j in planned[:4]] == [(0, 0), (0, 0), (0, 1), (0, 1)]
    assert len(planned) == 2 * 3 * 2
    digests = {}
    for job in planned:
        digests.setdefault((job.spec.repeat, job.spec.fold), set()).add(job.spec.split)
    assert all(len(found) == 1 for found in digests.values())
    assert len({j.spec.split for j in planned}) == 6


def test_seeds_depend_on_strategy_repeat_and_fold_alone():
    seeds = {(j.spec.strategy, j.spec.repeat, j.spec.fold): j.spec.seed for j in jobs()}
    assert len(set(seeds.values())) == len(seeds)
    alone = {(j.spec.strategy, j.spec.repeat, j.spec.fold): j.spec.seed for j in jobs(["concat"])}
    assert alone.items() <= seeds.items()
    splits = [j.spec.split for j in jobs(["concat"])]
    assert splits == [j.spec.split for j in jobs(["majority"])]
    assert splits != [j.spec.split for j in jobs(["concat"], seed=1)]


def test_every_run_is_plain_data():
    for job in jobs():
        assert json.loads(json.dumps(job.spec.to_dict())) == job.spec.to_dict()


def test_expansion():
    assert expand_strategies(["unimodal", "concat", "concat"], DATA.schema) == [
        "unimodal:a",
        "unimodal:b",
        "concat",
    ]
    assert "graph:hgt/complete" in expand_strategies(["all"], DATA.schema)


def test_unknown_strategies_are_errors_and_partly_served_ones_are_not():
    other = FusionDataset.from_arrays({"image": np.eye(4)}, [0, 1, 0, 1])
    check_strategies(["unimodal:image", "concat"], [DATA.schema, other.schema])
    with pytest.raises(UnknownNameError, match="did you mean 'unimodal:image'"):
        check_strategies(["unimodal:imge"], [DATA.schema, other.schema])
    with pytest.raises(UnknownNameError, match="did you mean 'concat'"):
        check_strategies(["concatt"], [DATA.schema])


def test_relations_come_from_the_user_then_the_dataset_then_the_default():
    assert relations_of(DATA, ["complete"]) == [{"complete": {"pairs": "all"}}]
    assert list(relations_of(DATA)[0]) == ["k_nearest"]
    plain = FusionDataset.from_arrays({"a": np.eye(4), "b": np.eye(4)}, [0, 1, 0, 1])
    assert [next(iter(r)) for r in relations_of(plain)] == ["attention", "co_occurrence"]
    assert (
        relations_of(plain, [RelationSpec("attention", {"top_k": 2})])[0]["attention"]["top_k"] == 2
    )
