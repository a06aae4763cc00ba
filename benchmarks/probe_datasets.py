"""How much the modalities of the bundled real datasets tell, alone and together, to linear models.

``python -m benchmarks.probe_datasets`` prints accuracies under 5-fold cross-validation and writes
``benchmarks/results/probe_datasets.json``. Folds are stratified, and grouped where a dataset has
groups. Every row is a multinomial logistic regression on blocks of features, one per modality,
each standardised on the training part (character n-grams: TF-IDF fitted there) and divided by the
root of its size, so that no block outweighs another by its size alone. The strength of the
penalty is chosen on an inner split of the training part. "Either right" is the share of samples
that at least one of the single modalities gets right: what a perfect choice between them reaches.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from graphfuse.data import load_dataset
from graphfuse.data.catalog import emoji

RESULTS = Path(__file__).parent / "results" / "probe_datasets.json"
FOLDS, SEED = 5, 0
PENALTIES = (1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)

Block = Callable[[np.ndarray, np.ndarray], tuple[Any, Any]]
"""Takes training and test rows, returns the features of both."""


Split = tuple[np.ndarray, np.ndarray]
"""Training rows and test rows."""


@dataclass(frozen=True)
class Probe:
    """A dataset's blocks of features: one per modality, and further ways to describe one."""

    labels: np.ndarray
    blocks: Mapping[str, Block]
    groups: np.ndarray | None = None
    further: Mapping[str, Block] = field(default_factory=dict)


def main() -> None:
    """Probe the datasets, print a table, write the results."""
    results = {}
    with threadpool_limits(limits=1), warnings.catch_warnings():
        # The strongest fits stop at the limit of steps; the inner split judges them as they are.
        warnings.simplefilter("ignore", ConvergenceWarning)
        for name, make in PROBES.items():
            started = time.perf_counter()
            results[name] = measure(make())
            show(name, results[name], time.perf_counter() - started)
    RESULTS.parent.mkdir(exist_ok=True)
    content = {"environment": environment(), "accuracy": results}
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def probe_emoji() -> Probe:
    """Flattened pixels; character n-grams of the masked names."""
    dataset = load_dataset("emoji")
    names = [" ".join(emoji.masked_tokens(str(name))) for name in emoji.read()["names"]]
    text = dataset.x["text"]
    summed = np.stack([text[i].numpy().sum(axis=0) for i in range(len(dataset))])
    return Probe(
        labels=dataset.labels(),
        groups=dataset.groups,
        blocks={
            "image": numeric(dataset.x["image"].values.numpy().reshape(len(dataset), -1)),
            "text": ngrams(names),
        },
        further={"text (hashed n-grams of the nodes, summed)": numeric(summed)},
    )


def probe_mfeat() -> Probe:
    """The features as they are."""
    dataset = load_dataset("mfeat")
    blocks = {name: numeric(column.values.numpy()) for name, column in dataset.x.items()}
    return Probe(labels=dataset.labels(), blocks=blocks)


def probe_av_digits() -> Probe:
    """Flattened pixels; mean and standard deviation of each coefficient over the frames."""
    dataset = load_dataset("av-digits")
    frames = [dataset.x["audio"][i].numpy() for i in range(len(dataset))]
    audio = np.stack([np.concatenate([f.mean(axis=0), f.std(axis=0)]) for f in frames])
    image = dataset.x["image"].values.numpy().reshape(len(dataset), -1)
    return Probe(
        labels=dataset.labels(),
        blocks={"image": numeric(image), "audio": numeric(audio)},
        further={"audio (mean of the frames)": numeric(audio[:, : audio.shape[1] // 2])},
    )


PROBES = {"emoji": probe_emoji, "mfeat": probe_mfeat, "av-digits": probe_av_digits}


def numeric(features: np.ndarray) -> Block:
    """Standardise on the training part; mean squared length 1."""

    def block(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scaler = StandardScaler().fit(features[train])
        size = features.shape[1] ** 0.5
        return scaler.transform(features[train]) / size, scaler.transform(features[test]) / size

    return block


def ngrams(texts: list[str]) -> Block:
    """TF-IDF of character n-grams (2 to 4, within words), fitted on the training part; length 1."""

    def block(train: np.ndarray, test: np.ndarray) -> tuple[Any, Any]:
        vectoriser = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
        fitted = vectoriser.fit_transform([texts[i] for i in train])
        return fitted, vectoriser.transform([texts[i] for i in test])

    return block


def measure(probe: Probe) -> dict[str, float]:
    """Return accuracies: majority, each modality, all together, either right, further ones."""
    labels = probe.labels
    splits = make_folds(probe, np.arange(len(labels)))
    right = {name: correct(probe, splits, [block]) for name, block in probe.blocks.items()}
    rows = {"majority": float(np.bincount(labels).max() / len(labels))}
    rows |= {name: float(hits.mean()) for name, hits in right.items()}
    rows["concat"] = float(correct(probe, splits, list(probe.blocks.values())).mean())
    rows["either right"] = float(np.any(list(right.values()), axis=0).mean())
    for name, block in probe.further.items():
        rows[name] = float(correct(probe, splits, [block]).mean())
    return {name: round(value, 4) for name, value in rows.items()}


def make_folds(probe: Probe, rows: np.ndarray) -> list[Split]:
    """Split rows into training and test rows, once per fold; groups stay together."""
    kind = StratifiedKFold if probe.groups is None else StratifiedGroupKFold
    groups = None if probe.groups is None else probe.groups[rows]
    splitter = kind(FOLDS, shuffle=True, random_state=SEED)
    parts = splitter.split(rows, probe.labels[rows], groups)
    return [(rows[train], rows[test]) for train, test in parts]


def correct(probe: Probe, splits: list[Split], blocks: list[Block]) -> np.ndarray:
    """Return for each sample whether it was predicted right when it was in the test part."""
    hits = np.zeros(len(probe.labels), dtype=bool)
    for train, test in splits:
        inner, validation = make_folds(probe, train)[0]
        scores = [fit_and_hit(probe, inner, validation, blocks, c).mean() for c in PENALTIES]
        best = PENALTIES[int(np.argmax(scores))]
        hits[test] = fit_and_hit(probe, train, test, blocks, best)
    return hits


def fit_and_hit(
    probe: Probe, train: np.ndarray, test: np.ndarray, blocks: list[Block], c: float
) -> np.ndarray:
    """Fit on the training rows; return which of the test rows are predicted right."""
    parts = [block(train, test) for block in blocks]
    x_train, x_test = (stack([part[side] for part in parts]) for side in (0, 1))
    model = LogisticRegression(C=c, max_iter=300).fit(x_train, probe.labels[train])
    return np.asarray(model.predict(x_test) == probe.labels[test])


def stack(parts: list[Any]) -> Any:
    """Put blocks side by side."""
    if any(sparse.issparse(part) for part in parts):
        return sparse.hstack([sparse.csr_matrix(part) for part in parts], format="csr")
    return np.concatenate(parts, axis=1)


def show(name: str, rows: Mapping[str, float], seconds: float) -> None:
    """Print a dataset's rows."""
    print(f"{name} ({seconds:.0f} s)")
    for row, value in rows.items():
        print(f"  {row:45} {value:.3f}", flush=True)


def environment() -> dict[str, Any]:
    """Return hardware, versions, threads and date."""
    packages = ("graphfuse", "numpy", "scipy", "scikit-learn")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "threads": 1,
        "python": platform.python_version(),
        **{package: importlib.metadata.version(package) for package in packages},
    }


def cpu_name() -> str:
    """Return the processor's name, as far as the system tells."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
