import os

import pytest
import torch
from torch_geometric.data import Data, HeteroData

from graphfuse.data.convert import read_features
from graphfuse.errors import InputError

T = ("a", "near", "b")


def graphs(n=4):
    made = []
    for i in range(n):
        data = HeteroData()
        data["a"].x = torch.full((2, 3), float(i))
        data["a"].pos = torch.tensor([[0.0], [1.0]])
        data["b"].x = torch.ones(1, 2)
        data["b"].speaker = torch.tensor([i])
        data[T].edge_index = torch.tensor([[0, 1], [0, 0]])
        data[T].edge_weight = torch.tensor([0.5, 2.0])
        data.y = torch.tensor([i % 2])
        data.id = f"graph {i}"
        data.split = "train" if i < 2 else "test"
        data.group = i // 2
        made.append(data)
    return made


@pytest.mark.parametrize("zipped", [True, False])
def test_lists_of_graphs(tmp_path, zipped):
    path = tmp_path / "graphs.pt"
    torch.save(graphs(), path, _use_new_zipfile_serialization=zipped)
    dataset = read_features(path)
    assert repr(dataset) == "FusionDataset('graphs', 4 samples, a[3], b[2], binary)"
    assert list(dataset.ids) == [f"graph {i}" for i in range(4)]
    assert dataset.labels().tolist() == [0, 1, 0, 1]
    assert list(dataset.splits) == ["train", "train", "test", "test"]
    assert list(dataset.groups) == ["0", "0", "1", "1"]
    sample = dataset[3]
    assert sample.x["a"].tolist() == [[3.0] * 3] * 2
    assert sample.pos["a"].tolist() == [[0.0], [1.0]]
    assert sample.attrs["speaker"]["b"].tolist() == [3]
    assert sample.edges[T].index.tolist() == [[0, 1], [0, 0]]
    assert sample.edges[T].weight.tolist() == [0.5, 2.0]


def test_what_torch_admits_is_as_before(tmp_path):
    torch.save(graphs(), tmp_path / "g.pt")
    before = set(torch.serialization.get_safe_globals())
    read_features(tmp_path / "g.pt")
    assert set(torch.serialization.get_safe_globals()) == before
    assert HeteroData in before  # by PyTorch Geometric itself, and still


class Attack:
    def __reduce__(self):
        return os.putenv, ("GRAPHFUSE_WAS_ATTACKED", "1")


class Special(HeteroData):
    pass


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("attack", [Attack(), Special(), os.system, torch.nn.Linear(1, 1)])
def test_anything_else_is_refused_by_name(tmp_path, zipped, attack):
    made = graphs(2)
    made[1].hidden = [{"deep": attack}]
    torch.save(made, tmp_path / "g.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match=r"names \S+ and is not read.*HeteroData"):
        read_features(tmp_path / "g.pt")


def test_other_content(tmp_path):
    path = tmp_path / "g.pt"
    for content, outline in (
        ({"weight": torch.ones(2)}, r"a dict of \['weight'\]"),
        (graphs(1)[0], "a HeteroData"),
        ([], "a list of 0"),
    ):
        torch.save(content, path)
        with pytest.raises(InputError, match=outline):
            read_features(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match=r"not a readable file of torch.save"):
        read_features(path)


def test_homogeneous_graphs(tmp_path):
    index = torch.tensor([[0], [1]])
    made = [Data(torch.ones(2, 3), index, torch.tensor([0.5]), y=i % 2) for i in range(4)]
    torch.save(made, tmp_path / "g.pt")
    data = read_features(tmp_path / "g.pt")
    assert (data.schema.names, data.labels().tolist()) == (("node",), [0, 1, 0, 1])
    assert data[0].edges["node", "edge", "node"].weight.tolist() == [0.5]


def test_graphs_without_features(tmp_path):
    made = graphs()
    del made[2]["b"].x
    torch.save(made, tmp_path / "g.pt")
    with pytest.raises(InputError, match="graph 2: node type 'b' has no features"):
        read_features(tmp_path / "g.pt")
