import numpy as np
import pytest
import torch

from graphfuse.bench.jobs import plan_jobs
from graphfuse.bench.plan import Plan
from graphfuse.bench.run import execute, fold_parts, one_thread
from graphfuse.bench.runner import pending, run_jobs
from graphfuse.bench.store import ResultStore
from graphfuse.data import FusionDataset, Steps, load_dataset, make_splits
from graphfuse.errors import UnknownNameError
from graphfuse.fusion import Strategy
from graphfuse.graph import GraphBuilder
from graphfuse.training import Recipe, loop


def planned(tmp_path, strategies, options=None, n=60, name="planted/unique"):
    data = load_dataset(name, n=n)
    ResultStore(tmp_path).path.mkdir(exist_ok=True)
    data.save(ResultStore(tmp_path).dataset_path(data.fingerprint))
    plan = Plan(
        strategies=tuple(strategies), folds=2, recipe=Recipe(epochs=2), options=options or {}
    )
    return plan_jobs({name: data}, plan, out=str(tmp_path))


def test_a_record_holds_everything(tmp_path):
    (job, *_) = planned(tmp_path, ["concat"])
    assert execute(job) == "done"
    (record,) = ResultStore(tmp_path).records()
    assert record["key"] == job.spec.key
    assert record["run"] == job.spec.to_dict()
    assert 0 <= record["metrics"]["accuracy"] <= 1
    assert all(isinstance(v, float) for v in record["metrics"].values())
    assert record["cost"]["parameters"] > 0
    assert record["cost"]["epochs"] == len(record["history"]["train_loss"]) == 2
    predictions = ResultStore(tmp_path).predictions(record)
    assert predictions["index"].tolist() == job.split.test.tolist()
    accuracy = (predictions["scores"].argmax(1) == predictions["y"]).mean()
    assert record["metrics"]["accuracy"] == pytest.approx(accuracy)


def test_predictions_belong_to_their_samples(tmp_path):
    (job, *_) = planned(tmp_path, ["majority"])
    execute(job)
    data = load_dataset("planted/unique", n=60)
    (record,) = ResultStore(tmp_path).records()
    predictions = ResultStore(tmp_path).predictions(record)
    for index, y, identity in zip(*(predictions[k] for k in ("index", "y", "ids")), strict=True):
        assert data[int(index)].id == identity
        assert int(data[int(index)].y) == y


def test_a_failed_run_is_recorded_and_tried_again(tmp_path):
    jobs = planned(tmp_path, ["concat", "majority"], {"concat": {"hidden_channels": 0}})
    assert [execute(job) for job in jobs] == ["failed", "done"] * 2
    failed = [r for r in ResultStore(tmp_path).records() if r["status"] == "failed"]
    assert failed[0]["error"]["type"] == "InputError"
    assert "hidden_channels must be at least 1" in failed[0]["error"]["traceback"]
    assert pending(jobs) == [job for job in jobs if job.spec.strategy == "concat"]


def test_scaling_is_fitted_on_the_training_part(tmp_path):
    data = load_dataset("planted/unique", n=60)
    split = next(make_splits(data, folds=2))
    train, _, test = fold_parts(data, split)
    assert torch.allclose(train.x["a"].values.mean(0), torch.zeros(8), atol=1e-5)
    raw = data.subset(split.test).x["a"].values
    fitted = data.subset(split.train).x["a"].values
    expected = (raw - fitted.mean(0)) / fitted.std(0, correction=0)
    assert torch.allclose(test.x["a"].values, expected, atol=1e-4)


@pytest.mark.parametrize("strategy", ["concat", "graph:hgt", "majority"])
def test_only_the_training_part_is_fitted_on(tmp_path, monkeypatch, strategy):
    data = load_dataset("planted/unique", n=60)
    fitted, watched = [], []
    for cls in (Steps, GraphBuilder):
        monkeypatch.setattr(cls, "fit", _spy(cls.fit, fitted))
    monkeypatch.setattr(Strategy, "prepare", _spy(Strategy.prepare, fitted))
    monkeypatch.setattr(loop, "evaluate", _spy(loop.evaluate, watched))
    for job in planned(tmp_path, [strategy]):
        fitted.clear()
        watched.clear()
        assert execute(job) == "done"
        assert len(fitted) >= 2
        train, validation = ({data.ids[i] for i in rows} for rows in
                             (job.split.train, job.split.validation))  # fmt: skip
        assert all(set(ids) == train for ids in fitted)
        assert all(set(ids) == validation for ids in watched)


def _spy(method, seen):
    """Note which samples the first dataset among the arguments holds."""

    def called(*arguments, **options):
        seen.append(next(a for a in arguments if isinstance(a, FusionDataset)).ids.tolist())
        return method(*arguments, **options)

    return called


def test_parallel_runs_equal_serial_ones(tmp_path):
    scores = []
    for n_jobs in (1, 2):
        out = tmp_path / str(n_jobs)
        jobs = planned(out, ["concat", "graph:hgt"])
        run_jobs(jobs, n_jobs=n_jobs, progress=False)
        records = ResultStore(out).records()
        scores.append([ResultStore(out).predictions(r)["scores"] for r in records])
    assert len(scores[0]) == 4
    for a, b in zip(*scores, strict=True):
        assert np.array_equal(a, b)


def test_threads_are_one_inside_and_restored_outside():
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before


def test_unknown_backend():
    with pytest.raises(UnknownNameError, match="did you mean 'loky'"):
        run_jobs([], backend="lokky")


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "package"), [("ray", "ray"), ("dask", "distributed")])
def test_a_cluster_gives_the_serial_table(tmp_path, backend, package):
    pytest.importorskip(package)
    jobs = planned(tmp_path / "cluster", ["concat"])
    run_jobs(jobs, n_jobs=2, backend=backend, progress=False)
    serial = planned(tmp_path / "serial", ["concat"])
    run_jobs(serial, progress=False)
    both = (ResultStore(tmp_path / name).records() for name in ("cluster", "serial"))
    found = [(a["metrics"], b["metrics"]) for a, b in zip(*both, strict=True)]
    assert len(found) == 2
    assert all(a == b for a, b in found)
