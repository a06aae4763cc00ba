"""label_errors: find samples whose label is probably wrong, a cleaning step with encoders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from graphfuse._wording import count
from graphfuse.data.dataset import FusionDataset
from graphfuse.encoders.encoding import encode
from graphfuse.errors import InputError, MissingDependencyError, UnknownNameError, check_integer
from graphfuse.raw.cleaning.cleaner import NAMED, Cleaner, cleaner
from graphfuse.raw.facts import splits_of
from graphfuse.raw.manifest import Manifest

ROWS = ("train", "all")


@cleaner("label_errors")
@dataclass(frozen=True)
class LabelErrors(Cleaner):
    """Report samples whose label is probably wrong; drop them with ``remove``.

    Confident learning (Northcutt, Jiang and Chuang 2021, https://arxiv.org/abs/1911.00068, by
    cleanlab): a logistic regression on the mean node of each modality, tested on folds that it was
    not trained on, sets each label against what the rest of the data says. A reported sample may
    also be rare but correct: check it before you drop it.

    Args:
        remove: leave them out.
        rows: "train", the given training part alone, from which samples may be dropped, or "all",
            from which they may be only if none of them is tested on.
        encoders: as of :func:`graphfuse.encoders.encode`.
        folds: parts of the cross-validation.
    """

    remove: bool = False
    rows: str = "train"
    encoders: Mapping[str, Any] = field(default_factory=dict)
    folds: int = 5

    def __post_init__(self) -> None:
        if self.rows not in ROWS:
            raise UnknownNameError("rows of label_errors", self.rows, ROWS)
        check_integer("folds", self.folds, 2)

    def apply(self, manifest: Manifest, progress: bool = True) -> Manifest:
        """Return the manifest with the doubtful labels among its changes, or without them.

        Raises:
            InputError: samples are to be dropped from the training part, and there is none; the
                labels are not classes; or a class has too few samples.
            MissingDependencyError: cleanlab is not installed.
        """
        parts = splits_of(manifest)
        if parts is None and self.rows == "train" and self.remove:
            raise InputError(
                "label_errors drops samples of the training part, and the data has no column that "
                "names the parts; give rows='all' if none of these samples is tested on"
            )
        rows = np.arange(len(manifest))
        if parts is not None and self.rows == "train":
            rows = np.flatnonzero(parts == "train")
        part = replace(manifest.select(rows), changes=())
        dataset = encode(part, self.encoders, progress=progress)
        doubtful = {int(rows[row]): better for row, better in label_errors(dataset, self.folds)}
        if not doubtful:
            return manifest
        named = [f"{manifest.ids[row]} rather {like}" for row, like in doubtful.items()]
        shown = ", ".join(named[:NAMED]) + (", ..." if len(named) > NAMED else "")
        what = f"labels of {len(named)} of {count(len(rows), 'sample')} are doubtful: {shown}"
        if not self.remove:
            return self.note(manifest, what, doubtful)
        return self.drop(manifest, list(doubtful), what)


def label_errors(dataset: FusionDataset, folds: int = 5) -> list[tuple[int, str]]:
    """Return rows whose label is probably wrong, the most doubtful first, and a likelier class.

    Raises:
        InputError: the target has no classes, or fewer than two classes have ``folds`` samples.
        MissingDependencyError: cleanlab is not installed.
    """
    try:
        from cleanlab.filter import find_label_issues
    except ImportError:
        raise MissingDependencyError("cleanlab", "clean", "finding doubtful labels") from None
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    target = dataset.schema.target
    if target.task not in ("binary", "multiclass"):
        raise InputError(
            f"label_errors needs classes, but the task is {target.task}; leave the step out"
        )
    y = dataset.labels()
    counts = np.bincount(y[y >= 0], minlength=len(target.classes))
    usable = np.flatnonzero(counts >= folds)
    if len(usable) < 2:
        found = dict(zip(target.classes, counts.tolist(), strict=True))
        raise InputError(
            f"label_errors uses {folds} folds, for which at least two classes need "
            f"{folds} samples each; there are {found}"
        )
    rows = np.flatnonzero(np.isin(y, usable))
    codes = np.searchsorted(usable, y[rows])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    split = StratifiedKFold(folds, shuffle=True, random_state=0)
    chances = cross_val_predict(
        model, _means(dataset)[rows], codes, cv=split, method="predict_proba"
    )
    worst = find_label_issues(codes, chances, return_indices_ranked_by="self_confidence", n_jobs=1)
    likelier = usable[chances.argmax(1)]
    return [(int(rows[i]), target.classes[likelier[i]]) for i in worst]


def _means(dataset: FusionDataset) -> np.ndarray:
    """Return the mean node of each modality, 0 where it is missing, side by side [n, F]."""
    features = []
    for m in dataset.schema.names:
        column = dataset.x[m]
        counts = column.counts.numpy()
        owner = np.repeat(np.arange(len(dataset)), counts)
        sums = np.zeros((len(dataset), column.values.shape[1]))
        np.add.at(sums, owner, np.nan_to_num(column.values.numpy().astype(np.float64)))
        features.append(sums / np.maximum(counts, 1)[:, None])
    return np.concatenate(features, axis=1)
