import pytest

from graphfuse.cli import main
from graphfuse.cli.list import print_table


def test_list_shows_what_there_is(capsys):
    for what, expected in (
        ("strategies", ("graph:hgt/no_edges", "unimodal:<modality>", "https://arxiv.org")),
        ("datasets", ("emoji", "image + text", "CC BY 4.0", "planted/binding")),
        ("relations", ("k_nearest", "co_occurrence", "temporal")),
        ("encoders", ("ngrams", "histogram", "mfcc", "windows", "graphfuse[encoders]")),
        ("networks", ("cnn", "Convolve an image", "channels=64")),
        ("metrics", ("acc2_non0", "lower", "0..", "precision/<class>", "binary, multiclass")),
        ("augmentations", ("image  photo", "crop, flip", "caption", "swap, delete")),
        ("cleaning", ("trim_silence", "off both ends of every sound.  ", "below=40.0")),
    ):
        assert main(["list", what]) == 0
        printed = capsys.readouterr().out
        for word in expected:
            assert word in printed


@pytest.mark.parametrize("what", ["strategies", "encoders", "networks", "relations", "cleaning"])
def test_tables_fit_120_columns(capsys, what):
    assert main(["list", what]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 120


def test_long_texts_continue_below(capsys):
    print_table(["name", "text"], [["a", "one two three four"], ["b", "five"]], width=15)
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:] == ["a     one two", "      three", "      four", "b     five"]
