"""The columns of cost, against counts written out by hand and a clock that is wound by hand."""

import torch
from torch import nn

from graphfuse.bench import run
from graphfuse.bench.flops import flops_per_sample
from graphfuse.bench.jobs import plan_jobs
from graphfuse.bench.plan import Plan
from graphfuse.bench.store import ResultStore
from graphfuse.data import load_dataset
from graphfuse.fusion import FusionOutput, Strategy, create_strategy, list_strategies
from graphfuse.training import Recipe

# planted/binding: two modalities M of N = 6 nodes with F = 9 features, C = 2 classes, and edges
# from either modality to the other. Hidden size D, H heads.
M, N, F, C, D, H = 2, 6, 9, 2, 64, 4


def weights(inputs, outputs):
    """Parameters of a linear map."""
    return inputs * outputs + outputs


def product(rows, inner, columns):
    """Operations of a matrix product: a multiplication and an addition for each pair."""
    return 2 * rows * inner * columns


# Each modality's nodes go through two linear maps; the last network of all has two as well.
ENCODER = weights(F, D) + weights(D, D)
ENCODING = product(N, F, D) + product(N, D, D)
POOLING = product(1, N, D)
NORM = 2 * D


def head(inputs):
    return weights(inputs, D) + weights(D, C), product(1, inputs, D) + product(1, D, C)


def transformer_layer(tokens):
    """Queries, keys, values and output; two products of tokens with tokens; a network of 2 D."""
    parameters = 4 * weights(D, D) + weights(D, 2 * D) + weights(2 * D, D) + 2 * NORM
    attention = product(tokens, D, tokens) + product(tokens, tokens, D)
    return parameters, 4 * product(tokens, D, D) + attention + 2 * product(tokens, D, 2 * D)


def hgt_layer():
    """One matrix of D / H a head for keys and one for values of an edge type, and its prior."""
    node_type = 4 * weights(D, D) + 1
    edge_type = 2 * H * (D // H) ** 2 + H
    feedforward = NORM + weights(D, 2 * D) + weights(2 * D, D)
    parameters = M * node_type + M * edge_type + NORM + feedforward
    maps = 4 * product(N, D, D) + 2 * H * product(N, D // H, D // H)
    attention = product(N, D, N) + product(N, N, D)
    return parameters, M * (maps + attention + 2 * product(N, D, 2 * D))


def rgcn_layer():
    """One matrix for a node itself, one for the mean of its neighbours."""
    feedforward = NORM + weights(D, 2 * D) + weights(2 * D, D)
    parameters = M * weights(D, D) + M * D * D + NORM + feedforward
    return parameters, M * (2 * product(N, D, D) + product(N, N, D) + 2 * product(N, D, 2 * D))


def graph(layer):
    """Nodes mapped once more, two layers, what went in and what came out of each modality."""
    inside = M * weights(D, D) + 2 * layer[0] + M * 2 * D
    operations = M * product(N, D, D) + 2 * layer[1] + M * product(1, N, 2 * D)
    last = head(2 * M * D)
    return M * ENCODER + inside + last[0], M * ENCODING + operations + last[1]


def pooled(extra, last):
    """Strategies that fuse one vector a modality."""
    parameters = M * ENCODER + NORM + extra[0] + last[0]
    return parameters, M * (ENCODING + POOLING) + extra[1] + last[1]


ONE_HEAD = head(D)
LAYER = transformer_layer(1 + M)
EXPECTED = {
    "majority": (0, 0),
    "unimodal:a": (ENCODER + NORM + D + ONE_HEAD[0], ENCODING + POOLING + ONE_HEAD[1]),
    "concat": pooled((M * D, 0), head(M * D)),
    "mean_prob": pooled((0, 0), (M * ONE_HEAD[0], M * ONE_HEAD[1])),
    "token_transformer": pooled((M * D + D + 2 * LAYER[0] + NORM, 2 * LAYER[1]), ONE_HEAD),
    "multiplicative": pooled(
        (M * D + D**3 + weights(2 * D, D) + NORM, 2 * D**3 + product(1, 2 * D, D)), ONE_HEAD
    ),
    "graph:hgt": graph(hgt_layer()),
    "graph:rgcn": graph(rgcn_layer()),
}


def jobs(tmp_path, strategies):
    data = load_dataset("planted/binding", n=40)
    store = ResultStore(tmp_path)
    store.path.mkdir(exist_ok=True)
    data.save(store.dataset_path(data.fingerprint))
    plan = Plan(strategies=tuple(strategies), folds=2, recipe=Recipe(epochs=1))
    return plan_jobs({"planted/binding": data}, plan, out=str(tmp_path))


def test_parameters_and_operations_are_those_counted_by_hand(tmp_path):
    for job in jobs(tmp_path, list(EXPECTED)):
        assert run.execute(job) == "done"
    records = ResultStore(tmp_path).records()
    assert len(records) == 2 * len(EXPECTED)
    for record in records:
        cost = record["cost"]
        counted = cost["parameters"], cost["flops_per_sample"]
        assert counted == EXPECTED[record["run"]["strategy"]], record["run"]["strategy"]


def test_the_time_is_that_of_training_and_of_predicting_alone(tmp_path, monkeypatch):
    clock = [0.0]

    def takes(seconds, work):
        def slow(*arguments, **options):
            clock[0] += seconds
            return work(*arguments, **options)

        return slow

    monkeypatch.setattr(run.time, "perf_counter", lambda: clock[0])
    for name, seconds in {
        "load_stored": 1000, "fold_parts": 1000, "create_strategy": 1000, "fit": 5, "predict": 2,
        "compute_metrics": 1000, "flops_per_sample": 1000, "count_parameters": 1000,
    }.items():  # fmt: skip
        monkeypatch.setattr(run, name, takes(seconds, getattr(run, name)))
    (job, _) = jobs(tmp_path, ["concat"])
    assert run.execute(job) == "done"
    (record,) = ResultStore(tmp_path).records()
    assert record["cost"]["fit_seconds"] == 5
    assert record["cost"]["predict_ms_per_sample"] == 2000 / len(job.split.test)


class Distances(Strategy):
    """Two layers that the counter of torch leaves out, and frozen weights."""

    def __init__(self, schema):
        super().__init__(schema)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.requires_grad_(False)

    def forward(self, batch):
        nodes = torch.nn.functional.pad(batch.x["a"], (0, 8 - F)) + self.target_mean
        far = torch.cdist(nodes, self.layer(nodes), p=1).sum((1, 2))
        return FusionOutput(torch.stack([far, -far], dim=1), far.unsqueeze(1))


def test_fused_layers_and_distances_count():
    data = load_dataset("planted/binding", n=100)
    attention = product(N, 8, N) + product(N, N, 8)
    layer = 4 * product(N, 8, 8) + attention + 2 * product(N, 8, 16)
    assert flops_per_sample(Distances(data.schema), data) == layer + product(N, 8, N)


def test_every_strategy_is_counted():
    data = load_dataset("planted/null", n=20)
    for name in list_strategies(schema=data.schema):
        strategy = create_strategy(name, data.schema).prepare(data)
        with torch.no_grad():
            assert (flops_per_sample(strategy, data) > 0) == (name != "majority"), name


def test_a_count_that_fails_costs_no_run(tmp_path, monkeypatch, caplog):
    def trip(strategy, dataset):
        raise RuntimeError("cannot follow")

    monkeypatch.setattr(run, "flops_per_sample", trip)
    (job, _) = jobs(tmp_path, ["concat"])
    assert run.execute(job) == "done"
    (record,) = ResultStore(tmp_path).records()
    assert record["cost"]["flops_per_sample"] is None
    assert record["metrics"]["accuracy"] >= 0
    assert "cannot count the operations of concat: cannot follow" in caplog.text


def test_counting_leaves_the_settings_of_torch_as_they_were():
    data = load_dataset("planted/binding", n=20)
    assert torch.backends.mha.get_fastpath_enabled()
    flops_per_sample(create_strategy("token_transformer", data.schema).train(), data)
    assert torch.backends.mha.get_fastpath_enabled()
