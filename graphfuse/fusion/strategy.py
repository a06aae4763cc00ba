"""The base class of strategies: a model from a batch to a prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
from torch import Tensor
from torch.nn import functional as F

from graphfuse._card import Description
from graphfuse.data import Batch, FusionDataset, Schema
from graphfuse.errors import InputError
from graphfuse.fusion.card import describe_strategy
from graphfuse.fusion.info import strategy_info
from graphfuse.fusion.output import FusionOutput
from graphfuse.graph import plain
from graphfuse.nn.hub_module import HubModule, builders, check_class, option_rows

if TYPE_CHECKING:
    from graphfuse.encoders import Preprocessor


class Strategy(HubModule):
    """A complete model from a batch to a prediction.

    To add one, write a file with a subclass, decorate it with :func:`strategy` and implement
    :meth:`forward`. The rest has defaults: nothing to fit on data, and the task's loss.
    """

    name: str
    given: dict[str, Any] | None = None
    """The options passed to ``create_strategy``, defaults included."""
    preprocessor: Preprocessor | None = None
    """The preprocessor that made its samples; if set, it is saved and loaded with the strategy."""
    trains: ClassVar[bool] = True
    """Whether the strategy is trained by gradient."""

    target_mean: Tensor
    target_scale: Tensor
    class_weight: Tensor

    def __init__(self, schema: Schema) -> None:
        super().__init__()
        _ = schema.target  # raises an error for several targets
        self.name = type(self).__name__
        self.schema = schema
        # Dates in seconds and prices in cents differ by less than single precision resolves.
        precise = torch.float64 if schema.task == "regression" else None
        self.register_buffer("target_mean", torch.zeros((), dtype=precise))
        self.register_buffer("target_scale", torch.ones((), dtype=precise))
        self.register_buffer("class_weight", torch.ones(schema.outputs))

    def options(self) -> dict[str, Any]:
        """Return the options of the strategy; only ``create_strategy`` sets all of them."""
        if self.given is None:
            raise InputError(
                f"cannot save this {type(self).__name__}: it was built by calling its class and "
                f"has no name; build it with graphfuse.create_strategy(name, schema, **options)"
            )
        return self.given

    def config(self) -> dict[str, Any]:
        """Return the data that :meth:`from_config` rebuilds it from, without anything fitted."""
        return {
            "class": "Strategy",
            "name": self.name,
            "options": plain(self.options()),
            "schema": self.schema.to_dict(),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Build a strategy from the data of :meth:`config`; the name there gives the class."""
        check_class(config, "Strategy")
        strategy = builders["Strategy"](config)
        if not isinstance(strategy, cls):
            raise InputError(
                f"the saved model is a {type(strategy).__name__} ({strategy.name!r}), not a "
                f"{cls.__name__}; load it with Strategy.from_pretrained"
            )
        return strategy

    def write_beside(self, folder: Path) -> None:
        """Write its preprocessor.

        Raises:
            InputError: the preprocessor returns samples of another schema.
        """
        if self.preprocessor is None:
            return
        if self.preprocessor.schema not in (None, self.schema):
            raise InputError(
                f"the preprocessor returns samples of the schema {self.preprocessor.schema}, but "
                f"{self.name!r} takes {self.schema}; use the preprocessor that made its training "
                f"samples"
            )
        self.preprocessor.write(folder)

    def read_beside(self, folder: Path) -> None:
        """Read the preprocessor that it was saved with, if there is one."""
        from graphfuse.encoders.preprocessor import CONFIG, Preprocessor

        if (folder / CONFIG).exists():
            self.preprocessor = Preprocessor.load(folder)

    def describe(self) -> Description:
        """Return the facts about the strategy for its model card."""
        info, rows = strategy_info(self.name), option_rows(self)
        return describe_strategy(info, self.name, self.schema, rows)

    def prepare(self, train: FusionDataset, validation: FusionDataset | None = None) -> Self:
        """Fit everything that is fitted directly on data, not by gradient; return the strategy.

        Here that is the mean and scale of a regression target.

        Raises:
            InputError: samples hold several units; a strategy makes one prediction per sample.
        """
        check_integer_samples(train.unit_offsets is not None)
        self._fit_target(train, torch.ones(len(train), dtype=torch.float64))
        return self

    def weigh_samples(self, train: FusionDataset, weight: Tensor) -> None:
        """Weigh the samples [n] of ``train`` in what :meth:`prepare` fits on their labels.

        The training loop calls this after :meth:`prepare` where samples have weights. Losses have
        the weights of their samples in ``batch.weight``.
        """
        self._fit_target(train, weight)

    def _fit_target(self, train: FusionDataset, weight: Tensor) -> None:
        """Keep the weighted mean and standard deviation of a regression's labels."""
        if self.schema.task != "regression":
            return
        labels = torch.from_numpy(train.labels()).double()
        share = weight.double() * self.schema.target.known(labels)
        if not bool(share.any()):
            return
        share, labels = share / share.sum(), labels.nan_to_num()
        mean = (share * labels).sum()
        scale = (share * (labels - mean).square()).sum().sqrt()
        self.target_mean.copy_(mean)
        self.target_scale.copy_(scale if scale > 0 else torch.ones_like(scale))

    @property
    def fitted_numbers(self) -> int:
        """How many numbers of the model are fitted other than by gradient; here none."""
        return 0

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the modalities that the strategy reads; here all."""
        return self.schema.names

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """Return the parameter groups for the optimiser; here all at the recipe's rate."""
        return [{"params": list(self.parameters())}]

    def members(self) -> Sequence[Strategy]:
        """Return strategies to train one by one in place of this one, which then chooses one."""
        return ()

    def choose(self, results: Sequence[tuple[float, float]]) -> int:
        """Choose a member by the validation scores and losses; return its index."""
        raise InputError(f"{type(self).__name__} does not implement choose()")

    inner_folds: ClassVar[int] = 0
    """Number of folds for the out-of-fold predictions that :meth:`fit_on_held_out` gets."""

    def fit_on_held_out(self, output: FusionOutput, batch: Batch) -> None:
        """Fit on predictions for samples that the networks were not trained on."""

    def precompute(self, dataset: FusionDataset) -> FusionDataset:
        """Return the dataset with everything that can be computed once for all epochs."""
        return dataset

    def forward(self, batch: Batch) -> FusionOutput:
        """Predict; the result is always finite, whichever modalities a sample lacks."""
        raise InputError(f"{type(self).__name__} does not implement forward()")

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return named loss terms, which the training loop sums; here the loss of the task."""
        return {"task": self.task_loss(output.logits, batch)}

    def weigh_classes(self, train: FusionDataset) -> None:
        """Weigh each class in the loss by its inverse frequency in ``train``; the mean is one."""
        if not self.schema.target.is_classification:
            raise InputError(f"class weights need a classification task, got {self.schema.task}")
        labels = torch.from_numpy(train.labels())
        counts = torch.bincount(
            labels[self.schema.target.known(labels)], minlength=self.schema.outputs
        )
        self.class_weight.copy_(counts.sum() / (counts.clamp(min=1) * self.schema.outputs))

    def task_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the mean loss over labelled samples: cross-entropy or squared error.

        Samples are weighted by ``batch.weight``, if it is given. The error of a regression is in
        standard deviations of the target, so that the loss does not depend on the target's unit.
        """
        y = batch.y
        if not isinstance(y, Tensor):
            raise InputError(
                f"the loss needs the labels of one target in batch.y, got {type(y).__name__}"
            )
        check_integer_samples(batch.unit_mask is not None)
        if logits.dtype in (torch.float16, torch.bfloat16):
            logits = logits.float()
        known: Tensor = self.schema.target.known(y)
        if self.schema.target.is_classification:
            if not bool(known.any()):
                return logits.sum() * 0
            weight = self.class_weight.to(logits.dtype)
            if batch.weight is None:
                return F.cross_entropy(logits[known], y[known], weight)
            loss = F.cross_entropy(logits[known], y[known], weight, reduction="none")
            own = batch.weight[known].to(loss.dtype)
            return (own * loss).sum() / (own * weight[y[known]]).sum()
        wanted = torch.where(known, y, 0).to(logits.dtype)
        if self.schema.task == "multilabel":
            loss = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        else:
            error = (logits.squeeze(-1) - wanted) / self.target_scale
            loss = error.square()
        if batch.weight is None:
            return (loss * known).sum() / known.sum().clamp(min=1)
        share = known * batch.weight.to(loss.dtype).view(-1, *[1] * (loss.dim() - 1))
        return (loss * share).sum() / share.sum().clamp(min=torch.finfo(loss.dtype).tiny)

    def rescale(self, raw: Tensor) -> Tensor:
        """Return the outputs of a regression in the units of the target; others are unchanged.

        The result has the precision of the target's mean, double unless the strategy is cast,
        because predictions may differ by little compared to their size.
        """
        if self.schema.task != "regression":
            return raw
        precise = torch.promote_types(self.target_mean.dtype, torch.float32)
        raw = raw.to(torch.promote_types(raw.dtype, precise))
        return raw * self.target_scale + self.target_mean

    def standardise(self, rescaled: Tensor, dtype: torch.dtype) -> Tensor:
        """Undo :meth:`rescale`; the result has ``dtype``, or at least single precision."""
        if self.schema.task != "regression":
            return rescaled
        raw = (rescaled - self.target_mean) / self.target_scale
        return raw.to(torch.promote_types(dtype, torch.float32))

    def probabilities(self, single: Tensor) -> Tensor:
        """Return the probabilities of each modality; for regression, unchanged numbers."""
        if self.schema.task == "regression":
            return single
        return single.softmax(2) if self.schema.target.is_classification else single.sigmoid()

    def to_logits(self, share: Tensor, present: Tensor) -> Tensor:
        """Return the logits of combined probabilities [B, C]; uniform where no modality is present.

        Probabilities of 0 and 1 get finite logits. For regression, numbers are unchanged.
        """
        if self.schema.task == "regression":
            return share
        even = 1 / share.shape[1] if self.schema.target.is_classification else 0.5
        share = torch.where(present.any(1, keepdim=True), share, even)
        floor = torch.finfo(share.dtype).tiny
        log = share.clamp(min=floor).log()
        if self.schema.target.is_classification:
            return log
        return log - (1 - share).clamp(min=floor).log()


def check_integer_samples(has_units: bool) -> None:
    """Raise an error for samples that hold several units with one label each."""
    if has_units:
        raise InputError(
            "strategies make one prediction per sample, but these samples hold several units with "
            "one label each (unit=); make each unit a sample, or pass unit= to "
            "graphfuse.nn.GraphFusion"
        )
