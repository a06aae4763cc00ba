import re
import unicodedata

import pytest
import torch

from graphfuse.errors import InputError
from graphfuse.raw.augment import CAPTION, TextAugmentation, read_thesaurus, thesaurus

TEXT = "The quick brown Fox jumps, over the lazy dog."
SYNONYMS = {"quick": ("fast", "speedy"), "fox": ("vixen",), "dog": ("hound",)}


def words(text):
    return re.findall(r"\w+", text)


@pytest.mark.parametrize("name", ["replace", "insert", "swap", "delete"])
def test_each_change_follows_its_seed(name):
    augmentation = TextAugmentation(**{name: (0.3, 0.5)}, synonyms=SYNONYMS, probability=1.0)
    made = [augmentation(TEXT, seed) for seed in range(20)]
    assert made == [augmentation(TEXT, seed) for seed in range(20)]
    assert len(set(made)) > 1
    counts = {len(words(text)) for text in made}
    assert {"replace": counts == {9}, "swap": counts == {9}, "delete": counts <= {4, 5, 6},
            "insert": counts <= {11, 12}}[name]  # fmt: skip


def test_synonyms_take_the_capitals_of_the_word_and_no_word_without_one_changes():
    every = TextAugmentation(replace=(1, 1), synonyms=SYNONYMS, probability=1.0)
    assert every("A FOX, a Dog: 'quick'?", 0) in (
        "A VIXEN, a Hound: 'fast'?",
        "A VIXEN, a Hound: 'speedy'?",
    )


def test_a_swap_keeps_all_words_and_the_punctuation():
    made = TextAugmentation(swap=(0.5, 0.5), probability=1.0)(TEXT, 1)
    assert made != TEXT
    assert sorted(words(made)) == sorted(words(TEXT))
    assert re.sub(r"\w+", "", made) == re.sub(r"\w+", "", TEXT)


@pytest.mark.parametrize(
    "text",
    [
        "हिन्दी भाषा में लिखा हुआ वाक्य",
        "தமிழ் மொழியில் எழுதிய ஒரு வாக்கியம்",
        "می\u200cخواهم به خانه بروم",  # noqa: RUF001
        unicodedata.normalize("NFD", "café noir, thé vert et gâteau"),
    ],
)
@pytest.mark.parametrize("name", ["swap", "delete"])
def test_letters_keep_their_marks_and_words_their_joiners(text, name):
    augmentation = TextAugmentation(**{name: (0.3, 0.6)}, probability=1.0)
    given = {word.strip(",") for word in text.split()}
    made = [augmentation(text, seed) for seed in range(10)]
    assert len(set(made)) > 1
    assert {word.strip(",") for one in made for word in one.split()} - {""} <= given


def test_a_word_with_accents_apart_has_the_synonyms_of_the_same_word():
    apart = unicodedata.normalize("NFD", "Été")
    assert TextAugmentation(replace=(1, 1), synonyms={"été": ("canicule",)}, probability=1.0)(
        f"un {apart} sec", 0
    ) == "un Canicule sec"  # fmt: skip


def test_one_word_is_left_and_texts_without_words_stay():
    everything = TextAugmentation(delete=(1, 1), probability=1.0)
    assert len(words(everything(TEXT, 0))) == 1
    for text in ("", "...", "word"):
        assert everything(text, 0) == text


def test_tokens_of_a_batch_stay_behind_the_first_and_padding_behind_all():
    tokens = torch.tensor([[101, 5, 6, 7, 8, 9, 102], [101, 5, 102, 0, 0, 0, 0]])
    mask = tokens > 0
    augmentation = TextAugmentation(swap=(0.3, 0.3), delete=(0.3, 0.5), probability=1.0)
    runs = [augmentation.batch(tokens, mask, torch.Generator().manual_seed(3)) for _ in range(2)]
    assert torch.equal(runs[0][0], runs[1][0])
    made, left = runs[0]
    assert made[:, 0].tolist() == [101, 101]
    assert torch.equal(left, left.sort(dim=1, descending=True).values)
    assert torch.equal(made > 0, left)
    assert left[0].sum() < 7
    for row, own in zip(made, tokens, strict=True):
        assert set(row.tolist()) <= set(own.tolist()) | {0}


def test_words_said_differently_need_synonyms():
    with pytest.raises(InputError, match="replace needs synonyms"):
        TextAugmentation(replace=(0, 0.1))
    assert CAPTION(TEXT, 0)


def test_a_thesaurus_of_libreoffice_gives_the_first_meaning_without_broader_terms(tmp_path):
    path = tmp_path / "th_en_US.dat"
    path.write_bytes(
        "UTF-8\ncar|2\n(noun)|auto|motor vehicle (generic term)\n(noun)|gondola\n"
        "chap|1\n(noun)|fellow (generic term)\n"
        "food|2\n(noun)|substance (generic term)\n(noun)|nutrient\n"
        "Été|1\n(noun)|été|belle saison\n".encode()
    )
    assert read_thesaurus(path) == {"car": ("auto",), "été": ("belle saison",)}


def test_words_of_a_thesaurus_that_may_be_read_otherwise_have_no_synonyms(tmp_path):
    path = tmp_path / "th_en_US.dat"
    path.write_text(
        "UTF-8\n"
        "run|2\n(noun)|tally\n(verb)|scat\nanimal|2\n(adj)|carnal\n(noun)|beast\n"
        "eat|1\n(verb)|consume\nhope|1\n(verb)|trust\n"
        "eats|1\n(noun)|chow\nhoping|1\n(noun)|wish\nrunning|1\n(noun)|jogging\n"
        "while|1\n(noun)|spell\nking|1\n(noun)|monarch\n"
    )
    assert read_thesaurus(path) == {
        "eat": ("consume",), "hope": ("trust",), "king": ("monarch",)
    }  # fmt: skip
    path.with_suffix(".tsv").write_text("while\twhilst\n")
    assert read_thesaurus(path.with_suffix(".tsv")) == {"while": ("whilst",)}


def test_what_is_no_thesaurus_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(thesaurus, "INSTALLED", tmp_path)
    with pytest.raises(InputError, match="no thesaurus of the language 'xx' is installed"):
        read_thesaurus("xx")
    (tmp_path / "th_xx_YY.dat").write_text("UTF-8\nhigh|1\n(adv)|aloft\n")
    assert read_thesaurus("xx") == {"high": ("aloft",)}
    (tmp_path / "bad.dat").write_text("no encoding\nup\n")
    with pytest.raises(InputError, match=r"bad.dat is no thesaurus: a .dat file names"):
        read_thesaurus(tmp_path / "bad.dat")
    with pytest.raises(InputError, match="cannot read the thesaurus"):
        read_thesaurus(tmp_path / "none.tsv")
    (tmp_path / "empty.tsv").write_text("word\n")
    with pytest.raises(InputError, match="holds no synonym"):
        read_thesaurus(tmp_path / "empty.tsv")


def test_words_are_inserted_without_a_thesaurus():
    own = TextAugmentation(insert=(0.5, 0.5), probability=1.0)
    made = [own("a cat sleeps here", seed) for seed in range(10)]
    assert len(set(made)) > 1
    for text in made:
        assert len(words(text)) == 6
        assert set(words(text)) == {"a", "cat", "sleeps", "here"}
    fitted = own.fit(["Dogs bark.", "Dogs run!"])
    inserted = [w for seed in range(60) for w in words(fitted("a cat sleeps here", seed))]
    assert set(inserted) - {"a", "cat", "sleeps", "here"} == {"dogs", "bark", "run"}
    assert inserted.count("dogs") > inserted.count("bark")  # as often as in the texts
    assert fitted.options != own.options
    with pytest.raises(InputError, match="but these have none"):
        own.fit(["...", ""])


@pytest.mark.parametrize(
    "text", ["这家酒店的房间很干净、早餐也不错。", "この部屋はとても静かです。"]
)
@pytest.mark.parametrize("name", ["swap", "delete", "insert"])
def test_texts_without_spaces_change_by_character(text, name):
    made = [TextAugmentation(**{name: (0.3, 0.5)}, probability=1.0)(text, s) for s in range(10)]
    assert len(set(made)) > 5
    assert all(" " not in one and set(one) <= set(text) for one in made)
    lengths = {len(one) - len(text) for one in made}
    assert {"swap": lengths == {0}, "delete": max(lengths) < 0, "insert": min(lengths) > 0}[name]
