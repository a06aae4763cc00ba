import numpy as np
import pytest
import torch

from graphfuse.encoders import create_encoder, encode
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw import read_manifest

GLOVE = "the 0.1 0.2 0.3\ncat 1 0 0\ndog 0 1 0\n猫 0 0 1\n"


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "glove.txt"
    file.write_text(GLOVE, encoding="utf-8")
    return file


def vectors(path, *texts, **options):
    return create_encoder("text", "word_vectors", path=str(path), **options).encode(texts)


def test_words_have_the_vectors_of_the_file(path):
    (nodes,) = vectors(path, "The Cat, the dog!")
    assert torch.allclose(nodes.x[1], torch.tensor([1.0, 0.0, 0.0]))
    assert nodes.x.shape == (4, 3)
    assert nodes.pos.flatten().tolist() == [0, 1, 2, 3]
    (chinese,) = vectors(path, "猫猫")
    assert chinese.x.tolist() == [[0, 0, 1], [0, 0, 1]]


def test_a_text_is_the_mean_of_its_words(path):
    (nodes,) = vectors(path, "cat dog", nodes="text")
    assert nodes.x.tolist() == [[0.5, 0.5, 0.0]]
    assert nodes.pos.shape == (1, 0)


def test_the_first_line_of_fasttext_is_no_word(tmp_path, path):
    fasttext = tmp_path / "cc.vec"
    fasttext.write_text("4 3\n" + GLOVE, encoding="utf-8")
    for ours, theirs in zip(vectors(path, "a cat"), vectors(fasttext, "a cat"), strict=True):
        assert torch.equal(ours.x, theirs.x)


def test_unknown_words_get_the_mean_and_are_counted(path, caplog):
    (nodes,) = vectors(path, "cat zebra")
    mean = np.loadtxt(GLOVE.splitlines(), usecols=(1, 2, 3)).mean(0)
    assert torch.allclose(nodes.x[1], torch.from_numpy(mean).float())
    assert "1 of 2 words have no vector in glove.txt" in caplog.text


def test_only_the_first_words_are_read(path):
    (nodes,) = vectors(path, "cat dog", limit=2)
    assert torch.allclose(nodes.x[1], torch.tensor([0.55, 0.1, 0.15]))


@pytest.mark.parametrize("content", ["cat 1 0\ndog 1\n", "cat a b\n", "", "3 2\n", "cat nan 1\n"])
def test_a_file_of_something_else_is_an_error(tmp_path, content):
    file = tmp_path / "bad.txt"
    file.write_text(content)
    with pytest.raises(InputError, match=r"bad\.txt(, line \d: a word and| holds no word vectors)"):
        vectors(file, "cat")


def test_options_are_checked(path, tmp_path):
    with pytest.raises(InputError, match="there is no file of word vectors"):
        vectors(tmp_path / "none.txt", "cat")
    with pytest.raises(UnknownNameError, match="nodes"):
        vectors(path, "cat", nodes="word")


def test_a_copy_of_the_file_counts_as_the_same_encoder(tmp_path, path):
    copy = tmp_path / "copy.txt"
    copy.write_bytes(path.read_bytes())
    first, second = (create_encoder("text", "word_vectors", path=str(p)) for p in (path, copy))
    assert first.identity() == second.identity()
    copy.write_text(GLOVE.replace("1 0 0", "1 0 1"), encoding="utf-8")
    assert first.identity() != create_encoder("text", "word_vectors", path=str(copy)).identity()


def test_a_table_is_encoded_with_it(tmp_path, path):
    table = tmp_path / "data.csv"
    rows = [f"the {'cat' if i % 2 else 'dog'} number {i} is here,{i % 2}" for i in range(20)]
    table.write_text("said,label\n" + "\n".join(rows))
    encoders = {"said": {"word_vectors": {"path": str(path)}}}
    data = encode(read_manifest(table), encoders=encoders, cache=tmp_path / "cache")
    assert data.schema.modalities[0].shape == (3,)
