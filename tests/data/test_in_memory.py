import numpy as np
import pytest
import scipy.sparse
import torch
from torch.utils.data import TensorDataset
from torch_geometric.data import HeteroData

from graphfuse.data import FusionDataset, Sample
from graphfuse.data.in_memory import from_memory, is_in_memory
from graphfuse.errors import InputError, UnknownNameError

X = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
Y = list("ababab")
EXPECTED = FusionDataset.from_arrays({"x": X}, Y).fingerprint


def graphs(n=6):
    made = []
    for i in range(n):
        graph = HeteroData()
        graph["a"].x, graph["b"].x = torch.ones(2, 3) * i, torch.ones(1, 2)
        graph.y = torch.tensor(i % 2)
        made.append(graph)
    return made


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ({"x": X, "y": Y}, None),
        ({"x": X, "label": Y}, "label"),
        ({"x": X}, Y),
        ({"x": torch.from_numpy(X), "y": np.array(Y)}, None),
        (X, Y),
        (torch.from_numpy(X), Y),
    ],
)
def test_arrays_by_name_are_a_dataset(source, target):
    assert is_in_memory(source)
    assert from_memory(source, target).fingerprint == EXPECTED


def test_a_sparse_matrix_is_an_array():
    for made in (scipy.sparse.csr_matrix(X), scipy.sparse.dok_array(X)):
        assert from_memory({"x": made, "y": Y}).fingerprint == EXPECTED
        assert is_in_memory(made)
        assert from_memory(made, Y).fingerprint == EXPECTED


def test_columns_of_one_value_per_sample_are_no_modalities():
    data = from_memory({"x": X, "y": Y, "groups": [0, 0, 1, 1, 2, 2], "ids": list("uvwxyz")})
    assert data.schema.names == ("x",)
    assert data.groups.tolist() == list("001122")
    assert data.ids.tolist() == list("uvwxyz")


def test_tensor_datasets_hold_labels_last():
    tensors = torch.from_numpy(X), torch.ones(6, 2, 4), torch.tensor([0, 1] * 3)
    data = from_memory(TensorDataset(*tensors))
    assert data.schema.names == ("x0", "x1")
    assert data.labels().tolist() == [0, 1] * 3
    with pytest.raises(InputError, match="give the labels as target="):
        from_memory(TensorDataset(tensors[0]))


def test_lists_of_samples_and_of_graphs_are_one_dataset():
    samples = [Sample({"x": torch.from_numpy(X[i : i + 1])}, i % 2, id=str(i)) for i in range(6)]
    assert len(from_memory(samples)) == 6
    data = from_memory(graphs())
    assert data.schema.names == ("a", "b")
    assert data.labels().tolist() == [0, 1] * 3


def test_options_and_names_are_no_data():
    for source in ({"emoji": None}, {"planted/xor": {"n": 40}}, {}, [], ["a.csv"], "emoji", 5):
        assert not is_in_memory(source)


@pytest.mark.parametrize(
    ("source", "target", "error", "message"),
    [
        ({"x": X, "note": "why"}, None, InputError, "one array per name, got str for 'note'"),
        ({"x": X, 3: Y}, None, InputError, "for 3; give the features"),
        ({"y": Y}, None, InputError, r"at least one modality beside \['y'\]"),
        ({"x": X, "label": Y}, "labels", UnknownNameError, "did you mean 'label'"),
        ({"x": [[]] * len(Y), "y": Y}, None, InputError, "modality 'x'"),
        (X, None, InputError, r"\[6, 3\] has no names and no labels"),
        ([Sample({"x": torch.ones(1, 2)})], "y", InputError, "hold their labels as y"),
    ],
)
def test_errors_name_the_way_in(source, target, error, message):
    with pytest.raises(error, match=message):
        from_memory(source, target)
