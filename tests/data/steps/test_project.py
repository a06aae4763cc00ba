import numpy as np
import pytest
import torch
from sklearn.cross_decomposition import CCA
from sklearn.decomposition import PCA

from graphfuse.data import FusionDataset
from graphfuse.data.steps import create_step
from graphfuse.data.steps.sequence import Steps
from graphfuse.errors import InputError, SchemaError, UnknownNameError


def views(n=400, seed=0):
    """Two modalities that share two hidden numbers, with one to three nodes per sample."""
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(n, 2))
    x = {}
    for name, width in (("a", 5), ("b", 4)):
        mean = hidden @ random.normal(size=(2, width)) + 0.3 * random.normal(size=(n, width))
        nodes = [mean[i] + np.array([[0.0], [0.5], [-0.5]])[: 1 + 2 * (i % 2)] for i in range(n)]
        x[name] = [None if i % 50 == 7 and name == "b" else row for i, row in enumerate(nodes)]
    return FusionDataset.from_arrays(x)


def test_linear_is_the_pca_of_scikit_learn():
    data = views()
    train = data.subset(range(300))
    projected = create_step("project", components=3).fit(train).transform(data)
    for m in ("a", "b"):
        pca = PCA(3).fit(train.x[m].values.double().numpy())
        wanted = torch.from_numpy(pca.transform(data.x[m].values.double().numpy())).abs()
        got = projected.x[m].values.double().abs()
        torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-5)


def test_cca_finds_the_correlations_of_scikit_learn():
    data = views(1000)
    whole = data.subset([i for i in range(1000) if i % 50 != 7])
    projected = create_step("project", how="cca", components=2).fit(whole).transform(whole)
    raw, means = (
        {m: np.stack([sample.x[m].mean(0).numpy() for sample in source]) for m in ("a", "b")}
        for source in (whole, projected)
    )
    scores = CCA(2, scale=False).fit_transform(raw["a"], raw["b"])
    for k in range(2):
        own = np.corrcoef(means["a"][:, k], means["b"][:, k])[0, 1]
        theirs = np.corrcoef(scores[0][:, k], scores[1][:, k])[0, 1]
        assert own == pytest.approx(theirs, abs=0.005)
        assert own > 0.5


@pytest.mark.parametrize("how", ["linear", "cca"])
def test_all_modalities_have_one_width_and_only_training_counts(how):
    data = views()
    train = data.subset(range(100))
    step = create_step("project", how=how, components=8).fit(train)
    out = step.transform(data)
    assert [m.shape for m in out.schema.modalities] == [(8,), (8,)]
    assert out.x["b"].counts.tolist() == data.x["b"].counts.tolist()
    assert not out.x["b"].values[:, 4:].any()  # it has four features
    order = torch.randperm(100, generator=torch.Generator().manual_seed(0)).tolist()
    shuffled = create_step("project", how=how, components=8).fit(train.subset(order))
    for name, value in step.state.items():
        torch.testing.assert_close(shuffled.state[name], value, atol=1e-8, rtol=1e-6)
    restored = Steps([step.spec]).load_state({f"0/{k}": v for k, v in step.state.items()})
    assert torch.equal(restored.transform(data).x["a"].values, out.x["a"].values)


def test_a_modality_that_training_lacks_is_zero():
    data = FusionDataset.from_arrays({"a": np.eye(4), "b": [np.ones((2, 3)), None, None, None]})
    for how in ("linear", "cca"):
        step = create_step("project", how=how, components=2).fit(data.subset([1, 2, 3]))
        out = step.transform(data)
        assert not out.x["b"].values.any()
        assert torch.isfinite(out.x["a"].values).all()


@pytest.mark.parametrize("how", ["linear", "cca"])
def test_raw_modalities_stay_as_they_are(how):
    data = views(60)
    pixels = list(torch.arange(60 * 12).view(60, 1, 3, 2, 2).float())
    words = torch.arange(120).view(60, 2, 1)
    x = {m: [sample.x.get(m) for sample in data] for m in ("a", "b")}
    raw = {"photo": pixels, "words": words}
    mixed = FusionDataset.from_arrays({**x, **raw}, dtype={"words": torch.int64})
    out = create_step("project", how=how, components=3).fit(mixed).transform(mixed)
    assert [m.shape for m in out.schema.modalities] == [(3,), (3,), (3, 2, 2), (1,)]
    for m in raw:
        assert torch.equal(out.x[m].values, mixed.x[m].values)
    alone = create_step("project", how=how, components=3).fit(data).transform(data)
    assert torch.equal(out.x["a"].values, alone.x["a"].values)
    left = FusionDataset.from_arrays({"a": x["a"], **raw}, dtype={"words": torch.int64})
    step = create_step("project", how=how)
    if how == "cca":
        with pytest.raises(InputError, match=r"got \['a'\] besides the raw \['photo', 'words'\]"):
            step.fit(left)
    with pytest.raises(InputError, match=r"projects features, but modalities \['photo'\] are raw"):
        step.fit(FusionDataset.from_arrays({"photo": pixels}))


def test_errors_say_what_does_not_fit():
    data = views()
    with pytest.raises(UnknownNameError, match="value of how 'pca'"):
        create_step("project", how="pca")
    with pytest.raises(InputError, match="components must be an integer of at least 1"):
        create_step("project", components=0)
    with pytest.raises(InputError, match="how='cca' needs at least 2 modalities"):
        create_step("project", how="cca").fit(FusionDataset.from_arrays({"a": np.eye(3)}))
    step = create_step("project").fit(data)
    with pytest.raises(SchemaError, match="works on nodes of 5 features"):
        step.transform(FusionDataset.from_arrays({"a": np.eye(3)}))
    with pytest.raises(UnknownNameError, match="modality of step 'project' 'c'"):
        step.transform(FusionDataset.from_arrays({"c": np.eye(3)}))
