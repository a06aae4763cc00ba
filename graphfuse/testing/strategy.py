"""Checks of a strategy: requirements for every complete model."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from graphfuse.data import Batch, FusionDataset, Modality, Sample, Schema, Target
from graphfuse.errors import FusionError, InputError
from graphfuse.fusion import FusionOutput, Strategy, create_strategy, strategies, strategy_info

MODALITIES = (
    Modality("image", (6,), pos_dim=2),
    Modality("speech", (4,), pos_dim=1),
    Modality("a.b", (5,)),
)
TARGETS = {
    "binary": Target("binary"),
    "multiclass": Target("multiclass", ("x", "y", "z")),
    "multilabel": Target("multilabel", ("p", "q", "r")),
    "regression": Target("regression"),
}
SAMPLES = 24


def check_strategy(name: str, **options: Any) -> None:
    """Check the strategy of that name on small data of every task that it supports.

    The checks cover shapes; finite results whatever is missing, including samples without nodes;
    the order of modalities, samples and nodes; a single sample against a batch, whatever other
    samples lack; padding; named, finite losses and gradients; unlabelled samples; state_dict with
    everything fitted on data; no fitting on validation data; the same result in a second call and
    without gradients; half precision; and regression predictions in the unit of the target.

    Raises:
        AssertionError: a requirement is not met; the message names it.

    Example:
        >>> check_strategy("concat")
    """
    if name.startswith("unimodal:") and name not in strategies.names():
        raise InputError(
            "check_strategy uses its own test data; pass a name without a modality, such as "
            "'unimodal'"
        )
    info = strategy_info("unimodal:image" if name == "unimodal" else name)
    full = "unimodal:image" if info.per_modality else name
    for task in info.tasks:
        dataset = _dataset(task)
        strategy = _new(full, dataset, options)
        _check_output(strategy, dataset)
        _check_isolation(strategy, dataset)
        _check_order(strategy, full, dataset, options)
        _check_padding(strategy, dataset)
        _check_learning(strategy, dataset)
        _check_state(strategy, full, dataset, options)
        _check_fit(full, dataset, options)
        _check_half_precision(full, dataset, options)
        if task == "regression":
            _check_unit(strategy, full, dataset, options)


def _dataset(task: str) -> FusionDataset:
    random = torch.Generator().manual_seed(1)
    schema = Schema(MODALITIES, {"y": TARGETS[task]})
    samples = []
    for number in range(SAMPLES):
        x, pos = {}, {}
        for m in MODALITIES:
            count = int(torch.randint(0, 5, (), generator=random))
            if (
                number == 0 or count
            ) and number != 1:  # sample 0 has all modalities, sample 1 has none
                count = max(count, 1)
                x[m.name] = torch.randn(count, *m.shape, generator=random, dtype=torch.float64)
                if m.pos_dim:
                    place = torch.rand(count, m.pos_dim, generator=random, dtype=torch.float64)
                    pos[m.name] = (4 * place).round()
        label: object = number % schema.outputs
        if task == "regression":
            label = float(torch.randn((), generator=random)) * 50 + 1000
        elif task == "multilabel":
            label = torch.randint(0, 2, (schema.outputs,), generator=random)
        samples.append(Sample(x, label, pos, id=f"sample {number}"))
    return FusionDataset.from_samples(samples, schema)


def _new(name: str, dataset: FusionDataset, options: dict[str, Any]) -> Strategy:
    torch.manual_seed(0)
    return create_strategy(name, dataset.schema, **options).double().prepare(dataset).eval()


def _require(condition: bool, promise: str) -> None:
    if not condition:
        raise AssertionError(promise)


def _close(a: Tensor, b: Tensor, promise: str, scale: float = 1.0) -> None:
    distance = float((a - b).detach().abs().max()) if a.numel() else 0.0
    _require(distance <= 1e-12 * max(scale, 1.0), f"{promise}: results differ by {distance:.2g}")


def _scale(dataset: FusionDataset) -> float:
    """Return the scale of rounding errors: a regression predicts in units of the target."""
    return 1e3 if dataset.schema.task == "regression" else 1.0


def _check_output(strategy: Strategy, dataset: FusionDataset) -> None:
    batch = dataset.batch(range(SAMPLES))
    output = strategy(batch)
    _require(isinstance(output, FusionOutput), "a strategy returns a FusionOutput")
    shape = (SAMPLES, dataset.schema.outputs)
    _require(output.logits.shape == shape, f"logits are {shape}, got {tuple(output.logits.shape)}")
    _require(
        output.embedding.dim() == 2 and len(output.embedding) == SAMPLES, "embedding is [B, D]"
    )
    _require(bool(output.logits.isfinite().all()), "logits are finite, whatever is missing")
    _require(bool(output.embedding.isfinite().all()), "the embedding is finite")
    for m, logits in (output.modality_logits or {}).items():
        _require(logits.shape == shape, f"logits of {m!r} are {shape}")
    again = strategy(batch)
    _require(bool((again.logits == output.logits).all()), "the same batch, the same result")
    with torch.no_grad():
        bare = strategy(batch).logits
    _close(output.logits, bare, "the same result without gradients", _scale(dataset))


def _check_isolation(strategy: Strategy, dataset: FusionDataset) -> None:
    together = strategy(dataset.batch(range(SAMPLES))).logits
    for i in range(SAMPLES):
        alone = strategy(dataset.batch([i])).logits
        _close(
            together[i : i + 1],
            alone,
            "a sample does not depend on others in its batch",
            _scale(dataset),
        )


def _check_order(
    strategy: Strategy, name: str, dataset: FusionDataset, options: dict[str, Any]
) -> None:
    rows = list(range(SAMPLES))
    expected = strategy(dataset.batch(rows)).logits
    turned = strategy(dataset.batch(rows[::-1])).logits.flip(0)
    _close(expected, turned, "the order of samples has no effect", _scale(dataset))
    samples = []
    for sample in dataset:
        order = {
            m: torch.randperm(len(nodes), generator=torch.Generator().manual_seed(len(nodes)))
            for m, nodes in sample.x.items()
        }
        mixed = {m: sample.x[m][order[m]] for m in reversed(sample.x)}
        places = {m: sample.pos[m][order[m]] for m in reversed(sample.pos)}
        samples.append(replace(sample, x=mixed, pos=places))
    schema = Schema(dataset.schema.modalities[::-1], dataset.schema.targets)
    permuted = FusionDataset.from_samples(samples, schema)
    got = strategy(permuted.batch(rows)).logits
    _close(expected, got, "the order of nodes has no effect", _scale(dataset))
    other = _new(name, permuted, options)
    promise = "fitted values do not depend on the order of nodes and modalities"
    distance = float((expected - other(permuted.batch(rows)).logits).detach().abs().max())
    _require(distance <= 1e-6 * _scale(dataset), f"{promise}: results differ by {distance:.2g}")


def _check_padding(strategy: Strategy, dataset: FusionDataset) -> None:
    batch = dataset.batch(range(SAMPLES))
    expected = strategy(batch).logits
    dirty = replace(
        batch,
        x={m: x.masked_fill(~batch.mask[m].unsqueeze(2), 7.0) for m, x in batch.x.items()},
        pos={m: p.masked_fill(~batch.mask[m].unsqueeze(2), 7.0) for m, p in batch.pos.items()},
    )
    _close(expected, strategy(dirty).logits, "padded nodes have no effect", _scale(dataset))
    wide = replace(
        batch,
        x={m: nn.functional.pad(x, (0, 0, 0, 3)) for m, x in batch.x.items()},
        mask={m: nn.functional.pad(rows, (0, 3)) for m, rows in batch.mask.items()},
        pos={m: nn.functional.pad(p, (0, 0, 0, 3)) for m, p in batch.pos.items()},
    )
    _close(expected, strategy(wide).logits, "wider padding, same result", _scale(dataset))


def _check_learning(strategy: Strategy, dataset: FusionDataset) -> None:
    batch = dataset.batch(range(SAMPLES))
    terms = strategy.loss(strategy(batch), batch)
    _require(isinstance(terms, dict) and bool(terms), "loss returns named terms")
    for term, value in terms.items():
        _require(value.dim() == 0 and bool(value.isfinite()), f"loss term {term!r} is one number")
    if strategy.trains:
        strategy.zero_grad()
        torch.autograd.backward(torch.stack(list(terms.values())).sum())
        grads = [p.grad for p in strategy.parameters() if p.grad is not None]
        _require(any(bool(g.any()) for g in grads), "the loss reaches the weights")
        _require(all(bool(g.isfinite().all()) for g in grads), "gradients are finite")
        strategy.zero_grad()
    blank = batch.y.clone()
    blank[:] = -1 if dataset.schema.target.is_classification else float("nan")
    unlabelled: Batch = replace(batch, y=blank)
    for value in strategy.loss(strategy(unlabelled), unlabelled).values():
        _require(float(value.detach()) == 0, "unlabelled samples add nothing to the loss")


def _check_fit(name: str, dataset: FusionDataset, options: dict[str, Any]) -> None:
    order = torch.arange(len(dataset)).flip(0).numpy()
    labels = {key: values[order] for key, values in (dataset.y or {}).items()}
    fitted = []
    # Fewer samples as well, because a mean over all samples would hide their order.
    for validation in (dataset, replace(dataset.subset(order), y=labels).subset(range(5))):
        torch.manual_seed(0)
        strategy = create_strategy(name, dataset.schema, **options).double()
        fitted.append(strategy.prepare(dataset.subset(range(12)), validation).state_dict())
    promise = "fitting uses the training part only"
    for key, value in fitted[0].items():
        _require(torch.equal(value, fitted[1][key]), f"{promise}: {key} differs")


def _check_state(
    strategy: Strategy, name: str, dataset: FusionDataset, options: dict[str, Any]
) -> None:
    buffer = io.BytesIO()
    torch.save(strategy.state_dict(), buffer)
    buffer.seek(0)
    torch.manual_seed(99)
    other = create_strategy(name, dataset.schema, **options).double().eval()
    other.load_state_dict(torch.load(buffer, weights_only=True))
    batch = dataset.batch(range(SAMPLES))
    promise = "a state_dict contains everything, fitted values included"
    try:
        got = other(batch).logits
    except FusionError as error:
        raise AssertionError(f"{promise}: {error}") from error
    _close(strategy(batch).logits, got, promise, _scale(dataset))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        single = other.float()(batch.to(torch.float32)).logits
    _require(single.dtype == torch.float32, ".float() reaches everything, buffers included")


def _check_half_precision(name: str, dataset: FusionDataset, options: dict[str, Any]) -> None:
    half = _new(name, dataset, options).bfloat16()
    batch = dataset.batch(range(SAMPLES)).to(torch.bfloat16)
    try:
        logits = half(batch).logits
    except RuntimeError as error:
        raise AssertionError(f"half precision is supported: {error}") from error
    _require(bool(logits.isfinite().all()), "logits are finite in half precision")


def _check_unit(
    strategy: Strategy, name: str, dataset: FusionDataset, options: dict[str, Any]
) -> None:
    labels = {key: 1000 * values + 7 for key, values in (dataset.y or {}).items()}
    other = _new(name, replace(dataset, y=labels), options)
    batch = dataset.batch(range(SAMPLES))
    got = (other(batch).logits - 7) / 1000
    distance = float((got - strategy(batch).logits).detach().abs().max())
    promise = "predictions are in the unit of the target (see Strategy.rescale)"
    _require(distance <= 1e-2, f"{promise}: in another one they differ by {distance:.2g}")
