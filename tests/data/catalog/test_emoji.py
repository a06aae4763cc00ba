from __future__ import annotations

import collections
import subprocess
import sys

import numpy as np
import pytest

from graphfuse.data import load_dataset
from graphfuse.data.catalog import emoji


@pytest.fixture(scope="module")
def dataset():
    return load_dataset("emoji")


@pytest.fixture(scope="module")
def arrays():
    return emoji.read()


def test_file_is_plain_and_described(check_file):
    check_file("emoji.npz")


def test_card_agrees(check_card):
    check_card("emoji")


def test_classes_are_the_unicode_groups(dataset):
    assert dataset.schema.classes == (
        "Smileys & Emotion",
        "People & Body",
        "Animals & Nature",
        "Food & Drink",
        "Travel & Places",
        "Activities",
        "Objects",
        "Symbols",
    )
    assert np.bincount(dataset.labels()).min() >= 80


def test_every_sample_has_both_modalities(dataset):
    batch = dataset.batch(range(len(dataset)))
    assert batch.mask["image"].all()
    assert batch.mask["text"].any(1).all()
    assert batch.x["image"].shape[1:] == (16, 192)


def test_image_values_lie_between_0_and_1(dataset):
    values = dataset.x["image"].values
    assert values.min() == 0
    assert values.max() == 1


def test_patch_is_the_part_of_the_picture_that_its_position_says(dataset, arrays):
    sample, picture = dataset[100], arrays["images"][100]
    for patch, (row, column) in zip(sample.x["image"], sample.pos["image"].long(), strict=True):
        part = picture[8 * row : 8 * row + 8, 8 * column : 8 * column + 8] / np.float32(255)
        assert np.array_equal(patch.numpy().reshape(8, 8, 3), part)


def test_pictures_are_upright_and_in_colour(arrays):
    picture = dict(zip(arrays["names"].tolist(), arrays["images"].astype(int), strict=True))
    heart = picture["red heart"]
    assert (heart[0, 0] == 255).all()  # where the picture is transparent
    red, green, blue = heart[12, 16]
    assert red > 180 > 100 > max(green, blue)
    ink = (255 - heart).sum(axis=(1, 2))
    assert ink[:16].sum() > ink[16:].sum()  # a heart is wide at the top


def test_pictures_are_not_mirrored(arrays):
    picture = dict(zip(arrays["names"].tolist(), arrays["images"], strict=True))
    for name, head in (("left arrow", 0), ("right arrow", 1)):
        white = (picture[name][4:28, 4:28] > 200).all(axis=2)  # an arrow on a blue square
        halves = white[:, :12].sum(), white[:, 12:].sum()
        assert halves[head] > halves[1 - head]


def test_listing_datasets_reads_no_file():
    code = (
        "import numpy; numpy.load = None; from graphfuse.data import list_datasets; "
        "print(*[card.name for card in list_datasets()])"
    )
    command = [sys.executable, "-c", code]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert {"emoji", "mfeat", "av-digits"} <= set(listed)


def test_no_flag_skin_tone_or_component(arrays):
    for codepoints in arrays["codepoints"]:
        codes = [int(code, 16) for code in str(codepoints).split("-")]
        assert not any(0x1F3FB <= code <= 0x1F3FF for code in codes)  # skin tones
        assert not any(0x1F1E6 <= code <= 0x1F1FF for code in codes)  # letters of flags
        assert codes[0] not in (0x1F3F3, 0x1F3F4)  # white and black flag
    assert len(set(arrays["codepoints"])) == len(arrays["codepoints"])


def test_ids_are_unique(dataset):
    assert len(set(dataset.ids)) == len(dataset)


def test_no_masked_word_is_left(arrays):
    tokens = [emoji.masked_tokens(str(name)) for name in arrays["names"]]
    assert all(tokens)
    assert not emoji.MASKED & {token for name in tokens for token in name}


def test_text_nodes_are_the_masked_words_in_order(dataset, arrays):
    for i in (0, 300, 900, 1600):
        words = emoji.masked_tokens(str(arrays["names"][i]))
        expected = np.stack([emoji.hash_ngrams(word) for word in words])
        assert np.array_equal(dataset[i].x["text"].numpy(), expected)
        assert dataset[i].pos["text"][:, 0].tolist() == list(range(len(words)))


def test_no_frequent_word_gives_the_group_away(arrays):
    concepts = collections.defaultdict(lambda: collections.defaultdict(set))
    for name, label, group in zip(arrays["names"], arrays["label"], arrays["group"], strict=True):
        for token in emoji.masked_tokens(str(name)):
            concepts[token][int(label)].add(int(group))
    for token, by_label in concepts.items():
        sizes = [len(groups) for groups in by_label.values()]
        assert sum(sizes) < 20 or max(sizes) / sum(sizes) < 0.8, token


def test_nearly_no_name_is_masked_whole(arrays):
    empty = [str(n) for n in arrays["names"] if emoji.masked_tokens(str(n)) == [emoji.NEUTRAL]]
    assert set(empty) == {"man", "woman", "person", "boy", "girl", "child"}


@pytest.mark.parametrize(
    "variants",
    [
        ("cook", "man cook", "woman cook"),
        ("merperson", "mermaid", "merman"),
        ("person running", "woman running: facing right"),
        ("person: bald", "man: red hair", "woman: blond hair", "person"),
        ("older person", "old man", "old woman"),
        ("family", "family: man, woman, boy", "family: adult, child"),
        ("kiss", "kiss: woman, man"),
        ("people holding hands", "woman and man holding hands", "men holding hands"),
        ("woman dancing", "man dancing"),
        ("one o\u2019clock", "ten-thirty"),
        ("red heart", "blue heart"),
        ("keycap: 1", "keycap: #"),
    ],
)
def test_variants_of_a_concept_share_a_group(arrays, variants):
    group = dict(zip(arrays["names"].tolist(), arrays["group"].tolist(), strict=True))
    assert len({group[name] for name in variants}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cook", "judge"),
        ("red heart", "heart suit"),
        ("cat face", "dog face"),
        ("tangerine", "lemon"),
    ],
)
def test_different_concepts_have_groups_of_their_own(arrays, one, other):
    group = dict(zip(arrays["names"].tolist(), arrays["group"].tolist(), strict=True))
    assert group[one] != group[other]


def test_equal_pictures_share_a_group(arrays):
    groups = collections.defaultdict(set)
    for picture, group in zip(arrays["images"], arrays["group"], strict=True):
        groups[picture.tobytes()].add(int(group))
    assert all(len(found) == 1 for found in groups.values())


def test_groups_reach_the_dataset(dataset, arrays):
    assert dataset.groups.tolist() == arrays["group"].astype(str).tolist()


def test_hashing_does_not_depend_on_the_process(dataset):
    code = "from graphfuse.data import load_dataset; print(load_dataset('emoji').fingerprint)"
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert printed == dataset.fingerprint


def test_hashed_words_have_length_one():
    for word in ("a", "#", "grinning", "piñata"):
        assert np.linalg.norm(emoji.hash_ngrams(word)) == pytest.approx(1)
