"""The model card: what a saved model is, what it scored, how to load it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from graphfuse._markdown import Table, escape, table_lines
from graphfuse.errors import InputError

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, ModelCard

Scores = Mapping[str, float | Sequence[float] | Sequence[Sequence[float]]]
"""``{metric: value}``; a value is one number, one per fold, or one per fold in each repeat."""

DASH = "\N{EN DASH}"


@dataclass(frozen=True, kw_only=True)
class Description:
    """The description of a model: plain text, and tables by their titles."""

    name: str
    paragraphs: Sequence[str]
    tables: Mapping[str, Table]
    load: str
    """What stands before ``.from_pretrained``: a class."""
    imported_from: str
    tags: Sequence[str]
    task: str = "other"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Facts that the user gives when saving a model."""

    scores: Scores | None
    dataset: str | None
    split: str
    license: str | None

    def __post_init__(self) -> None:
        texts = {"dataset": self.dataset, "split": self.split, "license": self.license}
        for name, value in texts.items():
            if not isinstance(value, str) and (value is not None or name == "split"):
                raise InputError(f"{name} must be a text, got {value!r}")
        if self.scores is not None and not isinstance(self.scores, Mapping):
            raise InputError(f"scores must be {{metric: value}}, got {self.scores!r}")
        if self.scores and not self.dataset:
            raise InputError(
                f"scores {sorted(map(str, self.scores))} were measured on some data; name it with "
                f"dataset="
            )


def make_card(model: Description, facts: Facts, source: str) -> ModelCard:
    """Return the card of a model that is loaded from ``source``."""
    from huggingface_hub import ModelCard, ModelCardData

    scores = [_Score(metric, value) for metric, value in (facts.scores or {}).items()]
    data = ModelCardData(
        library_name="graphfuse",
        license=facts.license,
        tags=["graphfuse", "multimodal", *model.tags],
        metrics=[score.metric for score in scores] or None,
        model_name=model.name,
        eval_results=[score.result(model, facts) for score in scores] or None,
    )
    lines = [f"# {escape(model.name)}", ""]
    for paragraph in model.paragraphs:
        lines += [escape(paragraph), ""]
    for title, table in model.tables.items():
        lines += [f"## {title}", "", *table_lines(table), ""]
    lines += ["## Scores", "", *_score_lines(scores, facts), ""]
    lines += [
        "## Load",
        "",
        "```python",
        f"from {model.imported_from} import {model.load}",
        "",
        f"model = {model.load}.from_pretrained({source!r})",
        "```",
        "",
    ]
    body = "\n".join(lines).encode("utf-8", "replace").decode()
    return ModelCard(f"---\n{data.to_yaml()}\n---\n\n{body}")


def _score_lines(scores: Sequence[_Score], facts: Facts) -> list[str]:
    if not scores:
        return ["None was given when the model was saved."]
    header = ["metric", "dataset", "part", "score", "95 % interval", "values"]
    rows = [
        [s.metric, facts.dataset or "", facts.split, f"{s.mean:.3f}", s.interval, str(s.count)]
        for s in scores
    ]
    return [
        *table_lines((header, rows)),
        "",
        "As given when the model was saved. The score of several values, one per fold, is their "
        "mean; its interval has the variance corrected for training parts that overlap (Nadeau and "
        "Bengio 2003, https://doi.org/10.1023/A:1024068626366).",
    ]


class _Score:
    """A metric's mean, and the interval of the mean if there are several folds."""

    def __init__(self, metric: object, value: Any) -> None:
        try:
            values = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            values = np.array(np.nan)
        known = isinstance(metric, str) and values.size and np.isfinite(values).all()
        if not known or values.ndim > 2:
            raise InputError(
                f"the score of a metric must be a finite number, one number per fold, or [repeats, "
                f"folds] numbers; got {metric!r}: {value!r}"
            )
        self.metric, self.mean, self.count = str(metric), float(values.mean()), values.size
        self.interval = self._interval(values)

    @staticmethod
    def _interval(values: np.ndarray) -> str:
        from graphfuse.stats import corrected_t_test

        folds = values.shape[-1] if values.ndim else 1
        if folds < 2:
            return DASH
        test = corrected_t_test(values.ravel(), 1 / (folds - 1))
        return DASH if np.isnan(test.low) else f"{test.low:.3f} to {test.high:.3f}"

    def result(self, model: Description, facts: Facts) -> EvalResult:
        """Return it in the form of a card's front matter."""
        from huggingface_hub import EvalResult

        dataset = facts.dataset or ""
        return EvalResult(
            task_type=model.task,
            dataset_type=dataset,
            dataset_name=dataset,
            dataset_split=facts.split,
            metric_type=self.metric,
            metric_value=self.mean,
            metric_name=self.metric if self.count == 1 else f"{self.metric}, mean of {self.count}",
        )
