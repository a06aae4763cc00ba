import re

import pytest

from graphfuse.cli import main


@pytest.mark.parametrize("option", ["samples", "versions", "seed"])
def test_bad_numbers_of_a_preview_are_one_line(pets, capsys, option):
    assert main(["preview", str(pets / "pets.csv"), f"--{option}", "-1"]) == 2
    assert f"--{option} must be an integer of at least" in capsys.readouterr().err


def test_a_preview_of_missing_kinds_is_an_error(pets, capsys):
    command = ["preview", str(pets / "pets.csv"), "--augment", "image=photo"]
    assert main([*command, "--out", str(pets / "page.html")]) == 2
    assert "of kind 'image', but there are none" in capsys.readouterr().err
    assert not (pets / "page.html").exists()


def test_the_preview_shows_the_copies_that_compare_would_use(pets, capsys):
    from graphfuse.raw import read_manifest
    from graphfuse.raw.augment import Augmentation, add_copies

    manifest = read_manifest(pets / "pets.csv")
    augmentation = Augmentation.of({"text": {"delete": [0.5, 0.5], "probability": 1.0}})
    from graphfuse.report.preview import to_preview

    page = to_preview(manifest, augmentation, 16, 3)
    shown = re.sub(r"<mark[^>]*></mark>|<[^>]+>", "", page)
    for cells in add_copies(manifest, augmentation).cells("said")[16:]:
        assert re.sub(r"\s+", " ", cells[0].read()) in re.sub(r"\s+", " ", shown)
