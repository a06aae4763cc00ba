"""Results on disk: one folder a run, written once and whole, found by what determines it."""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from graphfuse.bench.records import ComparisonRecord, RunRecord, RunSpec, graph_file, slug
from graphfuse.errors import InputError

RECORD, PREDICTIONS, COMPARISON = "record.json", "predictions.npz", "comparison.json"

logger = logging.getLogger(__name__)


class ResultStore:
    """A folder of results that several processes may write into at once.

    Example:
        >>> import tempfile
        >>> store = ResultStore(tempfile.mkdtemp())
        >>> store.write("a-run", {"status": "done"}, {"y": np.array([1])})
        >>> store.read("a-run")["status"], len(store.records())
        ('done', 1)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.runs = self.path / "runs"

    def write(self, folder: str, record: dict[str, Any], predictions: Mapping[str, Any]) -> None:
        """Write a run, whole or not at all; of two writers at once, one wins.

        An earlier run of that name that failed is replaced; one that is done stays, as it is the
        same run.
        """
        self.runs.mkdir(parents=True, exist_ok=True)
        work = self.runs / f".{uuid.uuid4().hex}"
        work.mkdir()
        try:
            if predictions:
                with (work / PREDICTIONS).open("wb") as file:
                    arrays: dict[str, Any] = {k: np.asarray(v) for k, v in predictions.items()}
                    np.savez_compressed(file, **arrays)
                    _sync(file)
            _write_json(work / RECORD, record)
            self._place(work, self.runs / folder)
            _sync_folder(self.runs)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def _place(self, work: Path, target: Path) -> None:
        while not self.is_done(target.name):
            try:
                work.replace(target)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                old = self.runs / f".{uuid.uuid4().hex}"
                with contextlib.suppress(FileNotFoundError):  # another writer was quicker
                    target.replace(old)
                shutil.rmtree(old, ignore_errors=True)
            else:
                return

    def is_done(self, folder: str) -> bool:
        """Whether a run is there, finished and whole."""
        record = self.read(folder)
        return (
            record is not None
            and record.get("status") == "done"
            and (self.runs / folder / PREDICTIONS).is_file()
        )

    def read(self, folder: str) -> dict[str, Any] | None:
        """Return a run's record, or None if it is not there or not readable."""
        try:
            record = json.loads((self.runs / folder / RECORD).read_text())
        except (OSError, ValueError):
            return None
        return record if isinstance(record, dict) else None

    def records(self) -> list[dict[str, Any]]:
        """Return all finished runs, each with the name of its ``folder``, sorted by name."""
        if not self.runs.is_dir():
            return []
        found = []
        for path in sorted(self.runs.iterdir()):
            record = None if path.name.startswith(".") else self.read(path.name)
            if record is not None:
                found.append({**record, "folder": path.name})
        return found

    def read_runs(self) -> list[RunRecord]:
        """Return all runs, sorted by folder; a damaged record is logged and left out."""
        found = []
        for plain in self.records():
            try:
                where = str(self.runs / plain["folder"] / RECORD)
                found.append(RunRecord.from_dict(plain, where))
            except InputError as error:
                logger.warning("a stored run is damaged: %s; compare computes it again", error)
        return found

    def predictions(self, record: RunRecord | Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Return the arrays of a run that was read: index, y, scores, ids."""
        folder = record.folder if isinstance(record, RunRecord) else record["folder"]
        with np.load(self.runs / folder / PREDICTIONS, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}

    def make(self) -> None:
        """Make the folder.

        Raises:
            InputError: it cannot be written into.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            probe = self.path / f".{uuid.uuid4().hex}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise InputError(
                f"cannot write results into {self.path}: {error.strerror}; name a folder that can "
                f"be made or written with out= (--out)"
            ) from None

    def write_comparison(self, comparison: ComparisonRecord | Mapping[str, Any]) -> None:
        """Write what was planned, under which conditions."""
        if not isinstance(comparison, ComparisonRecord):
            comparison = ComparisonRecord.from_dict(comparison)
        self.make()
        work = self.path / f".{uuid.uuid4().hex}.json"
        _write_json(work, comparison.to_dict())
        work.replace(self.path / COMPARISON)
        _sync_folder(self.path)

    def comparison(self) -> dict[str, Any]:
        """Return the comparison as plain data; see :meth:`read_comparison`."""
        return self.read_comparison().to_dict()

    def read_comparison(self) -> ComparisonRecord:
        """Return what :meth:`write_comparison` wrote.

        Raises:
            InputError: the folder holds no comparison, or a damaged one.
        """
        try:
            comparison = json.loads((self.path / COMPARISON).read_text())
        except (OSError, ValueError):
            raise InputError(
                f"{self.path} holds no results: {COMPARISON} is missing or unreadable; run "
                f"graphfuse compare --out {self.path} first, or name the folder that it wrote"
            ) from None
        if not isinstance(comparison, dict):
            raise InputError(f"{self.path / COMPARISON} is not a comparison")
        return ComparisonRecord.from_dict(comparison, str(self.path / COMPARISON))

    def graph_path(self, dataset: str) -> Path:
        """Return where the picture of a dataset's sample graph lies."""
        return self.path / "graphs" / graph_file(dataset)

    def graph_svg(self, dataset: str) -> str | None:
        """Return the picture of a dataset's sample graph, if there is one."""
        path = self.graph_path(dataset)
        return path.read_text() if path.is_file() else None

    def dataset_path(self, fingerprint: str) -> Path:
        """Return where a copy of a dataset lies, for the processes that run on it."""
        return self.path / "datasets" / fingerprint[:16]


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with path.open("w") as file:
        json.dump(content, file, indent=1, allow_nan=False)
        _sync(file)


def _sync(file: Any) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


__all__ = ["ResultStore", "RunSpec", "slug"]
