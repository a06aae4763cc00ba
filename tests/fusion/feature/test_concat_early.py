import numpy as np
import torch

from graphfuse.data import FusionDataset
from graphfuse.fusion import create_strategy


def test_sees_the_mean_raw_nodes_side_by_side_and_stand_ins():
    a = [np.array([[1.0, 2.0], [3.0, 6.0]]), np.array([[5.0, 5.0]]), None]
    b = [np.arange(12.0).reshape(1, 3, 2, 2), None, None]
    data = FusionDataset.from_arrays({"a": a, "b": b}, ["x", "y", "x"])
    model = create_strategy("concat_early", data.schema)
    with torch.no_grad():
        for absent, value in zip(model.absent, (-1.0, -2.0), strict=True):
            absent.fill_(value)
    stand_in = [-2.0] * 12
    assert model.features(data.batch([0, 1, 2])).tolist() == [
        [2.0, 4.0, *range(12)],
        [5.0, 5.0, *stand_in],
        [-1.0, -1.0, *stand_in],
    ]


def test_no_modality_has_an_encoder_of_its_own():
    data = FusionDataset.from_arrays({"a": np.ones((4, 3)), "b": np.ones((4, 5))}, [0, 1, 0, 1])
    model = create_strategy("concat_early", data.schema, hidden_channels=7)
    shapes = {tuple(w.shape) for n, w in model.named_parameters() if n.startswith("encoder")}
    assert shapes == {(7, 8), (7,), (7, 7)}
