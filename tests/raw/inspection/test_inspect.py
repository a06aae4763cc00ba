import json

import numpy as np
import pytest
import soundfile
from PIL import Image

from graphfuse.cli import main
from graphfuse.raw import read_manifest
from graphfuse.raw.inspection import inspect

N = 60


@pytest.fixture
def write(tmp_path):
    """Write a table of columns as CSV and return what each check says of it, by check."""

    def made(**columns):
        lines = [
            ",".join(columns),
            *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True)),
        ]
        (tmp_path / "data.csv").write_text("\n".join(lines))
        found = {}
        for check in inspect(read_manifest(tmp_path / "data.csv"), progress=False):
            found[check.code] = found.get(check.code, "") + check.text + "\n"
        return found

    return made


def noise(seed=0):
    return np.random.default_rng(seed).normal(size=N).round(3).tolist()


LABELS = ["yes", "no"] * (N // 2)


def test_clean_data_has_nothing_that_stands_out(write):
    found = write(a=noise(), b=noise(1), label=LABELS)
    assert found == {
        "classes": "2 classes: no 30, yes 30\n",
        "missing": "nothing is missing\n",
        "unreadable": "every cell can be read\n",
        "duplicates": "no sample occurs twice\n",
    }


def test_classes(write):
    found = write(a=noise(), label=["odd"] + ["yes"] * 55 + [""] * 4)["classes"]
    assert "56 of 60 samples are labelled; without a label: 56, 57, 58, 59" in found
    assert "2 classes: yes 55, odd 1" in found
    assert "classes with fewer than 5 samples: odd 1" in found
    assert (
        "55 times the samples of the smallest; always guessing 'yes' gives an accuracy of 98 %"
        in found
    )
    assert "the label is a number, from" in write(a=noise(), label=noise(1))["classes"]
    assert "no column is the label" in write(a=noise(), b=noise(1))["classes"]


def test_labels_that_cannot_be_learned_are_findings_beside_the_others(write):
    reported = write(age=noise(), label=["yes"] * N)
    assert (
        "the label cannot be learned: a binary y must have at least 2 classes"
        in reported["classes"]
    )
    assert "duplicates" in reported


def test_a_class_that_is_tested_and_not_trained_is_reported(write):
    split = ["train"] * 40 + ["test"] * 20
    reported = write(age=noise(), split=split, label=[*["yes", "no"] * 25, *["perhaps"] * 10])
    assert "classes without a sample in the training part: perhaps" in reported["classes"]
    reported = write(age=noise(), split=split, label=LABELS)
    assert "without a sample" not in reported["classes"]


def test_gaps_that_tell_the_label_and_gaps_that_do_not(write):
    words = [f"a text number {i} of words" for i in range(N)]
    gone = ["" if LABELS[i] == "yes" and i % 3 else words[i] for i in range(N)]
    found = write(note=gone, a=noise(), label=LABELS)["missing"]
    assert "note: missing in 20 of 60 samples, 33.3 %" in found
    assert "missing cells leak the label: they alone predict the classes with a balanced" in found
    assert "%, where the majority class alone gives 50 %" in found
    chance = ["" if i % 6 < 2 else words[i] for i in range(N)]
    found = write(note=chance, a=["", *noise()[1:]], label=LABELS)["missing"]
    assert "missing cells do not predict the label" in found
    assert "column a: empty in 1 of 60 rows, 1.7 %" in found


def test_copies_conflicts_and_copies_across_parts(write):
    texts = [f"{'word' * (i % 7)} {i} some more words {i * i}" for i in range(N)]
    texts[1], texts[3] = texts[0], texts[2].upper()
    split = ["train" if i % 3 else "test" for i in range(N)]
    found = write(note=texts, split=split, label=LABELS)["duplicates"]
    assert "1 sample is a copy of another: 0 = 1" in found
    assert "1 sample is a near-copy of another: 2 = 3" in found
    assert "copies with different labels: 0 = 1, 2 = 3" in found
    assert "note: 2 contents or near-copies lie both in test and train (0 = 1)" in found


def test_files_that_cannot_be_read_are_named_up_to_twenty(write, tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "0.png")
    found = write(photo=[f"{i}.png" for i in range(N)], a=noise(), label=LABELS)["unreadable"]
    assert "sample 1, column 'photo': '1.png' does not exist" in found
    assert "... and 39 more cells" in found


def test_a_column_of_which_no_cell_can_be_read_is_one_line(write, tmp_path):
    (tmp_path / "img").mkdir()
    for i in range(N):
        Image.new("RGB", (4, 4)).save(tmp_path / "img" / f"{i}.png")
    found = write(photo=[f"{i}.png" for i in range(N)], a=noise(), label=LABELS)["unreadable"]
    assert found.startswith(f"column 'photo': none of its {N} cells can be read; the first: sample")
    assert found.count("\n") == 1
    checks = inspect(read_manifest(tmp_path / "data.csv"), progress=False)
    (check,) = (check for check in checks if check.code == "unreadable")
    assert "did you mean the folder 'img/'?" in check.advice


def test_sizes_rates_and_facts_of_files_that_tell_the_label(write, tmp_path):
    for i, label in enumerate(LABELS):
        size, rate = ((30, 20), 8000) if label == "yes" else ((20, 20), 16000)
        noisy = np.random.default_rng(i).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
        Image.fromarray(noisy).save(tmp_path / f"x{i}.png")
        soundfile.write(tmp_path / f"{label}{i}.wav", np.full(200, i / N), rate)
    found = write(
        photo=[f"x{i}.png" for i in range(N)],
        speech=[f"{label}{i}.wav" for i, label in enumerate(LABELS)],
        note=[f"note {i}" for i in range(N)],
        label=LABELS,
    )
    assert "photo: height 20 (60); width 30 (30), 20 (30)" in found["sizes"]
    assert "format .png (60)" in found["sizes"]
    assert "speech: seconds 0.025 (30), 0.0125 (30); sample rate" in found["sizes"]
    assert "speech: 2 different sample rates" in found["sizes"]
    assert "note: characters 7 (50), 6 (10); words 2 (60)" in found["sizes"]
    assert "photo: sizes of its files give the label away, width most of all" in found["leaks"]
    assert "speech: names of its files give the label away, file name most of all" in found["leaks"]
    assert "photo: names" not in found["leaks"]


def test_columns(write):
    ages = [30.5 + i % 9 for i in range(N)]
    ages[7] = 5000
    code = ["k" if i == 1 else v[0] for i, v in enumerate(LABELS)]  # no copy, but as good as one
    found = write(age=ages, same=[3] * N, code=code, label=LABELS)
    assert "age: 1 number far from the median 34.5: 5000 (sample 7)" in found["columns"]
    assert "same: the same in every row, 3" in found["columns"]
    assert (
        "code alone predicts the label nearly always: a balanced accuracy of 98 %" in found["leaks"]
    )


def test_numbers_beyond_what_a_tree_computes_with_are_looked_at(write):
    reported = write(age=[f"{i + 1}e300" for i in range(N)], label=LABELS)
    assert "duplicates" in reported


def test_the_command_line(write, tmp_path, capsys):
    write(a=noise(), same=[3] * N, label=LABELS)
    source = str(tmp_path / "data.csv")
    assert main(["inspect", source]) == 0
    shown = capsys.readouterr().out
    assert "data: 60 samples" in shown
    assert (
        "! same: the same in every row, 3.0\n    -> leave it out with --column same=skip" in shown
    )
    assert "1 finding marked with ! needs attention." in shown
    assert main(["inspect", source, "--column", "same=skip"]) == 0
    assert "No problems found." in capsys.readouterr().out
    assert main(["inspect", source, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {"code", "severity", "text", "advice"} == set(found[0])
    assert main(["inspect", source, "--column", "same"]) == 2
    assert "--column must be NAME=VALUE" in capsys.readouterr().err


def test_parts_by_time_are_looked_at_like_given_ones(write, tmp_path):
    texts = [f"{'word' * (i % 7)} {i} some more words {i * i}" for i in range(N)]
    texts[N - 1] = texts[0]
    days = [f"2026-01-01 12:{i:02d}" for i in range(N)]
    labels = [*LABELS[: N - 10], *["perhaps"] * 10]
    write(note=texts, taken=days, label=labels)
    found = list(inspect(read_manifest(tmp_path / "data.csv", {"taken": "time"}), progress=False))
    said = " ".join(finding.text for finding in found)
    assert "classes without a sample in the training part: perhaps" in said
    assert "lies both in test and train" in said


def test_what_is_left_out_or_counts_as_missing_is_named(write):
    codes = [f"a{i}f3" for i in range(N)]
    found = write(code=codes, age=["?" if i == 3 else i for i in range(N)], label=LABELS)
    assert "code: left out: a code of its own in nearly every row" in found["columns"]
    assert "age: counted as missing: '?' (1)" in found["columns"]


def test_large_numbers_that_differ_little_predict_the_label(write):
    codes = [1_700_000_000 + i % 9 + 20 * (i % 2) for i in range(N)]
    found = write(code=codes, label=LABELS)
    assert "code alone predicts the label nearly always" in found["leaks"]
