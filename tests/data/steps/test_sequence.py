import json

import numpy as np
import pytest
import torch

from graphfuse import compare
from graphfuse.data import FusionDataset, Steps, StepSpec
from graphfuse.data.steps import Step, step, steps
from graphfuse.errors import InputError, NotFittedError, UnknownNameError

SCALES = [{"scale": {"how": "min_max"}}, "scale"]


def data(n=12):
    return FusionDataset.from_arrays({"a": np.arange(n * 2.0).reshape(n, 2)}, [0, 1] * (n // 2))


def test_each_step_sees_what_the_one_before_returns():
    made = Steps(SCALES).fit(data())
    inner = made.steps[1].state["shift/a"]
    torch.testing.assert_close(inner, torch.tensor([0.5, 0.5]))
    again = Steps(made.specs).load_state(made.state())
    assert again.transform(data()).fingerprint == made.transform(data()).fingerprint


def test_what_is_no_step():
    for wrong in ("scale", [3], [{"scale": 1}], [{"a": {}, "b": {}}]):
        with pytest.raises(InputError, match=r"a step must be|steps must be"):
            Steps(wrong)
    with pytest.raises(UnknownNameError, match="did you mean 'scale'"):
        Steps(["skale"])
    with pytest.raises(NotFittedError, match=r"step.fit\(train\)"):
        Steps().transform(data())


def test_steps_of_a_dataset_are_saved_and_distinguished(tmp_path):
    plain = data()
    own = FusionDataset(**{**vars(plain), "steps": (StepSpec("scale", {"how": "robust"}),)})
    assert own.fingerprint != plain.fingerprint
    own.save(tmp_path / "d")
    FusionDataset.verify(tmp_path / "d")
    assert FusionDataset.load(tmp_path / "d").steps == own.steps
    assert "steps" not in json.loads(_saved(plain, tmp_path / "e"))


def _saved(dataset, path):
    dataset.save(path)
    return (path / "schema.json").read_text()


def test_a_comparison_fits_them_on_the_training_part_of_each_fold(tmp_path, monkeypatch):
    seen = []

    with steps.temporarily():

        @step("narrow")
        class Narrow(Step):
            def measure(self, train):
                seen.append(len(train))
                return {}

            def apply(self, dataset):
                x = {"a": dataset.x["a"].values[:, :1].numpy()}
                return FusionDataset.from_arrays(x, dataset.labels(), ids=dataset.ids)

        own = FusionDataset(**{**vars(data(40)), "steps": (StepSpec("narrow"),)})
        result = compare(own, ["unimodal:a"], folds=2, out=tmp_path, recipe={"epochs": 1})
        assert all(record["status"] == "done" for record in result.records())
        assert set(seen) <= {16, 17, 40}
        assert len(seen) >= 2
