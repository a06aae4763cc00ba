import json

import pytest
import torch
from datasets import Dataset

import graphfuse
from graphfuse import load_dataset
from graphfuse.encoders import Preprocessor
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.raw import Column, Manifest, read_manifest
from graphfuse.raw.cleaning import clean

N = 40


def manifest(texts, labels, **more):
    columns = [Column("said", "text", "said"), Column("label", "label")]
    columns += [Column(name, name) for name in more]
    return Manifest(Dataset.from_dict({"said": texts, "label": labels, **more}), tuple(columns))


def pets(n=N):
    labels = ["cat", "dog"] * (n // 2)
    return [f"the {label} number {i} sat" for i, label in enumerate(labels)], labels


def test_a_new_sample_is_repaired_as_those_of_the_training_part(tmp_path):
    texts, labels = pets()
    ages = [float(i % 9) if i else 1e6 for i in range(N)]
    table = Dataset.from_dict({"said": texts, "label": labels, "age": ages, "size": [1.0] * N})
    columns = [Column("said", "text", "said"), Column("label", "label")]
    columns += [Column(name, "number", "table") for name in ("age", "size")]
    given = Manifest(table, tuple(columns))
    steps = [{"drop_outliers": {"limits": {"age": [0, 10]}}}]
    made = Preprocessor(clean=steps, cache=tmp_path / "c").fit(given)
    made.save(tmp_path / "kept")
    again = Preprocessor.load(tmp_path / "kept", cache=tmp_path / "c")
    for pre in (made, again):
        without, inside, outside = (
            pre.sample({"age": value, "size": 1.0}).x["table"] for value in (None, 3.0, 1e6)
        )
        assert torch.equal(outside, without)
        assert not torch.equal(inside, without)
        assert inside.abs().max() < 4  # the scale is not that of the million
        assert torch.equal(pre.transform(given)[0].x["table"], outside)


def test_copies_go_from_the_training_part_and_never_from_new_samples(tmp_path):
    texts, labels = pets()
    texts[2] = texts[0]
    made = Preprocessor(clean=["drop_duplicates"], cache=tmp_path)
    assert len(made.fit_transform(manifest(texts, labels))) == N - 1
    assert len(made.transform(manifest(texts, labels))) == N


def test_a_comparison_says_what_was_cleaned(tmp_path):
    texts, labels = pets()
    texts[2] = texts[0]
    rows = ["said,label", *(f"{t},{y}" for t, y in zip(texts, labels, strict=True))]
    (tmp_path / "pets.csv").write_text("\n".join(rows))
    source = str(tmp_path / "pets.csv")
    data = {source: {"clean": ["drop_duplicates"], "cache": str(tmp_path / "c")}}
    out = graphfuse.compare(
        [data], ["majority"], folds=2, out=tmp_path / "out", recipe={"epochs": 1}, progress=False
    )
    kept = json.loads((tmp_path / "out" / "comparison.json").read_text())
    facts = kept["datasets"]["pets"]
    assert facts["samples"] == N - 1
    (change,) = facts["origin"]["changes"]
    assert change["what"] == "1 sample left out: copies of samples that stay"
    page = out.report(tmp_path / "r.html").read_text()
    assert "<dd>drop_duplicates: 1 sample left out: copies of samples that stay</dd>" in page
    assert page.count("<li>2</li>") == 1
    dataset = load_dataset(source, clean=["drop_duplicates"], cache=str(tmp_path / "c"))
    dataset.save(tmp_path / "saved")
    assert type(dataset).load(tmp_path / "saved").origin == dataset.origin
    with pytest.raises(UnknownNameError, match="clean"):
        load_dataset(source, cleaning=[])
    assert len(read_manifest(source)) == N


def test_doubtful_labels_are_named_and_dropped_if_asked():
    pytest.importorskip("cleanlab")
    texts, labels = pets()
    labels[5], labels[8] = "cat", "dog"
    given = manifest(texts, labels)
    named = clean(given, [{"label_errors": {"encoders": {"said": {"ngrams": {"nodes": "text"}}}}}])
    assert len(named) == N
    assert {"5", "8"} <= set(named.changes[0].ids)
    assert "5 rather dog" in named.changes[0].what
    dropped = clean(given, [{"label_errors": {"remove": True, "rows": "all"}}])
    assert len(dropped) == N - len(dropped.changes[0].ids) < N
    with pytest.raises(InputError, match="no column that names the parts; give rows='all'"):
        clean(given, [{"label_errors": {"remove": True}}])
    with pytest.raises(UnknownNameError, match="rows of label_errors"):
        clean(given, [{"label_errors": {"rows": "some"}}])
    with pytest.raises(InputError, match="at least two classes need 5 samples each"):
        clean(manifest(texts[:6], labels[:6]), ["label_errors"])
    with pytest.raises(InputError, match="needs classes, but the task is regression"):
        clean(manifest(texts, [0.5 + i for i in range(N)]), ["label_errors"])


def test_doubtful_labels_of_the_test_part_stay():
    pytest.importorskip("cleanlab")
    texts, labels = pets(80)
    labels[5], labels[8] = "cat", "dog"
    split = ["test" if i in (8, 9, 10, 11) else "train" for i in range(80)]
    dropped = clean(manifest(texts, labels, split=split), [{"label_errors": {"remove": True}}])
    assert "5" in dropped.changes[0].ids
    assert dropped.table["split"][:].count("test") == 4
