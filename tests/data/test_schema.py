import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset, Modality, Sample, Schema, Target, collate
from graphfuse.errors import InputError, SchemaError, UnknownNameError


def test_schema_errors():
    with pytest.raises(SchemaError, match="at least one modality"):
        Schema([])
    with pytest.raises(SchemaError, match="names must be unique"):
        Schema([Modality("a", (1,)), Modality("a", (2,))])
    with pytest.raises(UnknownNameError, match="did you mean 'multiclass'"):
        Target("multi-class", 3)
    with pytest.raises(SchemaError, match="exactly 2 classes"):
        Target("binary", 3)
    with pytest.raises(SchemaError, match="class names must be unique"):
        Target("multiclass", ["u", "v", "u"])


@pytest.mark.parametrize("shape", [5, (), None, (0,), (2.5,), ("x",), "12", (3, -1)])
def test_a_shape_is_a_tuple_of_whole_numbers(shape):
    with pytest.raises(SchemaError, match=r"modality 'a': shape is .* at least 1; got"):
        Modality("a", shape)


@pytest.mark.parametrize("pos_dim", [-1, 1.5, "2", None])
def test_pos_dim_is_a_whole_number(pos_dim):
    with pytest.raises(SchemaError, match="pos_dim must be an integer of at least 0, got"):
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
        with pytest.raises(SchemaError, match="a modality's name must be a string, got"):
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


PLAIN = Schema([Modality("a", (3,))], Target("binary")).to_dict()


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ([], "schema: the content should be an object"),
        (None, "schema: the content should be an object"),
        ({"targets": {}}, "schema: modalities is missing"),
        ({**PLAIN, "modalities": {"a": 3}}, "modalities should be a list"),
        ({**PLAIN, "modalities": [5]}, r"modalities\[0\] should be an object"),
        ({**PLAIN, "modalities": [{"name": 5, "shape": [3]}]}, "name should be text, got 5"),
        ({**PLAIN, "modalities": [{"name": "a", "shape": 3}]}, "shape should be a list"),
        ({**PLAIN, "modalities": [{"name": "a", "shape": ["3"]}]}, "should be an integer"),
        ({**PLAIN, "modalities": [{"name": "a", "shape": [2**80]}]}, "should be an integer"),
        ({**PLAIN, "targets": [1]}, "targets should be an object"),
        ({**PLAIN, "targets": {"y": "binary"}}, "targets.y should be an object"),
        ({**PLAIN, "targets": {"y": {"task": "binary"}}}, "targets.y.classes is missing"),
        ({**PLAIN, "targets": {"y": {"task": [], "classes": []}}}, "task should be text"),
        ({**PLAIN, "targets": {"y": {"task": "binary", "classes": [1, 2]}}}, "should be text"),
    ],
)
def test_plain_data_of_wrong_types_is_named(plain, message):
    with pytest.raises(InputError, match=message):
        Schema.from_dict(plain)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((5,), "a sequence of Modality, got 5"),
        (([("a", 3)],), r"a sequence of Modality, got \('a', 3\)"),
        (([Modality("a", (3,))], "binary"), "a Target or {name: Target}, got 'binary'"),
        (([Modality("a", (3,))], {"y": "binary"}), "a Target or {name: Target}"),
        (([Modality("a", (3,))], {5: Target("binary")}), "a Target or {name: Target}"),
    ],
)
def test_parts_of_wrong_types_are_named(given, message):
    with pytest.raises(SchemaError, match=message):
        Schema(*given)


def test_many_numbered_classes_are_no_classes():
    with pytest.raises(SchemaError, match=r"at most 1000000 numbered classes.*'regression'"):
        Target("multiclass", 10**9)


@pytest.mark.parametrize(
    ("target", "y", "known"),
    [
        (Target("binary"), [0, -1, 1], [True, False, True]),
        (Target("multiclass", 3), [-1, 2], [False, True]),
        (Target("regression"), [np.nan, -1.0], [False, True]),
        (Target("multilabel", 2), [[0.0, np.nan], [1.0, 0.0]], [[True, False], [True, True]]),
    ],
)
def test_known_labels(target, y, known):
    assert target.known(np.array(y)).tolist() == known
    assert target.known(torch.tensor(y)).tolist() == known
