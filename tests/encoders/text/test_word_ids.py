import pytest
import torch

from graphfuse.encoders import create_encoder
from graphfuse.errors import InputError


def test_a_word_has_its_number_wherever_it_stands_and_however_it_is_written():
    first, second = create_encoder("text", "word_ids").encode(["The cat", "a dog and the CAT"])
    assert first.x.dtype == torch.int64
    assert first.x[:, 0].tolist() == second.x[3:, 0].tolist()
    assert second.pos[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert len(set(second.x[:, 0].tolist())) == 5


def test_numbers_stay_below_the_vocabulary():
    (nodes,) = create_encoder("text", "word_ids", vocabulary=3).encode(["one two three four five"])
    assert set(nodes.x[:, 0].tolist()) <= {0, 1, 2}
    with pytest.raises(InputError, match="vocabulary"):
        create_encoder("text", "word_ids", vocabulary=0)


def test_a_text_without_words_is_one_node():
    (nodes,) = create_encoder("text", "word_ids").encode([":-)"])
    assert nodes.x.shape == (1, 1)
