"""Results on disk: one folder per run and one per comparison, each written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import re
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from graphfuse._files import (
    clean_leftovers,
    clear_errors,
    sync_folder,
    work_folder,
    write_whole,
)
from graphfuse.bench._json import read_json, write_json
from graphfuse.bench.records import (
    DONE,
    ComparisonRecord,
    RunRecord,
    RunSpec,
    digest,
    graph_file,
    slug,
)
from graphfuse.errors import InputError

RECORD, PREDICTIONS, COMPARISON = "record.json", "predictions.npz", "comparison.json"
COMPARISONS, CHECKSUMS = "comparisons", "checksums"
REPORTS = tuple(f"report.{ending}" for ending in ("html", "md", "tex", "json"))
logger = logging.getLogger(__name__)


class Saved(Protocol):
    """A dataset that can be saved."""

    @property
    def fingerprint(self) -> str:
        """Hash of all values."""

    def save(self, path: Path) -> None:
        """Save the dataset as a folder."""


class ResultStore:
    """A folder of results that several processes may write into at once.

    ``path`` is that folder, or the folder of one comparison in it. In the first case the
    comparison that is read is the newest.

    Example:
        >>> import tempfile
        >>> store = ResultStore(tempfile.mkdtemp())
        >>> store.write("a-run", {"status": "done"}, {"y": np.array([1])})
        >>> store.read("a-run")["status"], len(store.records())
        ('done', 1)
    """

    def __init__(self, path: str | Path) -> None:
        self.folder = Path(path)
        """Where the comparison and its reports are."""
        outer = self.folder.resolve().parent
        inner = outer.name == COMPARISONS and not (self.folder / "runs").is_dir()
        self.path = outer.parent if inner else self.folder
        self.runs = self.path / "runs"

    def write(self, folder: str, record: Mapping[str, Any], predictions: Mapping[str, Any]) -> None:
        """Write a run, whole or not at all; of several writers at once, one wins.

        An earlier run of that name that failed or is damaged is replaced. One that is done stays:
        it is the same run.

        Raises:
            InputError: the files cannot be written, for example as the disk is full.
        """
        target = self.runs / folder
        with clear_errors(target):
            self.runs.mkdir(parents=True, exist_ok=True)
            with work_folder(target) as work:
                checksums = {}
                if predictions:
                    arrays: dict[str, Any] = {k: np.asarray(v) for k, v in predictions.items()}
                    with write_whole(work / PREDICTIONS) as path, path.open("wb") as file:
                        np.savez_compressed(file, **arrays)
                    checksums[PREDICTIONS] = _hash(work / PREDICTIONS)
                checksums[RECORD] = _digest_of_record(record)
                with write_whole(work / RECORD) as path:
                    write_json(path, {**record, CHECKSUMS: checksums})
                self._place(work, target)
                sync_folder(self.runs)

    def _place(self, work: Path, target: Path) -> None:
        while not self.is_done(target.name):
            try:
                work.replace(target)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                self._remove(target)
            else:
                return

    def is_done(self, folder: str) -> bool:
        """Whether a run is stored, without an error and undamaged."""
        record = self.read(folder)
        return record is not None and record.get("status") == DONE and not self.damage(folder)

    def damage(self, folder: str) -> str | None:
        """Return why a stored run cannot be used; None if it can, or if there is no such run.

        Files of earlier versions have no checksums: their structure is checked.
        """
        path = self.runs / folder
        if not path.is_dir():
            return None
        try:
            record = read_json(path / RECORD)
            checksums = record.get(CHECKSUMS) if isinstance(record, dict) else None
            if not isinstance(checksums, dict):
                record = RunRecord.from_dict(record, str(path / RECORD)).to_dict()
            elif checksums.get(RECORD) != _digest_of_record(record):
                return f"{RECORD} does not match its checksum"
            if record.get("status") == DONE:
                return _damage_of_predictions(path / PREDICTIONS, checksums)
        except InputError as error:
            return str(error)
        return None

    def read(self, folder: str) -> dict[str, Any] | None:
        """Return a run's record, or None if it is missing or unreadable."""
        try:
            record = read_json(self.runs / folder / RECORD)
        except InputError:
            return None
        return record if isinstance(record, dict) else None

    def records(self) -> list[dict[str, Any]]:
        """Return all stored runs as plain data, each with its ``folder``, sorted by folder."""
        found = [(folder, self.read(folder)) for folder in self._folders()]
        return [{**record, "folder": folder} for folder, record in found if record is not None]

    def read_runs(self) -> list[RunRecord]:
        """Return all stored runs, sorted by folder; damaged ones are logged and left out."""
        found = []
        for folder in self._folders():
            damage = self.damage(folder)
            if damage is None:
                where = str(self.runs / folder / RECORD)
                try:
                    plain = {**(self.read(folder) or {}), "folder": folder}
                    found.append(RunRecord.from_dict(plain, where))
                except InputError as error:
                    damage = str(error)
            if damage is not None:
                logger.warning("the stored run %s is damaged and left out: %s", folder, damage)
        return found

    def _folders(self) -> list[str]:
        if not self.runs.is_dir():
            return []
        return sorted(path.name for path in self.runs.iterdir() if not path.name.startswith("."))

    def predictions(self, record: RunRecord | Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Return the arrays of a run that was read: index, y, scores, ids.

        Raises:
            InputError: the file is damaged.
        """
        folder = record.folder if isinstance(record, RunRecord) else record["folder"]
        path = self.runs / folder / PREDICTIONS
        try:
            return _arrays(path)
        except Exception as error:  # of any kind: the bytes may be any
            raise InputError(
                f"{path} is damaged ({type(error).__name__}: {error}); run graphfuse compare "
                f"again to compute the run anew"
            ) from error

    def make(self) -> None:
        """Make the folder, and remove what killed processes left half written in it.

        Raises:
            InputError: the folder cannot be written.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            with work_folder(self.path / "probe"):
                pass
            for folder in (self.path, self.runs, self.path / "datasets", self.path / COMPARISONS):
                if folder.is_dir():
                    clean_leftovers(folder)
        except OSError as error:
            raise InputError(
                f"cannot write results into {self.path}: {error.strerror}; name another folder "
                f"with out= (--out)"
            ) from None

    def write_comparison(self, comparison: ComparisonRecord | Mapping[str, Any]) -> Path:
        """Write the conditions and the plan; return the comparison's own folder.

        The same comparison has the same folder; a copy beside ``runs`` stands for the newest.
        """
        if not isinstance(comparison, ComparisonRecord):
            comparison = ComparisonRecord.from_dict(comparison)
        folder = self.path / COMPARISONS / comparison.key
        with clear_errors(folder):
            self.make()
            self._keep_newest()
            folder.mkdir(parents=True, exist_ok=True)
            for path in (folder / COMPARISON, self.path / COMPARISON):
                with write_whole(path) as work:
                    write_json(work, comparison.to_dict())
        return folder

    def _keep_newest(self) -> None:
        """Copy a comparison and reports that earlier versions wrote into a folder of their own."""
        try:
            newest = ResultStore(self.path).read_comparison()
        except InputError:
            return  # none, or a damaged one, whose reports say nothing
        folder = self.path / COMPARISONS / newest.key
        for name in (COMPARISON, *REPORTS):
            if (self.path / name).is_file() and not (folder / name).exists():
                folder.mkdir(parents=True, exist_ok=True)
                with write_whole(folder / name) as work:
                    shutil.copyfile(self.path / name, work)

    def publish(self, reports: Sequence[Path]) -> list[Path]:
        """Copy reports of this comparison beside ``runs`` if it is the newest.

        Return the copies, or the given paths if another comparison has begun since.
        """
        try:
            newest = ResultStore(self.path).read_comparison().key
        except InputError:
            return list(reports)
        if self.folder == self.path or newest != self.read_comparison().key:
            return list(reports)
        copies = [self.path / path.name for path in reports]
        for path, target in zip(reports, copies, strict=True):
            with write_whole(target) as work:
                shutil.copyfile(path, work)
        return copies

    def own_folder(self) -> Path:
        """Return the folder of the comparison alone; in results of earlier versions, ``path``."""
        folder = self.path / COMPARISONS / self.read_comparison().key
        return folder if folder.is_dir() else self.folder

    def comparison(self) -> dict[str, Any]:
        """Return the comparison as plain data; see :meth:`read_comparison`."""
        return self.read_comparison().to_dict()

    def read_comparison(self) -> ComparisonRecord:
        """Return what :meth:`write_comparison` wrote.

        Raises:
            InputError: the folder holds no comparison, or a damaged one.
        """
        path = self.folder / COMPARISON
        try:
            comparison = read_json(path)
        except InputError as error:
            raise InputError(
                f"{self.folder} holds no results: {COMPARISON} is missing or unreadable; run "
                f"graphfuse compare --out {self.path} first, or name the folder that it wrote "
                f"({error})"
            ) from None
        if not isinstance(comparison, dict):
            raise InputError(f"{path} is not a comparison")
        return ComparisonRecord.from_dict(comparison, str(path))

    def graph_path(self, dataset: str, drawn_from: str = "") -> Path:
        """Return the file for the drawing of a sample graph, by all that the drawing shows."""
        return self.path / "graphs" / graph_file(dataset, drawn_from)

    def graph_svg(self, name: str | None) -> str | None:
        """Return the drawing of a sample graph, by the name of its file; None if it is missing."""
        if name is None or not re.fullmatch(r"[A-Za-z0-9-]+\.svg", name):
            return None
        try:
            return (self.path / "graphs" / name).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None

    def dataset_path(self, fingerprint: str) -> Path:
        """Return the copy of a dataset that the runs read."""
        return self.path / "datasets" / fingerprint[:16]

    def save_dataset(self, dataset: Saved) -> None:
        """Save a copy of a dataset for the runs, in place of one that is there.

        Raises:
            InputError: the files cannot be written, for example as the disk is full.
        """
        path = self.dataset_path(dataset.fingerprint)
        with clear_errors(path):
            if path.exists():
                self._remove(path)
            dataset.save(path)

    def _remove(self, path: Path) -> None:
        """Remove a folder at once, also where another process removes it too."""
        old = path.with_name(f".{uuid.uuid4().hex}")
        with contextlib.suppress(FileNotFoundError):  # another process was quicker
            path.replace(old)
        shutil.rmtree(old, ignore_errors=True)


def _damage_of_predictions(path: Path, checksums: Any) -> str | None:
    try:
        if isinstance(checksums, dict):
            # Runs without predictions have no checksum of them.
            expected = checksums.get(PREDICTIONS)
            if expected is None or _hash(path) == expected:
                return None
            return f"{PREDICTIONS} does not match its checksum"
        _arrays(path)
    except Exception as error:  # of any kind: the bytes may be any
        return f"{PREDICTIONS} cannot be read ({type(error).__name__}: {error})"
    return None


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as content, np.load(content, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _digest_of_record(record: Mapping[str, Any]) -> str:
    return digest({name: value for name, value in record.items() if name != CHECKSUMS})


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


__all__ = ["ResultStore", "RunSpec", "slug"]
