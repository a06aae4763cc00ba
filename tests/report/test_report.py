import json
import re
import sys
from pathlib import Path

import pandas as pd
import pytest

from graphfuse.bench.store import ResultStore
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.report import (
    summarise,
    to_html,
    to_json,
    to_latex,
    to_markdown,
    write_report,
    write_reports,
)
from graphfuse.report.figures import scatter
from graphfuse.report.sections.leaderboard import rows_of, sharing
from graphfuse.report.show import DASH

sys.path.insert(0, str(Path(__file__).parent))
from results import HOSTILE, write

WINNER = {"majority": 0.5, "unimodal:a": 0.6, "concat": 0.7, "graph:hgt": 0.9,
          "graph:hgt/no_edges": 0.7, "graph:hgt/shuffled_edges": 0.68}  # fmt: skip


def text(path, means=WINNER, **options):
    return "\n".join(summarise(write(path, means, **options)).verdict)


def test_a_clear_winner(tmp_path):
    said = text(tmp_path)
    assert "graph:hgt has the best mean accuracy" in said
    assert "significantly better than all others" in said
    assert "graph:hgt is significantly better than the same model without edges" in said
    assert "the graph was worth it." in said


def test_a_graph_that_ties_with_itself_is_not_worth_it(tmp_path):
    said = text(tmp_path, WINNER | {"graph:hgt/no_edges": 0.9})
    assert "removing the edges of graph:hgt makes no measurable difference (difference" in said
    assert "this comparison does not show that the graph was worth it" in said


def test_the_best_graph_is_judged_by_its_own_edges(tmp_path):
    other = {"graph:typed_attention": 0.7, "graph:typed_attention/no_edges": 0.8}
    said = text(tmp_path, WINNER | other)
    assert "graph:typed_attention is significantly worse than the same model without edges" in said
    assert "d: the graph was worth it." in said


def test_a_better_graph_without_ablations_keeps_its_title(tmp_path):
    said = text(tmp_path, WINNER | {"graph:typed_attention": 0.95})
    assert "graph:typed_attention has the best mean" in said
    assert "the best graph whose edges were tested, graph:hgt, is significantly better than" in said
    assert "the best graph, graph:hgt" not in said


def test_edges_that_were_not_tested_are_not_called_worth_it(tmp_path):
    said = text(tmp_path, {"unimodal:a": 0.6, "concat": 0.7, "graph:hgt": 0.9})
    assert "is significantly better than the best of the other strategies" in said
    assert "whether the edges of graph:hgt matter was not tested" in said
    assert "worth it" not in said


def test_a_strategy_alone_beats_nobody(tmp_path):
    assert "concat is the only strategy with a score" in text(tmp_path / "a", {"concat": 0.7})
    others = text(tmp_path / "b", {"concat": 0.7, "mean_prob": 0.6}, unfinished=["mean_prob"])
    assert "significantly" not in others


def test_an_undefined_metric_is_no_failure(tmp_path):
    summary = summarise(write(tmp_path, WINNER, undefined=["concat"]))
    said = "\n".join(summary.verdict)
    assert "accuracy is undefined for concat on 1 of 5 folds (only one class occurs)" in said
    assert "failed" not in said
    page = to_html(summary)
    assert 'title="undefined on 1 folds: only one class occurs"' in page
    assert "undefined on 1</span>" in page
    assert "only one class occurs" in to_markdown(summary)
    undefined = json.loads(to_json(summary))["datasets"]["d"]["undefined"]
    assert undefined == [
        {"strategy": "concat", "metric": "accuracy", "reason": "only one class occurs", "folds": 1}
    ]


def test_p_values_are_never_zero(tmp_path):
    summary = summarise(write(tmp_path, WINNER))
    for page in (to_html(summary), to_markdown(summary), "\n".join(summary.verdict)):
        assert "p = 0.000" not in page
    assert "p < 0.001" in "\n".join(summary.verdict)


def test_intervals_stay_within_what_a_metric_can_be(tmp_path):
    wide = summarise(write(tmp_path, {"a": 0.95, "b": 0.1}, folds=2, noise=0.2))
    board = wide.datasets[0].leaderboard
    assert board["low"].min() >= 0
    assert board["high"].max() <= 1
    said = "\n".join(wide.verdict)
    assert "there are too few folds to detect any difference" in said


def test_a_graph_that_loses(tmp_path):
    said = text(tmp_path, WINNER | {"graph:hgt": 0.55, "concat": 0.8})
    assert "the best graph, graph:hgt, is significantly worse than the best of the other" in said


def test_a_cheaper_strategy_is_recommended_only_where_it_is_shown_to_be_as_good(tmp_path):
    means = {"unimodal:a": 0.6, "concat": 0.8, "mean_prob": 0.8001}
    said = text(tmp_path / "sure", means, noise=0.001)
    assert "1 other is not significantly different from it; the cheapest that is shown" in said
    assert re.search(r"is concat \(probability \S+ that it is not worse by more than 0\.01\)", said)
    said = text(tmp_path / "unsure", means, noise=0.05)
    assert "no cheaper one is shown to be as good, so that these folds cannot decide" in said
    said = text(tmp_path / "first", means | {"concat": 0.801}, noise=0.001)
    assert "it is also the cheapest of these, by parameters" in said


def test_a_small_comparison_is_called_a_trial(tmp_path):
    write(tmp_path, {"a": 0.9, "concat": 0.7}, folds=2)
    first = summarise(tmp_path).verdict[0]
    assert first.startswith("d: this is a trial: 2 folds cannot show which strategy is better")
    store = ResultStore(write(tmp_path / "few", {"a": 0.9, "concat": 0.7}, folds=2, epochs=3))
    assert "2 folds and at most 3 epochs" in summarise(tmp_path / "few").verdict[0]
    comparison = store.comparison()
    comparison["datasets"]["d"]["given_splits"] = True
    store.write_comparison(comparison)
    assert "this is a trial: at most 3 epochs" in summarise(tmp_path / "few").verdict[0]
    assert "trial" not in text(tmp_path / "whole", {"a": 0.9, "concat": 0.7})


def test_fusion_that_loses_to_a_single_modality(tmp_path):
    said = text(tmp_path, {"unimodal:a": 0.9, "concat": 0.7})
    assert "is significantly worse than the best single modality" in said


def test_chance_failures_and_partial_results(tmp_path):
    assert "but it is not significantly better than predicting the majority" in text(
        tmp_path / "a", {"majority": 0.5, "concat": 0.5}, noise=0.02
    )
    assert "concat failed in 1 of 5 runs" in text(tmp_path / "b", failed=["concat"])
    assert "only 25 of 30 runs are finished" in text(tmp_path / "c", unfinished=["concat"])


def test_lower_is_better_keeps_its_sign(tmp_path):
    summary = summarise(write(tmp_path, {"unimodal:a": 2.0, "concat": 1.0}, metric="rmse"))
    board = summary.datasets[0].leaderboard
    assert board["strategy"].tolist() == ["concat", "unimodal:a"]
    assert board["mean"].tolist() == pytest.approx([1, 2], abs=0.05)
    assert (board["low"] <= board["mean"]).all()
    assert board["over_best_unimodal"][0] == pytest.approx(-1, abs=0.05)
    assert "is significantly better than the best single modality" in "\n".join(summary.verdict)
    d = summary.datasets[0]
    assert d.questions["difference"][0] == pytest.approx(board["over_best_unimodal"][0])
    pair = d.pairs[(d.pairs["a"] == "concat") & (d.pairs["b"] == "unimodal:a")].iloc[0]
    assert pair["difference"] == pytest.approx(board["over_best_unimodal"][0])
    assert pair["low"] < pair["difference"] < pair["high"] < 0
    assert pair["better"] > 0.9
    assert d.margin == pytest.approx(0.01 * board["mean"][0])


def test_all_formats_show_the_same_numbers(tmp_path):
    summary = summarise(write(tmp_path, WINNER))
    pages = [to_markdown(summary), to_latex(summary), to_html(summary)]
    for row in rows_of(summary.datasets[0]):
        for page in pages:
            assert row[3] in page
            assert row[4] in page
    board = json.loads(to_json(summary))["datasets"]["d"]["leaderboard"]
    assert [f"{r['mean']:.3f}" for r in board] == [r[3] for r in rows_of(summary.datasets[0])]


def test_same_results_same_bytes(tmp_path):
    write(tmp_path, WINNER)
    assert to_html(summarise(tmp_path)) == to_html(summarise(tmp_path))


def test_names_are_escaped(tmp_path):
    write(tmp_path, {"unimodal:a": 0.5, f"graph:{HOSTILE}": 0.6, "concat": 0.6}, name=HOSTILE,
          classes=(HOSTILE, "y_%&|$x$"), failed=["concat"])  # fmt: skip
    summary = summarise(tmp_path)
    page = to_html(summary)
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)" in page
    assert HOSTILE not in to_markdown(summary)
    assert "y\\_%&amp;\\|\\$x\\$" in to_markdown(summary)
    assert "<" not in to_latex(summary)
    odd = {"unimodal:a": 0.5, "graph:a_b%&$#{}~^\\": 0.6}
    latex = to_latex(summarise(write(tmp_path / "odd", odd, name="two\n\nlines")))
    wanted = r"graph:a\_b\%\&\$\#\{\}\textasciitilde{}\textasciicircum{}\textbackslash{}"
    assert wanted in latex
    assert "two lines" in latex


def test_sentences_stand_under_their_own_dataset(tmp_path):
    page = to_html(summarise(write(tmp_path, {"unimodal:a": 0.5, "concat": 0.6}, name="a: b")))
    assert "<li>concat has the best mean accuracy" in page


def test_every_figure_has_a_table(tmp_path):
    page = to_html(summarise(write(tmp_path, WINNER)))
    assert page.count("<figure") == page.count("<summary>Table of") == 3


def test_the_page_needs_nothing_else(tmp_path):
    page = to_html(summarise(write(tmp_path, WINNER)))
    assert "http://" not in page
    assert 'src="http' not in page
    assert '<link rel="stylesheet' not in page


def test_errors(tmp_path):
    with pytest.raises(InputError, match="run graphfuse compare"):
        summarise(tmp_path / "nothing")
    write(tmp_path, {"concat": 0.5}, unfinished=["concat"])
    with pytest.raises(InputError, match="no finished run yet"):
        summarise(tmp_path)
    write(tmp_path / "failed", {"concat": 0.5}, failed=["concat"], folds=1)
    with pytest.raises(InputError, match=r"all 1 finished runs .* failed, the first, concat, with"):
        summarise(tmp_path / "failed")
    with pytest.raises(UnknownNameError, match="ending of a report"):
        write_report(tmp_path, tmp_path / "report.pdf")


def test_files_are_written_side_by_side(tmp_path):
    write(tmp_path, WINNER)
    paths = write_reports(tmp_path, tmp_path / "out" / "report.html")
    assert sorted(p.suffix for p in paths) == [".html", ".json", ".md", ".tex"]
    assert {p.name for p in (tmp_path / "out").iterdir()} == {p.name for p in paths}


def test_one_fold_alone_has_no_test_and_still_a_report(tmp_path):
    summary = summarise(write(tmp_path, WINNER, folds=1))
    assert "no valid test" in "\n".join(summary.verdict)
    assert "graph:hgt" in to_html(summary)


def test_strategies_that_the_data_cannot_serve_are_named(tmp_path):
    store = ResultStore(write(tmp_path, WINNER))
    comparison = store.comparison()
    comparison["datasets"]["d"]["left_out"] = {"graph:line": "positions"}
    store.write_comparison(comparison)
    sentence = "left out, as the data do not meet their needs: graph:line (needs positions)."
    assert summarise(tmp_path).verdict[-1] == f"d: {sentence}"


def test_a_modality_at_chance_is_held_against_the_fusions_that_see_it(tmp_path):
    means = {"majority": 0.5, "unimodal:a": 0.5, "unimodal:b": 0.9, "concat": 0.9, "gated": 0.6}

    def said(name, means, **options):
        store = ResultStore(write(tmp_path / name, means, **options))
        comparison = store.comparison()
        modalities = [{"name": m, "shape": [3], "pos_dim": 0} for m in ("a", "b")]
        comparison["datasets"]["d"]["modalities"] = modalities
        store.write_comparison(comparison)
        return [line for line in summarise(store.path).verdict if "alone" in line]

    (line,) = said("harm", means)
    assert line.startswith(
        "d: alone, a is not significantly better than predicting the majority; of 2"
    )
    assert "gated is significantly worse than the best single modality, unimodal:b." in line
    assert "none is significantly worse than" in said("ignored", means | {"gated": 0.9})[0]
    assert not said("both tell", means | {"unimodal:a": 0.8})
    assert not said("neither", means | {"unimodal:b": 0.5})
    assert not said("too few folds", means, folds=2, noise=0.1)
    del means["majority"]
    assert not said("chance not tested", means)


def test_changes_of_the_data_are_reported_as_escaped_text(tmp_path):
    store = ResultStore(write(tmp_path, WINNER))
    comparison = store.comparison()
    facts = comparison["datasets"]["d"]
    facts["steps"] = [{"scale": {"how": "robust", "modality": None, "columns": {"x": {}}}}]
    facts["origin"] = {
        "encoders": {
            HOSTILE: {"name": "timm", "options": {}},
            "t": {"name": "table", "options": {}},
        },
        "models": {HOSTILE: "resnet18"},
        "unreadable": 2,
        "problems": [f"sample 1: {HOSTILE}", "sample 2:\nnothing"],
        "empty": {"t": {f"c{i}": 0.1 + i / 100 for i in range(9)}},
        "changes": [
            {"step": "drop", "options": {}, "what": HOSTILE, "ids": ["3", HOSTILE], "details": []},
            {"step": "hide", "options": {}, "what": "2 cells", "ids": [], "details": [HOSTILE]},
        ],
    }
    store.write_comparison(comparison)
    summary = summarise(tmp_path)
    for page in (to_html(summary), to_markdown(summary), to_latex(summary)):
        assert HOSTILE not in page
        for reported in ("timm resnet18", "2 cells could not be read", "c8 18.0", "1 more column",
                     "scale(how=robust)", "sample 2: nothing", "hide: 2 cells"):  # fmt: skip
            assert reported in " ".join(page.split())
    comments = [line for line in to_latex(summary).splitlines() if "sample 2" in line]
    assert comments == ["%   sample 2: nothing"]


def test_cautions_stand_before_the_winner(tmp_path):
    write(tmp_path, {"majority": 0.5, "concat": 0.8})
    path = tmp_path / "comparison.json"
    stored = json.loads(path.read_text())
    stored["datasets"]["d"]["cautions"] = [
        {"check": "duplicates", "text": "2 of 60 are copies", "advice": "drop them"}
    ]
    path.write_text(json.dumps(stored))
    summary = summarise(tmp_path)
    assert summary.verdict[0] == "d: caution: 2 of 60 are copies; drop them."
    assert "<li>caution: 2 of 60 are copies; drop them.</li>" in to_html(summary)
    assert "- d: caution: 2 of 60 are copies; drop them." in to_markdown(summary)


def test_many_graphs_have_one_sentence_an_ablation(tmp_path):
    many = WINNER
    for name, without in {"sage": 0.7, "rgcn": 0.79, "rgat": 0.8, "gatv2": 0.92}.items():
        many = many | {f"graph:{name}": 0.8, f"graph:{name}/no_edges": without}
    said = text(tmp_path, many)
    assert "graph:hgt is significantly better than the same model without edges" in said
    assert "graph:sage is" not in said
    assert (
        "d: 4 other graphs compared with the same model without edges: significantly better "
        "graph:sage; significantly worse graph:gatv2." in said
    )


def test_a_scatter_of_many_names_those_that_no_quicker_one_beats():
    many = {f"s{i}": (float(i + 1), 0.5 + (i % 7) / 100) for i in range(30)}
    families = dict.fromkeys(many, "feature")

    def named(places, **options):
        return re.findall(r">(s\d+)</text>", scatter(places, families, "s", "score", **options))

    assert sorted(named(many)) == [f"s{i}" for i in range(7)]
    assert named(many, sign=-1) == ["s0"]
    assert len(named(dict(list(many.items())[:20]))) == 20


def test_a_noisy_strategy_is_ranked_as_a_range(tmp_path):
    summary = summarise(write(tmp_path, {"a": 0.9, "b": 0.8, "c": 0.7}, noise=0.001))
    (d,) = summary.datasets
    assert [row[0] for row in rows_of(d)] == ["1", "2", "3"]
    assert "vary too much" not in to_html(summary)
    d.leaderboard["rank"] = [1.0, 3.0, 1.0]
    d.leaderboard["tied_with_best"] = [True, False, True]
    assert [row[0] for row in rows_of(d)] == ["1*", "3", f"1{DASH}3*"]
    assert f"1{DASH}3 =</td>" in to_html(summary)
    assert "1--3$^*$ &" in to_latex(summary)
    for page in (to_html(summary), to_markdown(summary), to_latex(summary)):
        assert "3: by its mean it ranks 3, but its scores vary too much" in page


def test_only_whole_rows_share_a_rank():
    board = pd.DataFrame(
        {
            "strategy": ["a", "b", "c", "d", "e", "f"],
            "rank": [1.0, 1.0, 3.0, 1.0, float("nan"), float("nan")],
            "failed": [0, 0, 0, 1, 2, 2],
            "undefined": 0,
        }
    )
    assert sharing(board) == {"a", "b"}
    assert not sharing(board.iloc[2:])


def test_the_modalities_that_took_part_and_the_labelled_samples_are_named(tmp_path):
    store = ResultStore(write(tmp_path, WINNER))
    comparison = store.comparison()
    facts = comparison["datasets"]["d"]
    facts["modalities"] = [{"name": m, "shape": [3], "pos_dim": 0} for m in ("photo", "note")]
    facts |= {"samples": 90, "labelled": 72}
    store.write_comparison(comparison)
    summary = summarise(tmp_path)
    assert "d: modalities in this comparison: photo, note." in summary.verdict
    for page in (to_html(summary), to_markdown(summary), to_latex(summary)):
        assert "72 of 90 labelled" in page
        assert "photo" in page
    facts["labelled"] = 90
    store.write_comparison(comparison)
    assert "90 samples" in to_html(summarise(tmp_path))


def test_the_minimum_detectable_difference_is_named(tmp_path):
    (d,) = summarise(write(tmp_path, WINNER)).datasets
    said = text(tmp_path)
    assert f"difference between two strategies: {d.detectable:.3f} (power 0.8)." in said


def test_reports_of_a_comparison_without_a_graph(tmp_path):
    summary = summarise(write(tmp_path, {"majority": 0.5, "concat": 0.7}))
    assert "sample's graph" not in to_html(summary)
    assert "graph" not in "\n".join(summary.verdict)


def test_columns_that_are_left_out_or_lost_have_a_line_each(tmp_path):
    store = ResultStore(write(tmp_path, WINNER))
    comparison = store.comparison()
    lost = "column 'photo': none of its 9 cells can be read; the first: no such file"
    comparison["datasets"]["d"]["origin"] = {
        "lost": {"photo": lost},
        "columns": ["note: left out: a code of its own in nearly every row", f"x: {HOSTILE}"],
    }
    store.write_comparison(comparison)
    summary = summarise(tmp_path)
    assert f"d: caution: {lost}." in summary.verdict
    html, md, tex = to_html(summary), to_markdown(summary), to_latex(summary)
    assert '<ul class="warnings"><li>column &#39;photo&#39;: none of its 9' in html
    assert "<li>note: left out: a code of its own in nearly every row</li>" in html
    for page in (md, tex):
        assert "! note: left out: a code of its own in nearly every row" in page
        assert "! column 'photo': none of its 9 cells can be read" in page
    assert HOSTILE not in html + md + tex


def test_a_fold_that_the_metric_does_not_measure_counts_as_undefined(tmp_path):
    path = write(tmp_path, WINNER)
    for run in (path / "runs").glob("2-0*"):  # concat, first fold
        record = json.loads((run / "record.json").read_text())
        del record["metrics"]["accuracy"]
        del record["checksums"]  # as earlier versions wrote it
        (run / "record.json").write_text(json.dumps(record))
    summary = summarise(path)
    said = "\n".join(summary.verdict)
    assert "accuracy is undefined for concat on 1 of 5 folds (it does not measure" in said
    assert "undefined on 1</span>" in to_html(summary)


def test_a_family_of_another_version_has_a_figure_too(tmp_path):
    store = ResultStore(write(tmp_path, WINNER))
    comparison = store.comparison()
    comparison["strategies"]["concat"]["family"] = "population"
    store.write_comparison(comparison)
    assert "population" in to_html(summarise(tmp_path))
