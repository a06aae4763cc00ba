import numpy as np
import pytest
import torch

from graphfuse.data import FusionDataset, load_dataset
from graphfuse.data.canonical import canonical_directions
from graphfuse.errors import NotFittedError
from graphfuse.fusion import create_strategy


def three(n=80, missing=True):
    """Three modalities of two nodes each that share one number; some lack the second."""
    random = np.random.default_rng(0)
    shared = random.normal(size=(n, 1, 1))
    x = {m: random.normal(size=(n, 2, size)) for m, size in (("a", 3), ("b", 4), ("c", 2))}
    for nodes in x.values():
        nodes[:, :, :1] += 2 * shared
        nodes *= 5
        nodes += 100
    some = [None if missing and i % 4 == 0 else rows for i, rows in enumerate(x["b"])]
    return FusionDataset.from_arrays({**x, "b": some}, random.integers(0, 2, n)), shared.ravel()


def test_embedding_is_the_projected_standardised_mean_node():
    data, shared = three()
    model = create_strategy("cca", data.schema, components=2).double().prepare(data)
    got = model(data.batch(range(80))).embedding.unflatten(1, (3, 2)).detach()
    has = {m: data.x[m].counts.numpy() > 0 for m in "abc"}
    scaled = []
    for m in "abc":
        means = np.zeros((80, data.schema[m].features))
        rows = np.flatnonzero(has[m])
        means[rows] = [data[i].x[m].double().numpy().mean(0) for i in rows]
        scaled.append(torch.from_numpy((means - means[rows].mean(0)) / means[rows].std(0)))
    present = torch.from_numpy(np.stack(list(has.values()), axis=1))
    directions = canonical_directions(scaled, present, 2)
    for i, (x, direction) in enumerate(zip(scaled, directions, strict=True)):
        rows = present[:, i]
        assert torch.allclose(got[rows, i], (x @ direction)[rows], atol=1e-9)
    model.absent.data[:] = 7
    assert (model(data.batch([0])).embedding.unflatten(1, (3, 2))[0, 1] == 7).all()
    first = got[has["b"]][:, :, 0].T.numpy()
    assert (np.abs(np.corrcoef(np.vstack([first, shared[has["b"]]]))[-1, :3]) > 0.85).all()


def test_directions_come_from_features_alone():
    data, _ = three()
    order = np.random.default_rng(1).permutation(80)
    turned = data.subset(order)
    other = FusionDataset.from_arrays(
        {m: [turned[i].x.get(m) for i in range(80)] for m in "abc"}, np.arange(80) % 2
    )
    models = [create_strategy("cca", data.schema).double().prepare(d) for d in (data, other)]
    straight, mixed = (dict(model.named_buffers()) for model in models)
    for name, buffer in straight.items():
        assert torch.allclose(buffer.double(), mixed[name].double(), atol=1e-9), name


def test_a_constant_feature_takes_no_part():
    data, _ = three(missing=False)
    data.x["a"].values[:, 1] = 1e6 + 0.1
    model = create_strategy("cca", data.schema).prepare(data).eval()
    batch = data.batch(range(80))
    before = model(batch).embedding
    batch.x["a"][:, :, 1] += 1e3
    assert torch.equal(model(batch).embedding, before)
    assert before.isfinite().all()


def test_the_unit_of_a_modality_does_not_matter():
    data, _ = three(missing=False)
    embeddings = []
    for unit in (1.0, 1e-13):
        data.x["a"].values.mul_(unit)
        model = create_strategy("cca", data.schema).double().prepare(data)
        embeddings.append(model(data.batch(range(80))).embedding)
    assert torch.allclose(*embeddings, atol=1e-3)


def test_no_more_components_than_can_correlate():
    data = load_dataset("planted/redundant", n=50)
    sizes = [m.features for m in data.schema.modalities]
    assert create_strategy("cca", data.schema, components=1000).components == min(sizes)


def test_not_fitted():
    data, _ = three()
    with pytest.raises(NotFittedError, match=r"call strategy\.prepare\(train\)"):
        create_strategy("cca", data.schema)(data.batch([0]))
