import json
import sys
from pathlib import Path

import numpy as np
import pytest
from markupsafe import Markup

from graphfuse.report import summarise, to_html, to_json, to_latex, to_markdown
from graphfuse.report.sections import (
    DatasetSection,
    Figure,
    Table,
    comparison_sections,
    dataset_sections,
    sections,
)
from graphfuse.report.sections.section import section

sys.path.insert(0, str(Path(__file__).parents[1]))
from results import write

MEANS = {"majority": 0.5, "unimodal:a": 0.6, "concat": 0.7, "graph:hgt": 0.9}


def test_a_new_section_is_in_every_format(tmp_path):
    with sections.temporarily():

        @section("new")
        class New(DatasetSection):
            order, in_latex = 35, True

            def title(self, d):
                return "A new <section>"

            def sentences(self, d):
                return [f"it knows of {d.finished} runs"]

            def tables(self, d):
                return [Table(("strategy", "value"), [["concat", "12.5 %"]], note="a note & more")]

            def figure(self, d):
                return Figure(Markup('<svg id="new"></svg>'), "the new values", "a <caption>")

            def data(self, d):
                return {"new": 12.5}

        summary = summarise(write(tmp_path, MEANS))
        html, md, tex = to_html(summary), to_markdown(summary), to_latex(summary)
        for page in (html, md, tex):
            assert "it knows of 20 runs" in page
            assert "12.5" in page
        assert "A new &lt;section&gt;" in html
        assert '<svg id="new">' in html
        assert "a &lt;caption&gt;" in html
        assert "<summary>Table of the new values" in html
        assert "### A new \\<section\\>" in md
        assert "12.5 \\%" in tex
        assert "a note \\& more" in tex
        assert json.loads(to_json(summary))["datasets"]["d"]["new"] == 12.5
        assert (
            html.index("Planned questions") < html.index('id="new"') < html.index("per fold</h3>")
        )
    assert "it knows of" not in to_html(summary)


def test_sections_stand_in_order_and_only_where_they_apply(tmp_path):
    names = [s.name for s in dataset_sections()]
    assert names[:3] == ["data", "leaderboard", "planned_questions"]
    assert [s.name for s in comparison_sections(after_datasets=False)] == ["verdict"]
    assert [s.name for s in comparison_sections(after_datasets=True)][-1] == "reproduce"
    page = to_html(summarise(write(tmp_path, {"concat": 0.7})))
    for absent in ("Planned questions", "All pairs", "sample's graph", "Failures", "together"):
        assert absent not in page
    assert "Confusion matrix of concat" in page


@pytest.mark.parametrize("made", dataset_sections(), ids=lambda s: s.name)
def test_tables_are_rectangular(made, tmp_path):
    (d,) = summarise(write(tmp_path, MEANS, undefined=["concat"])).datasets
    if not made.applies(d):
        return
    for table in made.tables(d):
        assert {len(row) for row in table.rows} <= {len(table.header)}
        assert np.all([[isinstance(cell, str) for cell in row] for row in table.rows])
