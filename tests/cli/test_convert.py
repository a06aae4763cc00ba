import pytest

from graphfuse.cli import main
from graphfuse.data import load_dataset


@pytest.fixture
def omics(tmp_path):
    folder = tmp_path / "omics"
    folder.mkdir()
    ids = [f"p{i}" for i in range(20)]
    for name, width in (("mrna", 3), ("cnv", 2)):
        columns = ",".join(f"g{j}" for j in range(width))
        lines = [
            f"{p}," + ",".join(str(i + j / 7) for j in range(width)) for i, p in enumerate(ids)
        ]
        (folder / f"{name}.csv").write_text("\n".join([f"id,{columns}", *lines]))
    labels = [f"{p},{i % 2}" for i, p in enumerate(ids)]
    (folder / "labels.csv").write_text("\n".join(["id,label", *labels]))
    return folder


def test_the_task_is_an_option_of_its_own(omics, tmp_path, capsys):
    assert main(["convert", str(omics), str(tmp_path / "made"), "--task", "regression"]) == 0
    printed = capsys.readouterr().out
    assert "20 samples" in printed
    assert "median nodes per sample" in printed
    assert load_dataset(tmp_path / "made").schema.task == "regression"


def test_a_format_without_a_choice_of_task_says_so(tmp_path, capsys):
    torch = pytest.importorskip("torch")
    from torch_geometric.data import HeteroData

    graph = HeteroData()
    graph["a"].x, graph.y = torch.ones(2, 3), torch.tensor(1)
    torch.save([graph] * 4, tmp_path / "graphs.pt")
    made = str(tmp_path / "made")
    assert main(["convert", str(tmp_path / "graphs.pt"), made, "--task", "binary"]) == 2
    assert "task" in capsys.readouterr().err
