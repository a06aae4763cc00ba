"""Causal arrows between modalities, found in training data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor

from graphfuse.data import Batch, EdgeType, FusionDataset, Schema
from graphfuse.errors import InputError, UnknownNameError, check_integer
from graphfuse.graph._arrows import granger, pc
from graphfuse.graph.relation import Relation, real_pairs, times_of

METHODS = ("granger", "pc")


class Causal(Relation):
    r"""Join the nodes of two modalities along causal arrows found in the training data.

    Modalities whose position is one number, its time, and counts the same
    (``Modality.pos_unit``) are tested for Granger causality (Granger 1969,
    https://doi.org/10.2307/1912791): an arrow with lag :math:`l` runs from :math:`a` to
    :math:`b` if in

    .. math:: b(t) = c + \sum_{k=1}^{L} A_k b(t - k) + \sum_{k=1}^{L} B_k a(t - k) + e(t)

    :math:`B_l` is not zero. Observations of all samples are pooled; the F-test of :math:`B_l = 0`
    compares sums over samples, so that samples of different classes may differ in more than the
    link, where the classical one gives all observations the same weight. An arrow has to pass a
    second test, given the past of all modalities that lead to b by themselves, so that one that
    drives both a and b, or lies between them, explains it (as in Geweke 1984,
    https://doi.org/10.2307/2288723); a modality that less than half of the samples have beside both
    explains nothing. Every node of a at time t is
    joined to the nodes of b at time t + l. Where series are short, L is the longest lag that half
    of the samples of lag 1 are long enough for.

    Other modalities are taken as independent samples: the PC algorithm (Spirtes et al. 2000,
    package causal-learn) runs on the mean node of each modality, tested in the same way. Its
    arrows have no time: they join every node of a to every node of b. Edges whose direction the
    data leave open are drawn both ways, which is always so with two modalities.

    In both cases a modality stands for the leading principal components of its standardised
    features; the false discovery rate over all pairs and lags is held at ``alpha``
    (Benjamini and Hochberg 1995; for PC with the largest p-value of each edge, Strobl et al. 2019,
    https://doi.org/10.1007/s41060-018-0125-0). Labels are not used. An arrow says what helps to
    predict: a common cause that is no modality can draw one, and so can one that acts in some
    samples alone, or with a lag above ``max_lag``, which a linear test explains in part.

    At the default ``alpha`` an arrow is drawn in 0.4 % of planted/null (100 samples; with PC in
    none of 500), the arrow of planted/lagged and nothing else is found in 99 % (60 samples), and of
    three series, one of which drives the others, the right two in 98 % (100 samples; in 0.4 % one
    is drawn between the driven): ``python -m benchmarks.causal``.

    Args:
        method: "granger" or "pc"; by default "granger" if two modalities have a time, else "pc".
        max_lag: the longest lag L, in steps.
        alpha: false discovery rate, the accepted share of false arrows among all arrows.
        components: number of principal components of each modality.
        step: time between two lags, in the units of ``pos``.
        tolerance: share of a step by which times may deviate from a lag, above 0 and below 0.5.

    Example:
        >>> from graphfuse.data import load_dataset
        >>> train = load_dataset("planted/lagged", n=200)
        >>> relation = Causal().fit(train)
        >>> relation.arrows(train.schema)
        [('a', 'b', 2.0)]
        >>> relation.edges(train.batch([0]))["a", "causal", "b"].nonzero()[:2, 1:].tolist()
        [[0, 2], [1, 3]]
    """

    name = "causal"
    summary = "nodes along causal arrows with lags, found in training samples"
    fits = True

    def __init__(
        self,
        method: str | None = None,
        max_lag: int = 3,
        alpha: float = 0.01,
        components: int = 2,
        step: float = 1.0,
        tolerance: float = 0.1,
    ) -> None:
        super().__init__("across")
        if method is not None and method not in METHODS:
            raise UnknownNameError("method", method, METHODS)
        check_integer("max_lag", max_lag, 1)
        check_integer("components", components, 1)
        if not 0 < alpha < 1:
            raise InputError(f"alpha must be a rate between 0 and 1, got {alpha}")
        if not (step > 0 and 0 < tolerance < 0.5):
            raise InputError(
                f"step must be a positive time, and tolerance a share of it above 0 (times are "
                f"rounded) and below 0.5; got step={step}, tolerance={tolerance}"
            )
        self.method, self.max_lag, self.alpha = method, max_lag, alpha
        self.components, self.step, self.tolerance = components, step, tolerance

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "method": self.method,
            "max_lag": self.max_lag,
            "alpha": self.alpha,
            "components": self.components,
            "step": self.step,
            "tolerance": self.tolerance,
        }

    def fit(self, train: FusionDataset) -> Self:
        """Find arrows in the training samples that have both modalities."""
        super().fit(train)
        method, pairs = self._pairs(train.schema.names, times_of(train.schema))
        if method == "pc":
            found = pc(train, pairs, self.alpha, self.components)
        else:
            found = granger(
                train,
                pairs,
                self.alpha,
                self.max_lag,
                self.components,
                self.step,
                self.tolerance,
            )
        lags: dict[tuple[str, str], list[int]] = {pair: [] for pair in pairs}
        for pair, lag in found:
            lags[pair].append(lag)
        for pair in pairs:
            self.store(("lags", *pair), torch.tensor(lags[pair], dtype=torch.long))
        return self

    def arrows(self, schema: Schema) -> list[tuple[str, str, float]]:
        """Return (source, destination, lag in the units of ``pos``); lag 0 means without time."""
        _, pairs = self._pairs(schema.names, times_of(schema))
        return [
            (s, d, lag * self.step) for s, d in pairs for lag in self.recall("lags", s, d).tolist()
        ]

    def edge_types(self, schema: Schema) -> tuple[EdgeType, ...]:
        """Return (source, "causal", destination) for all pairs that are tested, arrow or not."""
        _, pairs = self._pairs(schema.names, times_of(schema))
        return tuple((s, self.name, d) for s, d in pairs)

    def edges(self, batch: Batch) -> dict[EdgeType, Tensor]:
        """Draw the edges of every arrow."""
        method, pairs = self._pairs(list(batch.x), times_of(batch))
        drawn: dict[EdgeType, Tensor] = {}
        for s, d in pairs:
            lags = self.recall("lags", s, d)
            joined = real_pairs(batch, s, d)
            if method == "pc":
                drawn[s, self.name, d] = joined & bool(len(lags))
                continue
            lead = batch.pos[d].squeeze(2).unsqueeze(1) - batch.pos[s].squeeze(2).unsqueeze(2)
            off = (lead.unsqueeze(3) - lags * self.step).abs()
            drawn[s, self.name, d] = joined & (off <= self.tolerance * self.step).any(3)
        return drawn

    def _pairs(
        self, names: Sequence[str], units: Mapping[str, str]
    ) -> tuple[str, list[tuple[str, str]]]:
        timed = self.timed_pairs(units)
        method = self.method or ("granger" if timed else "pc")
        pairs = timed if method == "granger" else self.select_pairs(names)
        if not pairs:
            raise InputError(
                f"causal arrows need two modalities, and method 'granger' needs two whose "
                f"positions are times in the same unit; got method={method!r}, modalities "
                f"{list(names)} and units of time {dict(units)}"
            )
        return method, pairs
