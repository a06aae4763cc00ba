import pytest

from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw.augment import (
    CAPTION,
    PHOTO,
    Augmentation,
    ImageAugmentation,
    TextAugmentation,
    create_augmentation,
)
from graphfuse.raw.augment.presets import KINDS, PRESETS, on_the_fly


def test_every_preset_goes_by_its_name():
    for kind in KINDS:
        for name, made in PRESETS[kind].items():
            assert create_augmentation(kind, name) is not None
            assert create_augmentation(kind, name) == made
            assert create_augmentation(kind, made) is made


def test_options_win_over_the_preset_and_alone_are_all_there_is():
    made = create_augmentation("image", {"photo": {"flip": False, "rotate": [-5, 5], "hue": None}})
    assert (made.flip, made.rotate, made.hue, made.crop) == (False, (-5, 5), None, PHOTO.crop)
    assert create_augmentation("image", {"photo": None}) == PHOTO
    assert create_augmentation("image", {"flip": True}) == ImageAugmentation(flip=True)


def test_a_thesaurus_after_a_colon_replaces_and_inserts_too(tmp_path):
    words = tmp_path / "words.tsv"
    words.write_text("cat\ttomcat\n")
    short = create_augmentation("text", f"caption:{words}")
    assert short == create_augmentation("text", {"caption": {"synonyms": str(words)}})
    assert short.synonyms == {"cat": ("tomcat",)}
    assert (short.replace, short.insert) == ((0.0, 0.3), (0.0, 0.1))
    assert (short.swap, short.delete) == (CAPTION.swap, CAPTION.delete)
    alone = create_augmentation("text", {"replace": [1, 1], "synonyms": str(words)})
    assert alone == TextAugmentation(replace=(1, 1), synonyms={"cat": ("tomcat",)})
    # a record holds which thesaurus it was, not all of its words
    assert len(short.options["synonyms"]) == 64
    words.write_text("cat\tpuss\n")
    assert create_augmentation("text", f"caption:{words}").options != short.options


@pytest.mark.parametrize(
    ("kind", "given", "error", "message"),
    [
        (
            "image",
            "photos",
            UnknownNameError,
            "augmentation of image 'photos'; did you mean 'photo'",
        ),
        ("picture", "photo", UnknownNameError, "kind of item in augment 'picture'"),
        ("image", {"photo": {"flap": True}}, UnknownNameError, "change of image 'flap'; did you"),
        ("image", "photo:en", UnknownNameError, "change of image 'synonyms'"),
        ("image", {"flip": 0.5}, InputError, "flip must be true or false, got 0.5"),
        ("image", {"photo": 3}, InputError, r"a name, \{name: \{option: value\}\} or"),
        ("image", 3, InputError, "the augmentation of image must be a name"),
        ("image", CAPTION, InputError, "the augmentation of image must be a name"),
        ("text", {"replace": [0, 1]}, InputError, "replace needs synonyms"),
        ("text", "caption:zz", InputError, "no thesaurus of the language 'zz'"),
    ],
)
def test_unknown_names(kind, given, error, message):
    with pytest.raises(error, match=message):
        create_augmentation(kind, given)


def test_settings_of_a_whole_augmentation():
    made = Augmentation.of({"image": "photo", "shared": "flip", "copies": 5, "seed": 3})
    assert made == Augmentation(image=PHOTO, shared=("flip",), copies=5, seed=3)
    assert Augmentation.of(made) is made
    with pytest.raises(
        UnknownNameError, match="setting in augment 'copied'; did you mean 'copies'"
    ):
        Augmentation.of({"copied": 3})
    with pytest.raises(InputError, match="augment must be a mapping of settings, such as"):
        Augmentation.of("photo")


def test_on_the_fly_texts_are_swapped_and_left_out_alone():
    both = TextAugmentation(replace=(0, 1), delete=(0, 0.5), synonyms={"a": ("b",)})
    assert on_the_fly(both) == {"delete": [0, 0.5], "probability": 0.5}
    assert create_augmentation("image", on_the_fly(PHOTO)) == PHOTO
    words = TextAugmentation(replace=(0, 1), synonyms={"a": ("b",)})
    with pytest.raises(
        InputError, match="takes texts as numbers, which can be changed by swap and delete"
    ):
        on_the_fly(words)
