import json
import sys
from pathlib import Path

import pytest

from graphfuse.bench.store import ResultStore
from graphfuse.report import summarise
from graphfuse.report.questions import candidate, contenders, decided, graphs, recommend
from graphfuse.report.verdict import verdict

sys.path.insert(0, str(Path(__file__).parent))
from results import write

MEANS = {"majority": 0.5, "unimodal:a": 0.6, "concat": 0.7, "mine": 0.9, "mine-bare": 0.7,
         "odd/no_edges": 0.55}  # fmt: skip


@pytest.fixture
def d(tmp_path):
    """Results whose names say nothing: "mine" is a graph, "mine-bare" the same without edges."""
    store = ResultStore(write(tmp_path, MEANS))
    comparison = store.comparison()
    facts = comparison["strategies"]
    facts["mine"]["family"] = facts["mine-bare"]["family"] = "graph"
    facts["mine-bare"] |= {"ablation_of": "mine", "ablation": "no_edges"}
    store.write_comparison(comparison)
    return summarise(tmp_path).datasets[0]


def test_families_and_ablations_are_fields_not_names(d):
    board = d.leaderboard
    assert candidate(board, d.sign) == "mine"
    assert set(board[graphs(board)]["strategy"]) == {"mine"}
    assert set(board[contenders(board)]["strategy"]) == {
        "unimodal:a", "concat", "mine", "odd/no_edges",
    }  # fmt: skip
    asked = d.questions.set_index("kind")
    assert asked.loc["no_edges", ["first", "second"]].tolist() == ["mine", "mine-bare"]
    assert asked.loc["rival", "second"] == "concat"


def test_results_of_earlier_versions_have_the_fields_after_reading(tmp_path):
    means = {"unimodal:a": 0.6, "graph:hgt": 0.9, "graph:hgt/no_edges": 0.7}
    path = write(tmp_path, means) / "comparison.json"
    stored = json.loads(path.read_text())
    for facts in stored["strategies"].values():
        for field in ("ablation_of", "ablation", "modality"):
            facts.pop(field, None)
    path.write_text(json.dumps(stored))
    board = summarise(tmp_path).table().set_index("strategy")
    assert board.loc["graph:hgt/no_edges", "ablation_of"] == "graph:hgt"
    assert board.loc["graph:hgt/no_edges", "ablation"] == "no_edges"
    assert board.loc["unimodal:a", "modality"] == "a"
    assert board.loc["graph:hgt", "ablation_of"] is None


def test_the_best_fusion_is_compared_with_the_best_baseline(tmp_path):
    means = {"majority": 0.5, "linear": 0.9, "unimodal:a": 0.6, "concat": 0.7}
    d = summarise(write(tmp_path, means)).datasets[0]
    asked = d.questions.set_index("kind")
    assert asked.loc["fusion", ["first", "second"]].tolist() == ["concat", "unimodal:a"]
    assert asked.loc["baseline", ["first", "second"]].tolist() == ["concat", "linear"]
    said = "\n".join(verdict(d))
    assert "linear has the best mean accuracy" in said
    assert "the best fusion, concat, is significantly worse than the best baseline, linear" in said


def test_a_pair_of_strategies_counts_once_in_the_correction(tmp_path):
    means = {"majority": 0.5, "linear": 0.8, "unimodal:a": 0.6, "graph:hgt": 0.83}
    d = summarise(write(tmp_path, means, noise=0.03)).datasets[0]
    asked = d.questions.set_index("kind")
    assert asked.loc["rival", ["first", "second"]].tolist() == ["graph:hgt", "linear"]
    assert asked.loc["rival", "p_holm"] == asked.loc["baseline", "p_holm"]
    single = d.pairs.set_index(["a", "b"])["p_value"]
    smallest = min(single["graph:hgt", "linear"], single["graph:hgt", "unimodal:a"])
    assert asked["p_holm"].min() == pytest.approx(2 * smallest)  # two different pairs
    assert sum("linear" in line and "difference" in line for line in verdict(d)) == 1


def test_a_baseline_that_is_not_worse_is_recommended_where_it_is_cheapest(tmp_path):
    means = {"majority": 0.5, "linear": 0.8, "unimodal:a": 0.6, "concat": 0.8}
    d = summarise(write(tmp_path, means, noise=0.001)).datasets[0]
    assert recommend(d.leaderboard, d.pairs, d.sign) == "linear"
    lower = {"majority": 0.5, "linear": 0.3, "unimodal:a": 0.4, "concat": 0.3}
    other = summarise(write(tmp_path / "lower", lower, metric="rmse", noise=0.001)).datasets[0]
    assert recommend(other.leaderboard, other.pairs, other.sign) == "linear"


def test_nothing_is_decided_where_a_cheaper_tie_is_not_shown_to_be_as_good(tmp_path):
    means = {"unimodal:a": 0.6, "concat": 0.8, "mean_prob": 0.8001}
    sure = summarise(write(tmp_path / "sure", means, noise=0.001)).datasets[0]
    assert decided(sure.leaderboard, sure.pairs, sure.sign) == "concat"
    unsure = summarise(write(tmp_path / "unsure", means, noise=0.05)).datasets[0]
    assert recommend(unsure.leaderboard, unsure.pairs, unsure.sign) is not None
    assert decided(unsure.leaderboard, unsure.pairs, unsure.sign) is None
