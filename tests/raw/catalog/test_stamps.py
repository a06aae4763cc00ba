import os
import sys
from collections import Counter
from pathlib import Path

import pytest
import soundfile
from PIL import Image

from graphfuse.data import EncoderSpec, StepSpec
from graphfuse.errors import InputError, MissingDependencyError, UnknownNameError
from graphfuse.raw import facts
from graphfuse.raw.catalog import list_raw_datasets, load_raw_dataset
from graphfuse.raw.catalog.stamps import CLASSES, INSTALLED, VARIABLE

REAL = Path(os.environ.get(VARIABLE, INSTALLED))


def put(root, stem, english, svg=False, speech=("fr",), **texts):
    path = root / stem
    path.parent.mkdir(parents=True, exist_ok=True)
    if svg:
        path.with_suffix(".svg").write_text("<svg width='2' height='2'/>")
    else:
        Image.new("RGB", (2, 2)).save(path.with_suffix(".png"))
    others = [f"{language}.utf8={text}" for language, text in texts.items()]
    path.with_suffix(".txt").write_text("\n".join([english, *others]), encoding="utf-8")
    for language in speech:
        ending = "_desc" if language == "en" else f"_desc_{language}"
        soundfile.write(path.with_name(f"{path.name}{ending}.ogg"), [0.0] * 800, 8000)


@pytest.fixture
def root(tmp_path):
    put(tmp_path, "animals/birds/crow", "A crow.", fr="Une corneille.", speech=("fr", "en"))
    put(tmp_path, "animals/cartoon/crow_2", "A drawn crow.")
    put(tmp_path, "food/bread", "A loaf.", svg=True, fr="Un pain.")
    put(tmp_path, "food/bread2", "A crow.", fr="Du pain.")
    put(tmp_path, "food/silent", "Silence.", speech=())
    put(tmp_path, "symbols/a", "The letter A.")
    soundfile.write(tmp_path / "food" / "silent.ogg", [0.0] * 800, 8000)
    return tmp_path


def test_stamps_have_a_picture_a_text_and_speech(root):
    read = load_raw_dataset("stamps", root=root, svg=False)
    assert list(read.ids) == ["animals/birds/crow", "animals/cartoon/crow_2", "food/bread2"]
    assert sorted(read.modalities) == ["image", "text"]
    assert read.table["text"][:] == ["A crow.", "A drawn crow.", "A crow."]
    assert read.cells("image")[0][0].read().shape == (2, 2, 3)
    assert facts(read).y.tolist() == ["animals", "animals", "food"]


def test_stamps_of_one_object_are_one_group(root):
    groups = facts(load_raw_dataset("stamps", root=root, svg=False)).groups
    assert len(set(groups)) == 1  # of one name, and of one text
    put(root, "town/church", "A church.")
    assert len(set(facts(load_raw_dataset("stamps", root=root, svg=False)).groups)) == 2


def test_languages_are_chosen(root):
    read = load_raw_dataset("stamps", root=root, text="fr", speech="en", svg=False)
    assert read.table["text"][:] == ["Une corneille.", None, "Du pain."]
    assert [len(cells) for cells in read.cells("speech")] == [1, 0, 0]
    assert read.cells("speech")[0][0].read().rate == 8000
    assert read.kind("speech") == "audio"
    with pytest.raises(UnknownNameError, match=r"text 'de'.* Known: en, fr"):
        load_raw_dataset("stamps", root=root, text="de", svg=False)
    with pytest.raises(UnknownNameError, match=r"speech 'de'.* Known: en, fr"):
        load_raw_dataset("stamps", root=root, speech="de", svg=False)


def test_encoders_are_named_for_every_modality_and_steps_for_all(root):
    read = load_raw_dataset("stamps", root=root, speech="fr", svg=False)
    assert sorted(read.encoders) == sorted(read.modalities)
    options = {"model": "tf_efficientnet_lite0", "nodes": "global", "side": 288}
    assert read.encoders["image"] == EncoderSpec("timm", options)
    assert read.steps == (StepSpec("scale", {"over": "node"}),)


def test_drawings_need_what_paints_them(root, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(MissingDependencyError, match=r"the 1 of 4 stamps.*svg=False.*\[svg\]"):
        load_raw_dataset("stamps", root=root)


def test_they_are_found_by_environment_and_in_an_unpacked_package(root, monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(root))
    assert len(load_raw_dataset("stamps", svg=False)) == 3
    unpacked = tmp_path / "X"
    (unpacked / "usr/share/tuxpaint").mkdir(parents=True)
    (unpacked / "usr/share/tuxpaint/stamps").symlink_to(root)
    assert len(load_raw_dataset("stamps", root=unpacked, svg=False)) == 3


def test_where_there_are_none_the_package_is_named(tmp_path):
    for place in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(InputError, match="apt-get install tuxpaint-stamps-default"):
            load_raw_dataset("stamps", root=place)


def test_unknown_names_and_options():
    with pytest.raises(InputError, match="unknown option 'language'"):
        load_raw_dataset("stamps", language="fr")
    assert [card.name for card in list_raw_datasets()] == ["stamps"]


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no stamps at {REAL}")
def test_the_real_stamps_are_those_that_were_measured():
    read = load_raw_dataset("stamps", root=REAL, svg=False)
    found = facts(read)
    assert set(found.y) == set(CLASSES)
    assert len(read) == 461
    pytest.importorskip("resvg_py")
    found = facts(load_raw_dataset("stamps", root=REAL, speech="fr"))
    (card,) = list_raw_datasets()
    assert len(found.y) == card.samples
    assert Counter(found.y).most_common(1) == [("animals", 144)]
    assert len(set(found.groups)) == 501
