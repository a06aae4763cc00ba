import numpy as np
import pytest
import torch
from sklearn.feature_extraction.text import CountVectorizer

from graphfuse.data import FusionDataset
from graphfuse.data.steps import create_step
from graphfuse.encoders import create_encoder
from graphfuse.errors import InputError, UnknownNameError

TEXTS = ["A cat sat. The cat slept.", "the dog", "a dog, a cat", "stocks fell", "!"]


def encode(*texts, **options):
    return create_encoder("text", "tfidf", **options).encode(texts)


def test_counts_are_those_of_words_that_share_no_place():
    vectorizer = CountVectorizer(token_pattern=r"\w+")
    expected = vectorizer.fit_transform(TEXTS[:4]).toarray()
    got = torch.cat([nodes.x for nodes in encode(*TEXTS[:4])]).numpy()
    assert got.shape == (4, 4096)
    assert np.array_equal(np.sort(got, axis=1)[:, -8:], np.sort(expected, axis=1)[:, -8:])
    assert np.array_equal(got @ got.T, expected @ expected.T)


def test_characters_are_counted_within_words():
    vectorizer = CountVectorizer(analyzer="char_wb", ngram_range=(2, 4))
    plain = ["cat", "the dog", "a dog a cat"]
    expected = vectorizer.fit_transform(plain).toarray()
    got = torch.cat([nodes.x for nodes in encode(*plain, terms="chars", places=2**16)]).numpy()
    assert np.array_equal(got @ got.T, expected @ expected.T)


def test_sentences_are_counted_apart():
    (whole,) = encode(TEXTS[0])
    (parts,) = encode(TEXTS[0], nodes="sentences")
    assert torch.equal(parts.x.sum(0), whole.x[0])
    assert parts.pos.tolist() == [[0], [1]]
    assert whole.pos.shape == (1, 0)


def test_its_step_takes_what_it_gives():
    encoder = create_encoder("text", "tfidf", places=64, components=3)
    x = torch.stack([nodes.x for nodes in encoder.encode(TEXTS)]).numpy()
    assert x.shape[2] == encoder.features
    data = FusionDataset.from_arrays({"title": x})
    (spec,) = encoder.steps("title")
    out = create_step(spec.name, **spec.options).fit(data).transform(data)
    assert out.schema["title"].shape == (3,)


def test_bad_options_are_named():
    with pytest.raises(UnknownNameError, match="did you mean 'sentences'"):
        encode("a", nodes="sentence")
    with pytest.raises(UnknownNameError, match="unknown terms 'char'; did you mean 'chars'"):
        encode("a", terms="char")
    with pytest.raises(InputError, match="places must be an integer of at least 64"):
        encode("a", places=32)
    with pytest.raises(InputError, match="must be a string, got int"):
        encode(3)
