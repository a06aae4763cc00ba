import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset, Modality, Sample, Schema, Target, collate
from graphfuse.errors import SchemaError, UnknownNameError


def test_schema_errors():
    with pytest.raises(SchemaError, match="at least one modality"):
        Schema([])
    with pytest.raises(SchemaError, match="names are unique"):
        Schema([Modality("a", (1,)), Modality("a", (2,))])
    with pytest.raises(UnknownNameError, match="did you mean 'multiclass'"):
        Target("multi-class", 3)
    with pytest.raises(SchemaError, match="exactly 2 classes"):
        Target("binary", 3)
    with pytest.raises(SchemaError, match="class names are unique"):
        Target("multiclass", ["u", "v", "u"])


@pytest.mark.parametrize("shape", [5, (), None, (0,), (2.5,), ("x",), "12", (3, -1)])
def test_a_shape_is_a_tuple_of_whole_numbers(shape):
    with pytest.raises(SchemaError, match=r"modality 'a': shape is .* at least 1; got"):
        Modality("a", shape)


@pytest.mark.parametrize("pos_dim", [-1, 1.5, "2", None])
def test_pos_dim_is_a_whole_number(pos_dim):
    with pytest.raises(SchemaError, match="pos_dim is a whole number of at least 0, got"):
        Modality("a", (1,), pos_dim)


def test_numbers_of_numpy_and_torch_are_numbers():
    modality = Modality("a", torch.ones(1, 3).shape[1:], np.int64(2))
    assert modality == Modality("a", [np.int64(3)], 2)
    assert type(modality.pos_dim) is type(modality.shape[0]) is int
    assert Target("multiclass", np.int64(3)) == Target("multiclass", 3)


@pytest.mark.parametrize("classes", ["abc", None, 1.5])
def test_classes_are_names_or_their_number(classes):
    with pytest.raises(SchemaError, match="a sequence of names or their number, got"):
        Target("multiclass", classes)


def test_names_are_strings_of_any_spelling(tmp_path):
    for name in (None, 1, ("a",)):
        with pytest.raises(SchemaError, match="a modality's name is a string, got"):
            Modality(name, (1,))
    names = [".", " ", "type", "a.b", "/"]
    schema = Schema([Modality(name, (1,)) for name in names])
    sample = Sample({name: torch.ones(1, 1) for name in names}, edges={(".", "", "/"): EDGE})
    data = FusionDataset.from_samples([sample], schema)
    data.save(tmp_path / "d")
    assert FusionDataset.load(tmp_path / "d").fingerprint == data.fingerprint
    assert sorted(collate([sample], schema).to(torch.float64).x) == sorted(names)


EDGE = torch.tensor([[0], [0]])


def test_unknown_modalities_are_named():
    schema = Schema([Modality("image", (1,))])
    with pytest.raises(UnknownNameError, match="unknown modality 'imge'; did you mean 'image'"):
        schema["imge"]
    edges = {("image", "r", "imge"): EDGE}
    with pytest.raises(UnknownNameError, match="unknown modality 'imge'; did you mean 'image'"):
        collate([Sample({"image": torch.ones(1, 1)}, edges=edges)], schema)
