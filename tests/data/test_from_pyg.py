import pytest
import torch
from torch_geometric.data import Batch, Data, HeteroData

from graphfuse import load_dataset
from graphfuse.data import FusionDataset
from graphfuse.errors import InputError

T = ("a", "near", "b")
INDEX = torch.tensor([[0, 1], [0, 0]])


def graph(y=1, **edge):
    data = HeteroData(y=torch.tensor([y]))
    data["a"].x, data["b"].x = torch.ones(2, 3), torch.ones(1, 2)
    data[T].edge_index = INDEX
    for key, values in edge.items():
        data[T][key] = values
    return data


@pytest.mark.parametrize("key", ["edge_weight", "edge_attr"])
@pytest.mark.parametrize("shape", [(2,), (2, 1)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.long])
def test_one_number_per_edge_is_its_weight(key, shape, dtype):
    weight = torch.tensor([1, 3], dtype=dtype).view(shape)
    edges = FusionDataset.from_pyg([graph(**{key: weight}), graph(y=0)])[0].edges[T]
    assert edges.weight.tolist() == [1, 3]
    homogeneous = Data(torch.ones(2, 3), INDEX, y=torch.tensor([0]), **{key: weight})
    edges = FusionDataset.from_pyg([homogeneous, Data(torch.ones(1, 3), y=torch.tensor([1]))])[
        0
    ].edges["node", "edge", "node"]
    assert (edges.index.tolist(), edges.weight.tolist()) == (INDEX.tolist(), [1, 3])


def test_homogeneous_graphs_have_one_modality():
    graphs = [Data(torch.ones(n, 3), kind=torch.arange(n), y=torch.tensor([n % 2])) for n in (1, 4)]
    data = FusionDataset.from_pyg(graphs)
    assert (data.schema.names, data.labels().tolist()) == (("node",), [1, 0])
    assert data[1].attrs["kind"]["node"].tolist() == [0, 1, 2, 3]
    assert data.edge_types == ()


def test_labels_of_nodes_are_labels_of_units():
    hetero = HeteroData()
    hetero["utterance"].x, hetero["utterance"].y = torch.ones(3, 2), torch.tensor([0, 1, 0])
    plain = Data(torch.ones(3, 2), y=torch.tensor([0, 1, 0]), train_mask=torch.ones(3).bool())
    for one, name in ((hetero, "utterance"), (plain, "node")):
        data = FusionDataset.from_pyg([one])
        assert data.labels().tolist() == [0, 1, 0]
        assert data[0].unit[name].tolist() == [0, 1, 2]


def test_one_number_per_graph_is_its_label():
    graphs = [Data(torch.ones(2, 3), y=torch.tensor([[0.5 + i]])) for i in range(3)]
    data = FusionDataset.from_pyg(graphs)
    assert (data.schema.task, data.labels().tolist()) == ("regression", [0.5, 1.5, 2.5])


def test_a_batch_is_its_graphs():
    graphs = [Data(torch.ones(2, 3), INDEX, y=torch.tensor([i % 2])) for i in range(4)]
    for data in (FusionDataset.from_pyg, load_dataset):
        assert data(Batch.from_data_list(graphs)).labels().tolist() == [0, 1, 0, 1]
    with pytest.raises(InputError, match="graphs must be a list of HeteroData or Data"):
        load_dataset(graph())


def test_features_of_the_graph_as_a_whole_are_named(caplog):
    hetero, plain = graph(), Data(torch.ones(2, 3), INDEX, y=torch.tensor([1]))
    for one in (hetero, plain):
        one.temperature = torch.ones(1)
        caplog.clear()
        FusionDataset.from_pyg([one, graph(y=0)])
        assert "'temperature' of the graphs as a whole is left out" in caplog.text


@pytest.mark.parametrize("key", ["edge_time", "edge_type"])
def test_values_of_the_edges_of_a_homogeneous_graph_are_named(key):
    plain = Data(torch.ones(3, 3), INDEX, y=torch.tensor([0]), **{key: torch.ones(2).long()})
    with pytest.raises(InputError, match=rf"carry \['{key}'\], of which one weight"):
        FusionDataset.from_pyg([plain])


def changed(change):
    data = graph()
    change(data)
    return data


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: setattr(d[T], "edge_attr", torch.ones(2, 4)), r"one weight per edge.*\[2, 4\]"),
        (lambda d: setattr(d[T], "time", torch.ones(2)), r"carry \['time'\], of which one weight"),
        (
            lambda d: d[T].update({"edge_attr": torch.ones(2), "edge_weight": torch.ones(2)}),
            "'edge_weight', 'edge_attr'",
        ),
        (
            lambda d: setattr(d["a"], "age", torch.ones(2)),
            "'age' of node type 'a' is torch",
        ),
        (lambda d: setattr(d["a"], "box", torch.ones(2, 4).long()), "'box' of node type 'a'"),
        (lambda d: setattr(d["a"], "y", torch.ones(2).long()), "nodes of type 'a' have labels"),
        (lambda d: setattr(d["a"], "x", None), "'a' has no features"),
        (lambda d: setattr(d, "domain", 3), "id and domain must be strings"),
        (lambda d: setattr(d["a"], "x", [1.0]), "'a' has no features.*'list'"),
        (lambda d: setattr(d[T], "edge_index", None), "have no edge_index"),
        (lambda d: setattr(d[T], "edge_index", torch.ones(3)), "edge_index of edges"),
        (lambda d: setattr(d[T], "edge_index", torch.full((2, 1), 0.5)), "integers"),
    ],
)
def test_what_a_sample_cannot_hold_is_named(change, message):
    with pytest.raises(InputError, match=message):
        FusionDataset.from_pyg([changed(change)])


@pytest.mark.parametrize("given", [graph(), Data(torch.ones(1, 1)), None, 3, [3], ["graph"]])
def test_something_else_than_a_list_of_graphs(given):
    with pytest.raises(InputError, match="graphs must be a list of HeteroData or Data"):
        FusionDataset.from_pyg(given)
