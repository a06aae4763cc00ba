import numpy as np
import pytest
import torch
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer

from graphfuse.data import FusionDataset
from graphfuse.data.steps import create_step
from graphfuse.errors import InputError, NotFittedError, SchemaError, UnknownNameError


def counts(n=60, features=40, seed=0):
    """Draw counts of terms of five topics, so that singular values lie apart."""
    rng = np.random.default_rng(seed)
    topics = rng.gamma(0.3, size=(5, features)) * np.array([[16], [8], [4], [2], [1]])
    return rng.poisson(topics[rng.integers(0, 5, n)] / 3).astype(np.float64)


def dataset(values, dtype=torch.float64, **options):
    return FusionDataset.from_arrays({"text": values}, dtype=dtype, **options)


def transform(step, data):
    return step.transform(data).x["text"].values


def test_equals_scikit_learn():
    train, test = counts(), counts(20, seed=1)
    step = create_step("tfidf_svd", modality="text", components=4).fit(dataset(train))
    weights = TfidfTransformer().fit(train)
    svd = TruncatedSVD(4, algorithm="arpack", random_state=0).fit(weights.transform(train))
    assert np.allclose(step.state["idf"], weights.idf_, atol=1e-12)
    expected = svd.transform(weights.transform(test))
    got = transform(step, dataset(test)).numpy()
    signs = np.sign((got * expected).sum(0))
    assert np.allclose(got, expected * signs, atol=1e-5)  # randomised against exact
    assert (step.state["components"].max(1).values > -step.state["components"].min(1).values).all()


def test_only_the_training_part_counts():
    values = counts()
    changed = values.copy()
    changed[40:] = counts(20, seed=9) * 7
    train = np.arange(40)
    states = [
        create_step("tfidf_svd", modality="text").fit(dataset(v).subset(train)).state
        for v in (values, changed)
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_order_of_samples_has_no_part():
    values = counts(20, 200)  # fewer samples than features
    order = np.random.default_rng(2).permutation(20)
    step = create_step("tfidf_svd", modality="text", components=3)
    first = transform(step.fit(dataset(values)), dataset(values))
    second = transform(step.fit(dataset(values[order])), dataset(values))
    assert torch.allclose(first, second, atol=1e-10)


def test_width_does_not_depend_on_the_number_of_training_nodes():
    few = dataset(counts(3))
    out = create_step("tfidf_svd", modality="text", components=8).fit(few).transform(few)
    assert out.schema["text"].shape == (8,)
    assert out.x["text"].values.shape == (3, 8)
    assert (out.x["text"].values[:, 3:] == 0).all()
    narrow = dataset(counts(9, 4))
    out = create_step("tfidf_svd", modality="text", components=8).fit(narrow).transform(narrow)
    assert out.schema["text"].shape == (4,)


def test_missing_modality_stays_missing_and_the_rest_untouched():
    values = counts(4)
    data = FusionDataset.from_arrays(
        {"text": [values[:2], None, values[2:]], "image": np.ones((3, 2))},
        [0, 1, 0],
        pos={"text": [np.arange(2)[:, None], None, np.arange(2)[:, None]]},
    )
    out = create_step("tfidf_svd", modality="text", components=2).fit(data).transform(data)
    assert out.x["text"].counts.tolist() == [2, 0, 2]
    assert out.schema["text"].pos_dim == 1
    assert torch.equal(out.pos["text"], data.pos["text"])
    assert torch.equal(out.x["image"].values, data.x["image"].values)
    assert "text" not in out[1].x
    assert torch.equal(out.y["y"], data.y["y"])


@pytest.mark.parametrize("train", [[None, None], [np.zeros((1, 5)), np.zeros((2, 5))]])
def test_training_part_without_a_term_gives_zeros(train):
    data = FusionDataset.from_arrays({"text": [np.ones((1, 5)), *train], "a": np.ones((3, 1))})
    step = create_step("tfidf_svd", modality="text", components=2).fit(data.subset([1, 2]))
    assert (transform(step, data) == 0).all()


def test_state_goes_from_one_step_to_another():
    data = dataset(counts(), dtype=torch.float32)
    step = create_step("tfidf_svd", modality="text", components=3).fit(data)
    other = create_step(step.spec.name, **step.spec.options).load_state(step.state)
    assert torch.equal(transform(other, data), transform(step, data))
    assert transform(step, data).dtype == torch.float32


def test_errors_say_what_does_not_fit():
    step = create_step("tfidf_svd", modality="text")
    with pytest.raises(NotFittedError, match="is not fitted"):
        step.transform(dataset(counts()))
    step.fit(dataset(counts()))
    with pytest.raises(SchemaError, match=r"nodes of 40 features, modality 'text' has.*39"):
        step.transform(dataset(counts(features=39)))
    with pytest.raises(UnknownNameError, match="unknown modality 'txt'; did you mean 'text'"):
        create_step("tfidf_svd", modality="txt").fit(dataset(counts()))
    with pytest.raises(InputError, match="components must be an integer"):
        create_step("tfidf_svd", modality="text", components=0)
