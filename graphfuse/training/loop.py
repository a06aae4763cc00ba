"""The training loop: mini-batches, AdamW, early stopping on validation, best weights kept."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import count

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from graphfuse._progress import progress_bar
from graphfuse._threads import one_thread
from graphfuse.data import FusionDataset, inner_folds
from graphfuse.errors import FusionError
from graphfuse.fusion import EndToEnd, FusionOutput, Strategy
from graphfuse.training.augmentation import FeatureAugmentation
from graphfuse.training.balance import Balance, check_schema, check_strategy, start_balance
from graphfuse.training.evaluate import batches, evaluate, weigh, weights_of
from graphfuse.training.recipe import Recipe


class DivergedError(FusionError, ArithmeticError):
    """The training loss became NaN or infinite."""


@dataclass
class History:
    """Mean losses and validation score of each epoch, and the epoch whose weights were kept.

    The score is the accuracy if each sample has one class, else minus the loss. The first epoch
    is 0.
    """

    train_loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_score: list[float] = field(default_factory=list)
    best_epoch: int = -1

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return asdict(self)


def fit(
    strategy: Strategy,
    train: FusionDataset,
    validation: FusionDataset,
    recipe: Recipe | None = None,
    *,
    seed: int = 0,
    data_seed: int | None = None,
    sample_weight: Mapping[str, float] | None = None,
    progress: bool = False,
) -> History:
    """Train a strategy and leave it with the weights of its best epoch on validation data.

    If each sample has one class, the best epoch has the highest accuracy and, of equal accuracies,
    the lowest loss. For several labels and regression, it has the lowest loss. (The loss of an
    overfitting classifier can rise while its accuracy still improves, so that the loss alone would
    stop the training too early.)

    ``strategy.prepare(train, validation)`` is called first. The result depends only on the data,
    the recipe, the seeds and the strategy's weights. The global random state is restored. The
    device is chosen by ``accelerate``: CPU, GPU or several processes.

    Args:
        seed: seed for the randomness in the strategy, such as dropout.
        data_seed: seed for the order of the batches and for samples that are hidden or mixed; by
            default ``seed``.
        sample_weight: weight of each sample in all that is fitted on labels and in the validation
            score, by its id; by default 1.

    Raises:
        InputError: a setting of the recipe does not suit this data or this strategy.
        DivergedError: the loss became NaN or infinite; the message names the epoch and a remedy.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> from graphfuse.fusion import create_strategy
        >>> data = load_dataset("planted/unique", n=200)
        >>> model = create_strategy("concat", data.schema)
        >>> history = fit(model, data.subset(range(150)), data.subset(range(150, 200)))
        >>> history.validation_loss[history.best_epoch] < history.validation_loss[0]
        True
    """
    recipe = recipe or Recipe()
    check_schema(recipe, strategy.schema)
    if not strategy.members():
        check_strategy(recipe, strategy)
    # Networks in front of a strategy are large enough for more threads.
    threads = nullcontext() if isinstance(strategy, EndToEnd) else one_thread()
    with torch.random.fork_rng(), threads:
        torch.manual_seed(seed)
        _prepare(strategy, train, validation, recipe, sample_weight)
        data_seed = seed if data_seed is None else data_seed
        if strategy.members():
            history = _fit_members(
                strategy, train, validation, recipe, seed, data_seed, sample_weight, progress
            )
        else:
            history = History()
            if strategy.inner_folds:
                _fit_on_held_out(
                    strategy, train, validation, recipe, data_seed, sample_weight, progress
                )
            if not strategy.trains and recipe.refit:
                _prepare(strategy, join_parts(train, validation), None, recipe, sample_weight)
            if strategy.trains:
                first = copy.deepcopy(strategy.state_dict()) if recipe.refit else {}
                _train(
                    strategy, train, validation, recipe, data_seed, sample_weight, history, progress
                )
                if recipe.refit:
                    strategy.load_state_dict(first)
                    both = join_parts(train, validation)
                    epochs = history.best_epoch + 1
                    again = replace(recipe, epochs=epochs, patience=epochs)
                    _train(
                        strategy, both, None, again, data_seed, sample_weight, History(), progress
                    )
        strategy.eval()
    return history


def _prepare(
    strategy: Strategy,
    train: FusionDataset,
    validation: FusionDataset | None,
    recipe: Recipe,
    sample_weight: Mapping[str, float] | None,
) -> None:
    """Fit what is fitted directly on data, with weights."""
    strategy.prepare(train, validation)
    if sample_weight is not None:
        strategy.weigh_samples(train, weights_of(train.ids, sample_weight))
    if recipe.class_weights:
        strategy.weigh_classes(train)


def join_parts(train: FusionDataset, validation: FusionDataset) -> FusionDataset:
    """Return the samples of both parts.

    A sample that is in both parts is returned once: small data is its own validation part. If a
    different sample of the validation part has an id of the training part, it gets a new id.
    Groups and copies are kept, so that what is fitted by inner folds does not divide them.

    Example:
        >>> data = FusionDataset.from_arrays({"a": np.eye(3)})
        >>> other = FusionDataset.from_arrays({"a": -np.eye(3)})
        >>> len(join_parts(data, data.subset([0, 1]))), len(join_parts(data, other))
        (3, 6)
    """
    rows = {str(name): row for row, name in enumerate(train.ids)}
    used, kept = {*rows, *map(str, validation.ids)}, list[int]()
    names = {name: name for name in map(str, validation.ids)}
    for i, name in enumerate(names):
        if (row := rows.get(name)) is not None:
            if train.subset([row]).fingerprint == validation.subset([i]).fingerprint:
                continue
            names[name] = next(free for n in count(1) if (free := f"{name} ({n})") not in used)
            used.add(names[name])
        kept.append(i)
    other = validation.subset(kept)
    renamed = [replace(sample, id=names[sample.id]) for sample in other]
    groups = copies = None
    if train.groups is not None and other.groups is not None:
        groups = [*train.groups, *other.groups]
    if train.copy_of is not None or other.copy_of is not None:
        both = [
            [""] * len(part) if part.copy_of is None else part.copy_of for part in (train, other)
        ]
        copies = [*both[0], *(names.get(str(name), name) for name in both[1])]
    return FusionDataset.from_samples(
        [*train, *renamed], train.schema, groups=groups, copy_of=copies
    )


def _fit_members(
    strategy: Strategy,
    train: FusionDataset,
    validation: FusionDataset,
    recipe: Recipe,
    seed: int,
    data_seed: int,
    sample_weight: Mapping[str, float] | None,
    progress: bool,
) -> History:
    """Train the members one by one; return the history of the member that the strategy chooses."""
    histories = [
        fit(
            m,
            train,
            validation,
            recipe,
            seed=seed,
            data_seed=data_seed,
            sample_weight=sample_weight,
            progress=progress,
        )
        for m in strategy.members()
    ]
    best = [h.best_epoch for h in histories]
    chosen = strategy.choose(
        [
            (h.validation_score[i], h.validation_loss[i])
            for h, i in zip(histories, best, strict=True)
        ]
    )
    return histories[chosen]


def _fit_on_held_out(
    strategy: Strategy,
    train: FusionDataset,
    validation: FusionDataset,
    recipe: Recipe,
    data_seed: int,
    sample_weight: Mapping[str, float] | None,
    progress: bool,
) -> None:
    """Fit the strategy on out-of-fold predictions, made by copies of it."""
    parts, rows = [], []
    for rest, held_out in inner_folds(train, strategy.inner_folds, data_seed):
        copied = copy.deepcopy(strategy)
        part = train.subset(rest)
        _train(copied, part, validation, recipe, data_seed, sample_weight, History(), progress)
        with torch.no_grad():
            parts += [copied(batch) for batch in batches(copied, train.subset(held_out))]
        rows.append(held_out)
    singles = [part.modality_logits or {} for part in parts]
    together = FusionOutput(
        torch.cat([part.logits for part in parts]),
        torch.cat([part.embedding for part in parts]),
        {m: torch.cat([single[m] for single in singles]) for m in singles[0]},
    )
    strategy.to(together.logits.device)
    batch = train.batch(np.concatenate(rows)).to(together.logits.device)
    weigh(batch, sample_weight)
    strategy.fit_on_held_out(together, batch)


def _train(
    strategy: Strategy,
    train: FusionDataset,
    validation: FusionDataset | None,
    recipe: Recipe,
    data_seed: int,
    sample_weight: Mapping[str, float] | None,
    history: History,
    progress: bool,
) -> None:
    """Train; keep the weights of the best epoch, or of the last one without a validation part."""
    accelerator = Accelerator()
    strategy.to(accelerator.device)
    train = strategy.precompute(train)
    validation = None if validation is None else strategy.precompute(validation)
    watched = train if validation is None else validation  # by no balance, where there is none
    balance = start_balance(strategy, train, watched, recipe, data_seed, sample_weight)
    _descend(
        strategy,
        train,
        validation,
        recipe,
        data_seed,
        sample_weight,
        balance,
        accelerator,
        history,
        progress,
    )


def _descend(
    strategy: Strategy,
    train: FusionDataset,
    validation: FusionDataset | None,
    recipe: Recipe,
    data_seed: int,
    sample_weight: Mapping[str, float] | None,
    balance: Balance,
    accelerator: Accelerator,
    history: History,
    progress: bool,
) -> None:
    order = np.random.default_rng(data_seed)
    augmentation = FeatureAugmentation(train, recipe, data_seed)
    steps = math.ceil(len(train) / recipe.batch_size)
    optimizer = torch.optim.AdamW(
        strategy.parameter_groups(recipe.learning_rate),
        lr=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        fused=True,
    )
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, partial(warm_up_and_decay, total=recipe.epochs * steps)
    )
    model, optimizer = accelerator.prepare(strategy, optimizer)
    best, best_result = copy.deepcopy(strategy.state_dict()), (-math.inf, -math.inf)
    bar = progress_bar(range(recipe.epochs), desc=strategy.name, unit="epoch", progress=progress)
    for epoch in bar:
        strategy.train()
        losses = []
        augmentation.begin_epoch()
        for rows in np.array_split(order.permutation(len(train)), steps):
            rows = _share(rows, accelerator)
            batch = augmentation.change(train.batch(rows).to(accelerator.device), rows)
            weigh(batch, sample_weight)
            mixed = augmentation.mix(batch, rows)
            output = model(mixed.batch)
            terms = mixed.mixed_loss(partial(strategy.loss, output), strategy.reads)
            total = sum_terms(balance.terms(terms, output, mixed))
            optimizer.zero_grad()
            accelerator.backward(total)
            balance.modulate(output, mixed)
            accelerator.clip_grad_norm_(strategy.parameters(), recipe.gradient_clip)
            optimizer.step()
            schedule.step()
            losses.append(total.detach())
        history.train_loss.append(float(torch.stack(losses).mean()))
        balance.end_epoch()
        # Without a validation part, each epoch counts as better than the previous one.
        loss, score = 0.0, float(epoch)
        if validation is not None:
            loss, score = evaluate(strategy, validation, sample_weight)
        history.validation_loss.append(loss)
        history.validation_score.append(score)
        if not math.isfinite(history.train_loss[-1] + history.validation_loss[-1]):
            raise DivergedError(
                f"the loss of {strategy.name!r} is not finite in epoch {epoch} (training "
                f"{history.train_loss[-1]}, validation {history.validation_loss[-1]}); try a "
                f"learning_rate below {recipe.learning_rate}"
            )
        if (score, -loss) > best_result:
            best, best_result = copy.deepcopy(strategy.state_dict()), (score, -loss)
            history.best_epoch = epoch
        bar.set_postfix(validation=f"{score:.4f}")
        if epoch - history.best_epoch >= recipe.patience:
            break
    strategy.load_state_dict(best)


def warm_up_and_decay(step: int, total: int) -> float:
    """Return the fraction of the peak rate: linear warm-up over a tenth, then cosine decay to zero.

    Example:
        >>> [round(warm_up_and_decay(step, 20), 2) for step in (0, 1, 2, 11, 19)]
        [0.5, 1.0, 1.0, 0.5, 0.01]
    """
    warm = max(total // 10, 1)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(total - warm, 1)))


def _share(rows: np.ndarray, accelerator: Accelerator) -> np.ndarray:
    """Return this process's rows of a batch; at least one, so that processes stay in step."""
    share = rows[accelerator.process_index :: accelerator.num_processes]
    return share if len(share) else rows[:1]


def sum_terms(terms: dict[str, Tensor]) -> Tensor:
    """Return the sum of the named terms of a loss."""
    return torch.stack(list(terms.values())).sum()
