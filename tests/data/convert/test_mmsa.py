import pickle

import numpy as np
import pytest
import torch

from graphfuse.data import make_splits
from graphfuse.data.convert import read_features
from graphfuse.errors import InputError, UnknownNameError

FRAMES, TEXT, AUDIO, VISION = 6, 8, 5, 3


def part(n, first_video, seed=0, aligned=False):
    """A part laid out as in MMSA's aligned_50.pkl and unaligned_50.pkl, but small."""
    random = np.random.default_rng(seed)
    frames = {"text": FRAMES, "audio": FRAMES if aligned else 9, "vision": FRAMES if aligned else 7}
    widths = {"text": TEXT, "audio": AUDIO, "vision": VISION}
    lengths = {m: random.integers(2, frames[m] + 1, n) for m in frames}
    made = {m: random.normal(size=(n, frames[m], widths[m])) for m in frames}
    for m, values in made.items():
        values[np.arange(frames[m]) >= lengths[m][:, None]] = 0
    bert = np.zeros((n, 3, FRAMES), np.float32)
    bert[:, 1] = np.arange(FRAMES) < lengths["text"][:, None]
    sentiment = np.linspace(-3, 3, n).astype(np.float32)
    codes = np.sign(sentiment).astype(int) + 1
    made |= {
        "raw_text": np.array([f"words {i}" for i in range(n)]),
        "text_bert": bert,
        "id": [f"video{first_video + i // 3}$_${i % 3}" for i in range(n)],
        "annotations": np.array(["Negative", "Neutral", "Positive"])[codes],
        "classification_labels": codes.astype(np.float32),
        "regression_labels": sentiment,
    }
    if not aligned:
        made |= {f"{m}_lengths": lengths[m].tolist() for m in ("audio", "vision")}
    return made


def content(aligned=False):
    return {
        name: part(n, 10 * seed, seed, aligned)
        for seed, (name, n) in enumerate([("train", 9), ("valid", 5), ("test", 7)])
    }


def written(tmp_path, given, protocol=4):
    path = tmp_path / "unaligned_50.pkl"
    path.write_bytes(pickle.dumps(given, protocol))
    return path


@pytest.mark.parametrize("aligned", [False, True])
@pytest.mark.parametrize("protocol", [2, 4])
def test_frames_labels_parts_and_videos(tmp_path, aligned, protocol):
    given = content(aligned)
    dataset = read_features(written(tmp_path, given, protocol))
    assert dataset.name == "unaligned_50"
    assert dataset.schema.names == ("audio", "text", "vision")
    assert list(dataset.splits) == ["train"] * 9 + ["validation"] * 5 + ["test"] * 7
    assert list(dataset.groups[:4]) == ["video0", "video0", "video0", "video1"]
    row = 0
    for own in given.values():
        for i, name in enumerate(own["id"]):
            sample = dataset[row]
            row += 1
            assert sample.id == name
            assert sample.y.item() == pytest.approx(own["regression_labels"][i])
            for m in ("text", "audio", "vision"):
                frames = own[m][i][own[m][i].any(1)]
                assert torch.allclose(sample.x[m], torch.tensor(frames, dtype=torch.float32))
                assert sample.pos[m][:, 0].tolist() == list(range(len(frames)))
    assert len(next(iter(make_splits(dataset))).train) == 9


def test_lengths_keep_zero_frames_that_are_no_padding(tmp_path):
    given = content()
    audio = given["train"]["audio"]
    audio[0], given["train"]["audio_lengths"][0] = 0, 6
    audio[0, 1] = 1.0  # silence at both ends, but six frames by its length
    given["train"]["audio_lengths"][1] = 99  # more than there are
    dataset = read_features(written(tmp_path, given))
    assert dataset[0].x["audio"].shape == (6, AUDIO)
    assert dataset[1].x["audio"].shape == (9, AUDIO)


def test_padding_in_front_is_cut_and_frames_stay_aligned(tmp_path):
    given = content(aligned=True)
    for own in given.values():
        del own["text_bert"]
        for m in ("text", "audio", "vision"):
            own[m][:, :2] = 0
            own[m][:, 2:] = 1
        own["audio"][:, 2] = own["audio"][:, 4] = 0  # the latter lies between others, and stays
    sample = read_features(written(tmp_path, given))[0]
    assert sample.pos["text"][:, 0].tolist() == [2, 3, 4, 5]
    assert sample.pos["audio"][:, 0].tolist() == [3, 4, 5]
    assert sample.x["audio"][1].tolist() == [0.0] * AUDIO


def test_a_modality_without_any_value_is_missing(tmp_path, caplog):
    given = content()
    given["valid"]["vision"][2] = 0
    dataset = read_features(written(tmp_path, given))
    assert "vision" not in dataset[9 + 2].x
    assert "vision is missing (all zero) in 1 samples" in caplog.text


def test_values_that_are_no_numbers_become_zero_and_are_counted(tmp_path, caplog):
    given = content()
    given["train"]["audio"][0, 0] = [-np.inf, np.nan, np.inf, 1e300, 2.0]
    sample = read_features(written(tmp_path, given))[0]
    assert sample.x["audio"][0].tolist() == [0, 0, 0, 0, 2]
    assert "audio: 4 NaN or infinite values were replaced by 0" in caplog.text
    assert "vision" not in caplog.text


def test_classes_are_named_by_the_annotations(tmp_path):
    dataset = read_features(written(tmp_path, content()), target="classification")
    assert dataset.schema.classes == ("Negative", "Neutral", "Positive")
    assert dataset.labels()[:9].tolist() == [0, 0, 0, 0, 1, 2, 2, 2, 2]
    given = content()
    given["test"]["annotations"][0] = "Positive"  # which does not go with its code
    assert read_features(written(tmp_path, given), target="classification").schema.classes == (
        "0", "1", "2",
    )  # fmt: skip


def test_sims_has_a_label_for_each_modality(tmp_path):
    given = content()
    for own in given.values():
        for letter in "TAV":
            own[f"regression_labels_{letter}"] = own["regression_labels"] / 2
    path = written(tmp_path, given)
    dataset = read_features(path)
    assert set(dataset.y) == {"regression", "regression_A", "regression_T", "regression_V"}
    assert torch.equal(dataset.y["regression_T"], dataset.y["regression"] / 2)
    assert set(read_features(path, target="regression").y) == {"regression"}
    assert set(read_features(path, target="regression_T").y) == {"regression_T"}
    with pytest.raises(UnknownNameError, match="did you mean 'regression_T'"):
        read_features(path, target="regresion_T")


def test_the_layout_of_mult(tmp_path):
    # https://github.com/yaohungt/Multimodal-Transformer: labels [n, 1, 1], ids [n, 3] of bytes
    given = {
        name: {
            "text": own["text"],
            "audio": own["audio"],
            "vision": own["vision"],
            "labels": own["regression_labels"][:, None, None],
            "id": np.array(
                [[i.split("$")[0], "0.5", f"{k}"] for k, i in enumerate(own["id"])], "S"
            ),
        }
        for name, own in content(aligned=True).items()
    }
    dataset = read_features(written(tmp_path, given))
    assert dataset[0].id == "video0_0.5_0"
    assert dataset.groups[0] == "video0"
    assert dataset[0].y.item() == -3.0


def test_videos_in_several_parts_keep_the_parts_or_the_groups(tmp_path, caplog):
    given = {name: part(n, 0) for name, n in (("train", 9), ("valid", 5), ("test", 7))}
    path = written(tmp_path, given)
    dataset = read_features(path)
    assert dataset.groups is None
    assert "3 of 3 videos lie in more than one" in caplog.text
    assert "21 samples" in repr(dataset)
    assert len(set(dataset.ids)) == 21  # although ids occur again in other parts
    next(iter(make_splits(dataset)))
    folds = read_features(path, splits="none")
    assert folds.splits is None
    assert set(folds.groups) == {"video0", "video1", "video2"}
    with pytest.raises(UnknownNameError, match="did you mean 'given'"):
        read_features(path, splits="givn")


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "audio",
            np.ones((4, 9, AUDIO)),
            r"one entry per sample in every modality, got .*'audio': 4",
        ),
        ("audio", np.ones((5, 9, AUDIO + 1)), "one F in all samples and parts"),
        ("audio", np.array([["a"]] * 5), "must be an array of numbers, got text"),
        ("audio_lengths", [1, 2], "lengths of 'audio' in part 'validation' are 5"),
        ("regression_labels", np.ones((5, 4)), "'regression_labels' of part 'validation' is one"),
        ("id", ["a"], "has 5 samples, but 1 id"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, key, value, message):
    given = content()
    given["valid"][key] = value
    with pytest.raises(InputError, match=message):
        read_features(written(tmp_path, given))


def test_a_key_that_a_part_lacks_is_named(tmp_path):
    for key in ("vision", "regression_labels"):
        given = content()
        del given["test"][key]
        with pytest.raises(InputError, match=f"part 'test' has no '{key}'"):
            read_features(written(tmp_path, given))


def test_ids_that_tell_no_videos(tmp_path, caplog):
    given = content()
    given["train"]["id"] = list("abcdefghi")
    assert read_features(written(tmp_path, given)).groups is None
    assert "there are no groups" in caplog.text
