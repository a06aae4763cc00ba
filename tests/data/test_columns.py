from dataclasses import dataclass, field, fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from graphfuse.data import Batch, FusionDataset, Modality, Sample, Schema, SparseEdges, dataset
from graphfuse.data.columns import Columns, Per, arrays, column, declared, fields_of
from graphfuse.data.ragged import Ragged
from graphfuse.errors import InputError

SAVED = Path(__file__).parent / "saved" / "talks"
FINGERPRINT = "00944085dd9875d6b7299fe9878b141a0944f0236b418d872e54dc1c9e3c6577"


@dataclass(frozen=True, eq=False)
class Sited(FusionDataset):
    """A dataset with a column of its own per sample."""

    site: np.ndarray | None = field(default=None, metadata=column(Per.SAMPLE))
    cost: torch.Tensor | None = field(default=None, metadata=column(Per.SAMPLE))


@dataclass
class SitedBatch(Batch):
    site: list[str | None] | None = field(default=None, metadata=column(Per.SAMPLE))
    cost: torch.Tensor | None = field(default=None, metadata=column(Per.SAMPLE))


@pytest.fixture
def sited(monkeypatch):
    monkeypatch.setattr(dataset, "Batch", SitedBatch)
    monkeypatch.setattr(dataset, "BATCHED", {f.name for f in fields(SitedBatch)})
    plain = FusionDataset.from_arrays({"a": np.eye(4)}, [0, 1, 0, 1])
    return Sited(**vars(plain), site=np.array(["n", "", "s", "s"]), cost=torch.arange(4.0))


def test_a_declared_column_reaches_everything(sited, tmp_path):
    part = sited.subset([2, 1])
    assert (part.site.tolist(), part.cost.tolist()) == (["s", ""], [2, 1])
    batch = sited.batch([1, 2])
    assert (batch.site, batch.cost.tolist()) == ([None, "s"], [1, 2])
    moved = batch.to(torch.float64)
    assert (moved.site, moved.cost.dtype) == ([None, "s"], torch.float64)
    others = (
        replace(sited, site=np.array(["n", "", "s", "n"])),
        replace(sited, cost=torch.ones(4)),
        replace(sited, site=None),
    )
    assert len({data.fingerprint for data in (sited, *others)}) == 4
    sited.save(tmp_path / "d")
    loaded = Sited.load(tmp_path / "d", verify=True)
    assert (loaded.site.tolist(), loaded.cost.tolist()) == (["n", "", "s", "s"], [0, 1, 2, 3])
    assert loaded.fingerprint == sited.fingerprint


def test_a_folder_with_an_unknown_column_is_refused(sited, tmp_path):
    sited.save(tmp_path / "d")
    with pytest.raises(ValueError, match="site"):
        FusionDataset.load(tmp_path / "d")


def test_folders_saved_by_earlier_versions_are_read_and_keep_their_fingerprint():
    talks = FusionDataset.load(SAVED, verify=True)
    assert talks.fingerprint == FINGERPRINT
    assert talks.subset(range(4)).fingerprint == FINGERPRINT
    assert talks.name == "talks"
    assert talks[3].attrs["speaker"]["text"].tolist() == [0]
    assert talks.origin.changes[0].what == "2 sounds resampled"
    assert talks.origin["changes"][0]["options"] == {"rate": 8000}


def test_arrays_are_the_whole_dataset():
    talks = FusionDataset.load(SAVED)
    again = replace(
        FusionDataset(talks.schema, x={}, ids=np.array([])),
        **fields_of(arrays(talks)),
        unit_offsets=talks.unit_offsets,
        steps=talks.steps,
    )
    assert again.fingerprint == FINGERPRINT


def test_every_field_but_the_schema_is_declared():
    named = {c.name for columns in declared(Columns).values() for c in columns}
    assert {f.name for f in fields(Columns)} - named == {"schema", "unit_offsets"}


def test_a_sample_without_any_node_keeps_its_units():
    samples = [
        Sample({"a": torch.ones(1, 2)}, y=torch.tensor([1]), unit={"a": torch.tensor([0])}),
        Sample({"a": torch.ones(2, 2)}, y=torch.tensor([0, 1]), unit={"a": torch.arange(2)}),
        Sample({}, y=torch.zeros(0, dtype=torch.long), unit={}),
    ]
    data = FusionDataset.from_samples(samples)
    assert data[2].unit == {}
    assert FusionDataset.from_samples(list(data), data.schema).fingerprint == data.fingerprint


def test_parallel_weighted_edges_survive_a_subset():
    edges = {("a", "r", "a"): SparseEdges(torch.tensor([[0, 0], [1, 1]]), torch.tensor([0.5, 1]))}
    data = FusionDataset.from_samples(
        [Sample({"a": torch.ones(2, 1)}), Sample({"a": torch.ones(2, 1)}, edges=edges)]
    )
    assert data.subset([1, 0])[0].edges["a", "r", "a"].weight.tolist() == [0.5, 1]
    assert data.subset([1, 0]).fingerprint != data.fingerprint


def test_a_huge_unit_takes_no_memory():
    schema = Schema([Modality("a", (1,))])
    x = {"a": Ragged(torch.ones(1, 1), torch.tensor([0, 1]))}
    with pytest.raises(InputError, match="sample 0 names unit 8589934592"):
        FusionDataset(schema, x=x, ids=np.array(["0"]), unit={"a": torch.tensor([2**33])})
