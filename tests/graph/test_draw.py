import matplotlib.colors
import torch
from matplotlib.text import Annotation

from graphfuse.data import Modality, Sample, Schema, SparseEdges, collate
from graphfuse.graph import draw

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
