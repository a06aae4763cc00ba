import pickle

import numpy as np
import pytest

from graphfuse.data import make_splits
from graphfuse.data.convert import read_features
from graphfuse.errors import InputError, UnknownNameError

TURNS = {"Ses01F_a": 4, "Ses01M_b": 2, "Ses02F_c": 3, "Ses05F_d": 3, "Ses05M_e": 1}
TRAIN, TEST = ["Ses01F_a", "Ses02F_c", "Ses01M_b"], ["Ses05F_d", "Ses05M_e"]


def features(width, seed=0, listed=True):
    random = np.random.default_rng(seed)
    rows = {key: random.normal(size=(count, width)) for key, count in TURNS.items()}
    return {key: list(values) if listed else values for key, values in rows.items()}


def labels(classes):
    codes = np.arange(sum(TURNS.values())) % classes
    ends = np.cumsum(list(TURNS.values()))[:-1]
    return {key: own.tolist() for key, own in zip(TURNS, np.split(codes, ends), strict=True)}


def texts():
    return {key: ["well"] * count for key, count in TURNS.items()}


def names(letters="MF"):
    return {key: [letters[i % len(letters)] for i in range(n)] for key, n in TURNS.items()}


def one_hot(size=9):
    return {key: [np.eye(size)[i % size].tolist() for i in range(n)] for key, n in TURNS.items()}


def iemocap():
    """As IEMOCAP_features.pkl of DialogueRNN and MMGCN."""
    return (texts(), names(), labels(6), features(10), features(7, 1), features(5, 2), texts(),
            set(TRAIN), set(TEST))  # fmt: skip


def meld():
    """As MELD_features_raw1.pkl of MMGCN and M3Net."""
    return (texts(), one_hot(), labels(7), features(10, listed=False), features(7), features(5),
            texts(), TRAIN, TEST, labels(3))  # fmt: skip


def written(tmp_path, content, protocol=2):
    path = tmp_path / "features.pkl"
    path.write_bytes(pickle.dumps(content, protocol))
    return path


def test_iemocap(tmp_path):
    given = iemocap()
    dataset = read_features(written(tmp_path, given))
    assert dataset.schema.names == ("audio", "text", "visual")
    assert dataset.schema.classes[:3] == ("happy", "sad", "neutral")
    assert list(dataset.ids) == [*sorted(TRAIN), *sorted(TEST)]
    assert list(dataset.splits) == ["train"] * 3 + ["test"] * 2
    sample = dataset[0]
    assert sample.y.tolist() == given[2][sample.id]
    assert np.allclose(sample.x["visual"], np.array(given[5][sample.id]), atol=1e-6)
    for m in dataset.schema.names:
        assert sample.unit[m].tolist() == [0, 1, 2, 3]
        assert sample.pos[m][:, 0].tolist() == [0, 1, 2, 3]
        assert sample.attrs["speaker"][m].tolist() == [1, 0, 1, 0]  # F before M
    batch = dataset.batch([0, 1])
    assert batch.y.shape == batch.unit_mask.shape == (2, 4)
    split = next(iter(make_splits(dataset)))
    assert list(dataset.ids[split.test]) == sorted(TEST)


def test_meld_of_mmgcn(tmp_path):
    dataset = read_features(written(tmp_path, meld()))
    assert dataset.schema.classes[0] == "neutral"
    assert len(dataset.schema.classes) == 7
    assert list(dataset.ids) == [*TRAIN, *TEST]  # in the order of the lists
    assert dataset[0].attrs["speaker"]["text"].tolist() == [0, 1, 2, 3]


def test_meld_of_dialogue_rnn_has_sentiments(tmp_path):
    given = (texts(), one_hot(), labels(7), features(10), features(7), texts(), TRAIN, TEST,
             labels(3))  # fmt: skip
    path = written(tmp_path, given)
    assert read_features(path).schema.names == ("audio", "text")
    dataset = read_features(path, target="sentiment")
    assert dataset.schema.classes == ("neutral", "positive", "negative")
    with pytest.raises(UnknownNameError, match="did you mean 'sentiment'"):
        read_features(path, target="sentiments")
    with pytest.raises(UnknownNameError, match="Known: emotion"):
        read_features(written(tmp_path, iemocap()), target="sentiment")


def test_four_layers_of_text(tmp_path):
    given = (texts(), names(), labels(6), *[features(8, s) for s in range(4)], features(7),
             features(5), texts(), TRAIN, TEST)  # fmt: skip
    for content in (given, [*given, {}]):
        dataset = read_features(written(tmp_path, content))
        assert dataset.schema.names == ("audio", "text", "text2", "text3", "text4", "visual")


def test_an_utterance_without_a_picture_lacks_that_node_alone(tmp_path):
    given = iemocap()
    given[5]["Ses01F_a"][1] = np.zeros(5)
    given[4]["Ses01F_a"][0] = np.full(7, np.nan)
    sample = read_features(written(tmp_path, given))[0]
    assert sample.unit["visual"].tolist() == [0, 2, 3]
    assert sample.pos["visual"][:, 0].tolist() == [0, 2, 3]
    assert sample.attrs["speaker"]["visual"].tolist() == [1, 1, 0]
    assert sample.unit["audio"].tolist() == [1, 2, 3]
    assert len(sample.y) == 4


def test_utterances_as_samples(tmp_path):
    given = iemocap()
    given[5]["Ses01F_a"][1] = np.zeros(5)
    path = written(tmp_path, given)
    dataset = read_features(path, sample="utterance")
    assert len(dataset) == sum(TURNS.values())
    assert dataset.unit is None
    assert dataset.labels()[:4].tolist() == given[2]["Ses01F_a"]
    assert list(dataset.ids[:2]) == ["Ses01F_a/0", "Ses01F_a/1"]
    assert list(dataset.groups[:5]) == ["Ses01F_a"] * 4 + ["Ses01M_b"]
    assert list(dataset.splits).count("test") == 4
    sample = dataset[1]
    assert "visual" not in sample.x
    assert np.allclose(sample.x["text"], given[3]["Ses01F_a"][1][None], atol=1e-6)
    assert sample.pos["text"].tolist() == [[1.0]]
    assert sample.attrs["speaker"]["text"].tolist() == [0]
    assert len(next(iter(make_splits(dataset))).test) == 4
    with pytest.raises(UnknownNameError, match="did you mean 'utterance'"):
        read_features(path, sample="utterances")


def test_names_of_classes(tmp_path):
    given = list(iemocap())
    given[2] = labels(4)
    path = written(tmp_path, given)
    assert read_features(path).schema.classes == ("0", "1", "2", "3")
    assert read_features(path, classes="a,b,c,d").schema.classes == ("a", "b", "c", "d")
    with pytest.raises(InputError, match="2 classes"):
        read_features(path, classes="a,b")


def test_conversations_of_no_part_are_left_out_and_counted(tmp_path, caplog):
    given = list(iemocap())
    given[7] = {"Ses01F_a", "Ses02F_c"}
    assert len(read_features(written(tmp_path, given))) == 4
    assert "1 conversations, neither in train nor in test" in caplog.text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g[4]["Ses01F_a"].pop(), r"'audio' of conversation 'Ses01F_a' is \[4, F\]"),
        (lambda g: g[1]["Ses01F_a"].pop(), "has 4 labels, but 3 speakers"),
        (lambda g: g[8].add("Ses01F_a"), "'Ses01F_a' lies in both train and test"),
        (lambda g: g[2]["Ses01F_a"].__setitem__(0, 10**9), "one of .* labels is 1000000000"),
        (lambda g: g[8].add("Ses09"), "conversation 'Ses09' of train or test has no labels"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, change, message):
    given = iemocap()
    change(given)
    with pytest.raises(InputError, match=message):
        read_features(written(tmp_path, given))
