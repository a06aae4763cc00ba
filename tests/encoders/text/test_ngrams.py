import numpy as np
import pytest
import torch

from graphfuse.data.catalog.emoji import hash_ngrams
from graphfuse.encoders import create_encoder
from graphfuse.encoders.text._split import sentences, words
from graphfuse.errors import InputError, UnknownNameError


def encode(*texts, **options):
    return create_encoder("text", "ngrams", **options).encode(texts)


def test_words_are_counted_as_in_the_emoji_dataset():
    (nodes,) = encode("Red  heart")
    assert np.array_equal(nodes.x.numpy(), [hash_ngrams("red"), hash_ngrams("heart")])
    assert nodes.pos.tolist() == [[0], [1]]


def test_counts_lie_in_the_places_of_crc32():
    (nodes,) = encode("ab", places=8, shortest=3, longest=3)
    expected = torch.zeros(8)
    for gram in (0x0D6A9F74, 0x20FE6C8B):  # CRC-32 of "<ab" and of "ab>"
        expected[gram % 8] += 1
    assert torch.equal(nodes.x[0], expected / expected.norm())


def test_sentence_and_text_add_up_their_words():
    (by_word,) = encode("Red. Blue moon", places=64)
    (by_sentence,) = encode("Red. Blue moon", places=64, nodes="sentences")
    (whole,) = encode("Red. Blue moon", places=64, nodes="text")
    assert by_sentence.pos.tolist() == [[0], [1]]
    assert torch.equal(by_sentence.x[0], by_word.x[0])
    assert whole.pos.shape == (1, 0)
    raw = torch.stack([torch.from_numpy(count(w, 64)) for w in ("red", "blue", "moon")])
    assert torch.allclose(whole.x[0], raw.sum(0) / raw.sum(0).norm())


def count(word, places):
    from graphfuse.data.hashing import hashed_counts, ngrams

    return hashed_counts(ngrams(word, range(2, 5)), places)


@pytest.mark.parametrize("nodes", ["words", "sentences", "text"])
@pytest.mark.parametrize("text", ["", "  ", "😀", "?!", "\n\n", "a", "\ud800"])
def test_every_text_has_a_node_of_length_1(text, nodes):
    (got,) = encode(text, nodes=nodes, shortest=4, longest=5)
    assert len(got.x) >= 1
    assert got.pos.shape == (len(got.x), 0 if nodes == "text" else 1)
    assert torch.allclose(got.x.norm(dim=1), torch.ones(len(got.x)))


def test_nodes_of_a_text_depend_on_it_alone():
    alone, together = encode("cat")[0], encode("dog cat", "cat", "cat")[1]
    assert torch.equal(alone.x, together.x)


def test_words_in_many_writings():
    assert words("मैं हिन्दी बोलता हूँ") == ["मैं", "हिन्दी", "बोलता", "हूँ"]
    assert words("u\u0308ber") == words("\u00fcber")  # composed or not
    assert words("ΣΊΣΥΦΟΣ, 42!") == ["σίσυφος", "42"]


def test_sentences_in_many_writings():
    assert sentences("你好。再见\uff01") == ["你好。", "再见\uff01"]
    assert sentences("One\nTwo. 3.5 is three") == ["One", "Two.", "3.5 is three"]


def test_bad_options_and_items_are_named():
    with pytest.raises(UnknownNameError, match="did you mean 'words'"):
        encode("a", nodes="word")
    with pytest.raises(InputError, match="places must be an integer"):
        encode("a", places=0)
    with pytest.raises(InputError, match="shortest must be at most longest"):
        encode("a", shortest=4, longest=3)
    with pytest.raises(InputError, match="must be a string, got ndarray"):
        encode(np.zeros(3))


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ngrams", {}),
        ("ngrams", {"nodes": "sentences"}),
        ("tfidf", {"nodes": "sentences", "places": 64}),
        ("word_ids", {}),
    ],
)
def test_long_texts_are_cut_and_it_is_said(name, options, caplog):
    made = create_encoder("text", name, max_nodes=3, **options)
    short, long = "One. Two. Three.", "One. Two. Three. Four. Five."
    (alone,) = made.encode([short])
    assert not caplog.records
    (cut,) = made.encode([long])
    assert torch.equal(cut.x, alone.x)
    assert "1 of 1 texts have more than 3 words or sentences and were cut there" in caplog.text
    assert len(create_encoder("text", name, **options).encode([long])[0].x) == 5


def test_whole_texts_are_never_cut(caplog):
    (whole,) = encode("one two three", nodes="text", max_nodes=1)
    assert torch.equal(whole.x, encode("one two three", nodes="text")[0].x)
    assert not caplog.records
