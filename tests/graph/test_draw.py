import matplotlib.colors
import pytest
import torch
from matplotlib.text import Annotation

from graphfuse.data import Modality, Sample, Schema, SparseEdges, collate
from graphfuse.graph import draw
from graphfuse.graph.draw import MOST_EDGES, STRONGEST

ODD, BROKEN = r"$\bad$", r"_r$\q$"


def picture(path=None):
    weights = SparseEdges(torch.tensor([[0, 1], [0, 0]]), torch.tensor([1.0, 4.0]))
    sample = Sample(
        {ODD: torch.ones(2, 1), "b": torch.ones(3, 1)},
        edges={(ODD, BROKEN, "b"): weights, ("b", "r", "b"): torch.tensor([[0], [2]])},
    )
    return draw(collate([sample], Schema([Modality(ODD, (1,)), Modality("b", (1,))])), 0, path)


def test_every_node_and_edge_is_drawn():
    axes = picture().axes[0]
    assert [len(points.get_offsets()) for points in axes.collections] == [2, 3]
    arrows = [text.arrow_patch for text in axes.texts if isinstance(text, Annotation)]
    assert len(arrows) == 3
    widths = sorted(arrow.get_linewidth() for arrow in arrows)
    assert widths[0] < widths[1] == widths[2]
    assert len({matplotlib.colors.to_hex(arrow.get_edgecolor()) for arrow in arrows}) == 2


def test_names_are_text_not_mathematics(tmp_path):
    figure = picture(tmp_path / "graph.png")
    assert [t.get_text() for t in figure.axes[0].texts if t.get_text()] == [ODD, "b"]
    assert [t.get_text() for t in figure.legends[0].get_texts()] == [BROKEN, "r"]


def test_the_same_graph_is_the_same_picture(tmp_path):
    made = [tmp_path / name for name in ("one.svg", "other.svg")]
    for path in made:
        picture(path)
    assert made[0].read_bytes() == made[1].read_bytes()


def arrows_of(weights):
    pos = torch.stack(torch.meshgrid(torch.arange(9.0), torch.arange(9.0), indexing="ij"), -1)
    sample = Sample(
        {"a": torch.ones(81, 1), "b": torch.ones(5, 1), "c": torch.zeros(0, 1)},
        pos={"a": pos.flatten(0, 1)},
        edges={("a", "r", "b"): weights, ("b", "s", "a"): torch.tensor([[0, 1], [40, 41]])},
    )
    parts = [Modality("a", (1,), 2), Modality("b", (1,)), Modality("c", (1,))]
    figure = draw(collate([sample], Schema(parts)), 0)
    arrows = [text for text in figure.axes[0].texts if isinstance(text, Annotation)]
    return figure, [(text.xyann, text.xy) for text in arrows]


def test_of_many_edges_the_strongest_into_one_node_of_each_modality_are_drawn():
    index = torch.stack([torch.arange(81).repeat(5), torch.arange(5).repeat_interleave(81)])
    weight = torch.where(index[0] == 80, 2.0, 1.0)
    figure, arrows = arrows_of(SparseEdges(index, weight))
    assert len(index[0]) > MOST_EDGES
    assert len(arrows) == STRONGEST + 1
    assert len({end for _, end in arrows}) == 2
    assert (0.0, 0.0) in {end for _, end in arrows}
    starts = [start for start, end in arrows if end != (0.0, 0.0)]
    assert pytest.approx((0.55, -0.55)) in starts
    assert len({round(y, 2) for _, y in starts}) > STRONGEST // 2  # from all over
    reported = figure.legends[0].get_title().get_text()
    assert (
        reported
        == f"{STRONGEST + 1} of {len(index[0]) + 2} edges: the strongest into the ringed nodes"
    )
    few, arrows = arrows_of(SparseEdges(index[:, :100], weight[:100]))
    assert len(arrows) == 102
    assert few.legends[0].get_title().get_text() == ""
