"""One thread a process, and a tiny text model.

Small tensors gain nothing from a second thread and can lose much.
"""

import os
import signal

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch

torch.set_num_threads(1)

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "red", "cat", "dog", "sat", "."]


@pytest.fixture
def interruptible():
    """Let processes that a test starts be interrupted, also where the tests run in the background.

    A shell without job control starts what runs in the background deaf to Ctrl-C, and what that
    starts inherits it.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def write_text_model():
    """Return a function that writes a drawn text model and its tokenizer of a few whole words."""

    def write(folder, kind, special=True, **config):
        import transformers
        from tokenizers import Tokenizer, models, pre_tokenizers, processors

        torch.manual_seed(0)
        made = getattr(transformers, f"{kind}Config")(vocab_size=len(WORDS), **config)
        getattr(transformers, f"{kind}Model")(made).save_pretrained(folder)
        ids = {word: i for i, word in enumerate(WORDS)}
        tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
        if special:
            tokenizer.post_processor = processors.TemplateProcessing(
                single="[CLS] $A [SEP]", special_tokens=[(t, ids[t]) for t in ("[CLS]", "[SEP]")]
            )
        names = {"pad_token": "[PAD]"} if special else {"eos_token": "[SEP]"}
        transformers.PreTrainedTokenizerFast(
            tokenizer_object=tokenizer, unk_token="[UNK]", **names
        ).save_pretrained(folder)
        return folder

    return write


@pytest.fixture(scope="session")
def bert(tmp_path_factory, write_text_model):
    """Write a small BERT, which takes 12 tokens, and return its folder."""
    return write_text_model(
        tmp_path_factory.mktemp("bert"),
        "Bert",
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=12,
        initializer_range=0.5,
    )
