import json

import numpy as np
import pytest
import torch

from graphfuse.bench.jobs import plan_jobs, relations_of
from graphfuse.bench.plan import Plan, check_strategies, expand_strategies, left_out
from graphfuse.data import (
    FusionDataset,
    Modality,
    RelationSpec,
    Sample,
    Schema,
    Target,
    load_dataset,
)
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.training import Recipe

DATA = load_dataset("planted/binding", n=60)


def jobs(strategies=("concat", "graph:hgt"), datasets=None, **changes):
    plan = Plan.from_dict({"strategies": strategies, "folds": 3, "repeats": 2} | changes)
    return plan_jobs(datasets or {"d": DATA}, plan, out="out")


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


def test_what_the_data_cannot_serve_is_named_once_with_the_reason():
    asked = ["unimodal", "unimodal:image", "graph:line", "graph:line/no_edges", "concat"]
    assert left_out(asked, DATA.schema) == {
        "graph:line": "positions",
        "unimodal:image": "modality image",
    }
    everything = left_out(["all"], DATA.schema)
    assert everything == {
        "graph:line": "positions",
        "positional_attention": "positions",
    }


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


def test_match_parameters_chooses_a_width_that_enters_the_key():
    planned = jobs(["majority", "concat", "graph:hgt"], match_parameters=50_000)
    chosen = {job.spec.strategy: job.spec.options for job in planned}
    assert "hidden_channels" not in chosen["majority"]
    assert chosen["concat"]["hidden_channels"] != chosen["graph:hgt"]["hidden_channels"]
    assert "relations" in chosen["graph:hgt"]
    before = {j.spec.key for j in jobs(["majority", "concat", "graph:hgt"])}
    same = [job.spec.strategy for job in planned if job.spec.key in before]
    assert set(same) == {"majority"}


def test_what_has_nothing_to_balance_is_trained_plainly():
    recipe = Recipe(balance="ogm_ge", modality_dropout=0.1)
    names = ["majority", "unimodal:a", "unimodal:best", "concat"]
    found = {job.spec.strategy: job.spec.recipe for job in jobs(names, recipe=recipe)}
    assert [found[name]["balance"] for name in names] == [None, None, None, "ogm_ge"]
    assert {r["modality_dropout"] for r in found.values()} == {0.1}


def test_a_recipe_that_is_not_for_a_dataset_is_an_error_before_anything_runs():
    numbers = FusionDataset.from_arrays({"a": np.eye(9), "b": np.eye(9)}, np.linspace(0, 1.5, 9))
    with pytest.raises(InputError, match="needs probabilities"):
        jobs(["concat"], {"n": numbers}, recipe=Recipe(balance="ogm_ge"))


def test_samples_of_units_are_refused_before_anything_runs():
    x = {"a": torch.ones(2, 3), "b": torch.ones(2, 3)}
    unit = dict.fromkeys(x, torch.arange(2))
    samples = [Sample(x, torch.randn(2), unit=unit, id=str(i)) for i in range(6)]
    with pytest.raises(InputError, match="make each unit a sample"):
        jobs(datasets={"d": FusionDataset.from_samples(samples)})


def test_what_is_left_out_is_found_by_fields_of_strategies_not_by_parts_of_their_names():
    schema = Schema([Modality("b", (4,))], Target("binary"))
    wanted = ["unimodal:a", "unimodal:a/b", "graph:line", "graph:line/no_edges"]
    assert left_out(wanted, schema) == {
        "unimodal:a": "modality a",
        "unimodal:a/b": "modality a/b",
        "graph:line": "positions",
    }


def test_baselines_are_left_out_with_the_reason_where_networks_train():
    schema, networks = DATA.schema, {"a": "cnn"}
    assert expand_strategies(["linear", "concat"], schema) == ["linear", "concat"]
    assert expand_strategies(["linear", "concat"], schema, networks) == ["concat"]
    reason = "features, as no network can train in front of it"
    assert left_out(["linear", "concat"], schema, networks) == {"linear": reason}
    pictures = np.zeros((12, 3, 8, 8), dtype=np.uint8)
    raw = FusionDataset.from_arrays({"a": pictures}, [0, 1] * 6, shapes={"a": (3, 8, 8)})
    plan = Plan.from_dict({"strategies": ["linear"], "networks": {"raw": networks}})
    with pytest.raises(InputError, match="a network encodes it"):
        plan.check({"raw": raw.schema})


def test_baselines_are_among_the_default_strategies():
    assert {"linear", "linear_late", "boosted_trees"} <= set(Plan().wanted)
