import re
from pathlib import Path

import pytest
import torch

import graphfuse

ROOT = Path(__file__).parents[1]


def blocks(page):
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(3))
def test_snippets_run(number, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from graphfuse.fusion import strategies

    with strategies.temporarily():
        exec(compile(blocks("README.md")[number], f"README block {number}", "exec"), {})


def test_there_are_no_other_snippets():
    assert len(blocks("README.md")) == 3
    assert len(blocks("docs/guide.md")) == 4


@pytest.mark.parametrize("sizes", [(3, 4, 5), (1, 1, 1)])
def test_the_file_of_the_guide_is_what_it_says(sizes, tmp_path, monkeypatch):
    import onnxruntime

    monkeypatch.chdir(tmp_path)
    made = {}
    exec(compile(blocks("docs/guide.md")[0], "guide", "exec"), made)
    session = onnxruntime.InferenceSession("fusion.onnx")
    names = [value.name for value in session.get_inputs()]
    assert names[:2] + names[-2:] == ["x_image", "x_text", "mask_image", "mask_text"]
    b, images, texts = sizes
    x = {"image": torch.rand(b, images, 48), "text": torch.rand(b, texts, 16)}
    edges = {t: torch.rand(b, x[t[0]].shape[1], x[t[2]].shape[1]) < 0.5 for t in made["types"]}
    mask = {"image": torch.rand(b, images) < 0.5, "text": torch.zeros(b, texts).bool()}
    given = [tensor.numpy() for part in (x, edges, mask) for tensor in part.values()]
    embedding, image, text = session.run(
        ["embedding", "image", "text"], dict(zip(names, given, strict=True))
    )
    expected, nodes = made["model"](x, edges, mask)
    assert torch.allclose(torch.from_numpy(embedding), expected, atol=1e-4)
    assert torch.allclose(torch.from_numpy(image), nodes["image"], atol=1e-4)
    assert not text.any()


def test_the_saved_program_of_the_guide_comes_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = {}
    for block in blocks("docs/guide.md")[:2]:
        exec(compile(block, "guide", "exec"), made)
    program = torch.export.load("fusion.pt2").module()
    x, mask = ({m: part[:3, :2] for m, part in made[name].items()} for name in ("x", "mask"))
    edges = {t: part[:3, :2, :2] for t, part in made["edges"].items()}
    by_text = {text: edges[t] for text, t in made["ByText"](made["model"]).types.items()}
    expected, _ = made["model"](x, edges, mask)
    assert torch.allclose(program(x, by_text, mask)[0], expected, atol=1e-5)


def test_the_saved_strategy_of_the_guide_comes_back(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    saves, takes_scores = blocks("docs/guide.md")[2:]
    made = {"graphfuse": graphfuse}
    exec(compile(saves, "guide", "exec"), made)
    assert made["strategy"].name == "graph:hgt"
    assert "planted/binding" in Path("binding/README.md").read_text()
    graphfuse.compare(
        {"planted/binding": {"n": 60}}, ["graph:hgt", "majority"], folds=2, recipe={"epochs": 1}
    )
    exec(compile(takes_scores, "guide", "exec"), made)
    assert len(made["scores"]["accuracy"]) == 2
