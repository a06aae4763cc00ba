"""Any strategy on raw modalities: networks encode them and train together with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from graphfuse._keys import module_key
from graphfuse.data import Batch, FusionDataset, Sample, Schema
from graphfuse.encoders.networks import Network, create_networks, encoded_schema
from graphfuse.encoders.networks.network import network_spec
from graphfuse.errors import InputError, UnknownNameError
from graphfuse.fusion._augment import Change, create_change
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.strategy import Strategy

AT_ONCE = 64
"""Number of samples that are encoded together when a whole part of the data is encoded."""


@dataclass
class EncodedOutput(FusionOutput):
    """The output of the inner strategy, and the encoded batch that it belongs to."""

    inner: FusionOutput | None = None
    encoded: Batch | None = None


class EndToEnd(Strategy):
    """Encode raw modalities by networks, then let a strategy of any family predict.

    The inner strategy gets encoded nodes only and is built for the encoded schema. Relations draw
    edges between encoded nodes anew in every batch, because these nodes change while the networks
    learn. Everything that the strategy fits before training (co-occurrence statistics, CCA, a
    causal graph) is fitted once, on the training part as the untrained networks encode it. That is
    useful with pretrained networks, and close to chance with randomly initialised ones.

    Networks are built for the modalities that the strategy reads. ``augment`` changes raw nodes in
    training mode only, anew in every batch. Its generator is seeded from torch's global random
    state, which the training loop sets. It is not saved with the model.

    Raises:
        InputError: the data has edges, attributes or units for nodes that a network does not keep.

    Example:
        >>> import numpy as np
        >>> from graphfuse.fusion import create_strategy
        >>> pictures = np.random.default_rng(0).integers(0, 256, (4, 3, 16, 16), dtype=np.uint8)
        >>> x = {"image": pictures, "age": np.ones((4, 2))}
        >>> data = FusionDataset.from_arrays(x, [0, 1, 0, 1], shapes={"image": (3, 16, 16)})
        >>> model = create_strategy("concat", data.schema, encoders={"image": "cnn"})
        >>> model.prepare(data)(data.batch([0, 1])).logits.shape
        torch.Size([2, 2])
    """

    def __init__(
        self,
        schema: Schema,
        inner: Strategy,
        networks: Mapping[str, Network],
        augment: Mapping[str, Change] | None = None,
    ) -> None:
        super().__init__(schema)
        self.name, self.inner = inner.name, inner
        members = inner.members()
        read = {m for one in members or [inner] for m in one.reads}
        self.networks = nn.ModuleDict(
            {module_key(m): networks[m] for m in schema.names if m in networks and m in read}
        )
        self.augment = dict(augment or {})

    @property
    def trains(self) -> bool:  # type: ignore[override]
        """Whether the inner strategy is trained by gradient."""
        return self.inner.trains

    @property
    def inner_folds(self) -> int:  # type: ignore[override]
        """Those of the strategy inside."""
        return self.inner.inner_folds

    @property
    def reads(self) -> tuple[str, ...]:
        """Those of the strategy inside."""
        return self.inner.reads

    def network(self, modality: str) -> Network | None:
        """Return the network of a modality, if it has one."""
        found = dict(self.networks.items()).get(module_key(modality))
        return found if isinstance(found, Network) else None

    def options(self) -> dict[str, Any]:
        """Return the options of the inner strategy, and the networks without their weights."""
        given = super().options()
        saved = {}
        for m, spec in given["encoders"].items():
            network = self.network(m)
            saved[m] = spec if network is None else _saved_spec(spec, m, network)
        return {**self.inner.options(), "encoders": saved}

    def encode(self, batch: Batch) -> Batch:
        """Return the batch with encoded nodes; modalities that are not read stay raw."""
        encoded = replace(
            batch,
            x=dict(batch.x),
            mask=dict(batch.mask),
            pos=dict(batch.pos),
            pos_unit=dict(batch.pos_unit),
        )
        for m in self.reads:
            network = self.network(m)
            if network is None:
                continue
            if not network.keeps_nodes:
                _check_nothing_given(batch, m, network)
            pos = batch.pos.get(m)
            x, mask = self._augmented(m, batch.x[m], batch.mask[m], pos)
            nodes = network(x, mask, pos)
            encoded.x[m], encoded.mask[m] = nodes.x, nodes.mask
            if nodes.pos is not None:
                encoded.pos[m], encoded.pos_unit[m] = nodes.pos, network.encoded.pos_unit
        return encoded

    def _augmented(
        self, modality: str, x: Tensor, mask: Tensor, pos: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        if not self.training or modality not in self.augment or not bool(mask.any()):
            return x, mask
        generator = torch.Generator(x.device).manual_seed(int(torch.randint(2**62, ())))
        return self.augment[modality](x, mask, pos, generator)

    @torch.no_grad()
    def encode_dataset(self, dataset: FusionDataset) -> FusionDataset:
        """Return the dataset encoded by the networks in their current state, without augmentation.

        A modality that the strategy does not read is missing from it.
        """
        was, samples = self.training, list[Sample]()
        self.eval()
        device = next(self.networks.parameters()).device
        for start in range(0, len(dataset), AT_ONCE):
            rows = range(start, min(start + AT_ONCE, len(dataset)))
            batch = self.encode(dataset.batch(rows).to(device)).to("cpu")
            for i, row in enumerate(rows):
                here = {m: batch.mask[m][i] for m in self.reads if bool(batch.mask[m][i].any())}
                samples.append(
                    replace(
                        dataset[row],
                        x={m: batch.x[m][i][mask] for m, mask in here.items()},
                        pos={
                            m: batch.pos[m][i][mask] for m, mask in here.items() if m in batch.pos
                        },
                    )
                )
        self.train(was)
        encoded = FusionDataset.from_samples(samples, self.inner.schema)
        # The samples and the facts about them are the same; only their nodes are new.
        return replace(
            dataset, schema=encoded.schema, x=encoded.x, pos=encoded.pos, unit=encoded.unit,
            attrs=encoded.attrs, edges=encoded.edges, steps=None, augment=None,
        )  # fmt: skip

    def prepare(self, train: FusionDataset, validation: FusionDataset | None = None) -> Self:
        """Prepare the inner strategy on the training part, encoded by the current networks."""
        if self.networks:
            train = self.encode_dataset(train)
            validation = None if validation is None else self.encode_dataset(validation)
        self.inner.prepare(train, validation)
        self._copy_target()
        return self

    def weigh_samples(self, train: FusionDataset, weight: Tensor) -> None:
        """Weigh the samples in what the inner strategy fits on labels."""
        self.inner.weigh_samples(train, weight)
        self._copy_target()

    def _copy_target(self) -> None:
        self.target_mean.copy_(self.inner.target_mean)
        self.target_scale.copy_(self.inner.target_scale)

    def members(self) -> Sequence[Strategy]:
        """Return the members of the inner strategy, each with the networks that it needs."""
        networks = {m: made for m in self.schema.names if (made := self.network(m)) is not None}
        return [
            EndToEnd(self.schema, member, networks, self.augment) for member in self.inner.members()
        ]

    def choose(self, results: Sequence[tuple[float, float]]) -> int:
        """Choose as the inner strategy does."""
        return self.inner.choose(results)

    def fit_on_held_out(self, output: FusionOutput, batch: Batch) -> None:
        """Fit the inner strategy on its held-out predictions."""
        self.inner.fit_on_held_out(output, batch)

    def forward(self, batch: Batch) -> EncodedOutput:
        """Encode, then predict."""
        encoded = self.encode(batch)
        inner: FusionOutput = self.inner(encoded)
        return EncodedOutput(
            inner.logits, inner.embedding, inner.modality_logits, inner=inner, encoded=encoded
        )

    def loss(self, output: FusionOutput, batch: Batch) -> dict[str, Tensor]:
        """Return the terms of the inner strategy; encoded inputs get no gradient as its targets."""
        if not isinstance(output, EncodedOutput) or output.inner is None or output.encoded is None:
            raise InputError(f"loss takes the output of forward, got {type(output).__name__}")
        fixed = {m: x.detach() for m, x in output.encoded.x.items()}
        return self.inner.loss(output.inner, replace(output.encoded, x=fixed, y=batch.y))

    def weigh_classes(self, train: FusionDataset) -> None:
        """Weigh the classes in the loss of the inner strategy."""
        self.inner.weigh_classes(train)
        self.class_weight.copy_(self.inner.class_weight)

    def task_loss(self, logits: Tensor, batch: Batch) -> Tensor:
        """Return the task's loss of the inner strategy."""
        return self.inner.task_loss(logits, batch)

    def parameter_groups(self, learning_rate: float) -> list[dict[str, Any]]:
        """Return one group of parameters per learning rate."""
        networks = [self.network(m) for m in self.schema.names]
        slow = [one for one in networks if one is not None and one.rate != 1]
        ids_of_slow = {id(p) for one in slow for p in one.parameters()}
        groups = [{"params": list(m.parameters()), "lr": learning_rate * m.rate} for m in slow]
        return [{"params": [p for p in self.parameters() if id(p) not in ids_of_slow]}, *groups]


def encode_at_start(dataset: FusionDataset, encoders: Mapping[str, Any]) -> FusionDataset:
    """Return a dataset as the networks encode it before training."""
    networks = create_networks(encoders, dataset.schema)
    inner = Strategy(encoded_schema(dataset.schema, networks))
    return EndToEnd(dataset.schema, inner, networks).encode_dataset(dataset)


def wrap(
    make: Callable[[Schema], Strategy],
    schema: Schema,
    networks: Mapping[str, Network],
    encoders: Mapping[str, Any],
    augment: Mapping[str, Any] | None,
) -> EndToEnd:
    """Return a strategy on encoded nodes with the networks that encode them."""
    for m in augment or {}:
        if m not in networks:
            raise UnknownNameError("modality in augment that a network encodes", m, networks)
    changes = {m: create_change(given, schema[m]) for m, given in (augment or {}).items()}
    strategy = EndToEnd(schema, make(encoded_schema(schema, networks)), networks, changes)
    inner = strategy.inner
    # A network that the strategy does not read is not saved, and rebuilt without its weights.
    unread = {m for m in encoders if strategy.network(m) is None}
    specs = {
        m: _saved_spec(given, m, networks[m]) if m in unread else given
        for m, given in encoders.items()
    }
    strategy.given = {**inner.options(), "encoders": specs}
    return strategy


def _saved_spec(given: Any, modality: str, made: Network) -> dict[str, dict[str, Any]]:
    spec = network_spec(given, modality)
    return {spec.name: {**spec.options, **made.saved_options()}}


def _check_nothing_given(batch: Batch, modality: str, made: Network) -> None:
    edges = [t for t in batch.edges if modality in (t[0], t[2])]
    attributes = [name for name, values in batch.attrs.items() if modality in values]
    if edges or attributes:
        raise InputError(
            f"network {made.name!r} replaces the nodes of modality {modality!r} by other nodes, so "
            f"that the given edges {edges} and attributes {attributes} of its raw nodes cannot be "
            f"used; leave them out of the data, or choose a network that keeps nodes"
        )
