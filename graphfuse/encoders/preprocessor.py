"""The whole way from raw samples to scaled nodes as one object, fitted on train and saved."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from graphfuse._folder import check_free, replace_folder
from graphfuse.data.cleaning import clean as clean_manifest
from graphfuse.data.cleaning import create_cleaners
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.raw import Column, Manifest
from graphfuse.data.sample import Sample
from graphfuse.data.schema import Schema
from graphfuse.data.spec import CleaningSpec
from graphfuse.data.steps import Steps
from graphfuse.data.steps.sequence import DEFAULT
from graphfuse.encoders.encoder import Encoder, create_encoder, plain_options
from graphfuse.encoders.encoding import (
    assemble,
    create_encoders,
    encode_cells,
    report_problems,
)
from graphfuse.errors import InputError, NotFittedError, UnknownNameError

CONFIG, STATE = "preprocessor.json", "state.safetensors"
FORMAT = 1
SETTINGS = ("encoders", "steps", "clean", "unreadable")


class Preprocessor:
    r"""Encoders and fitted steps that turn raw samples into what a strategy takes.

    ``fit`` sees the training part alone. The result is saved beside a model and applied unchanged
    to one new raw sample.

    Args:
        encoders: ``{modality: encoder}``; see :func:`graphfuse.encoders.encode`.
        steps: what nodes go through after those that their encoders ask for, names or
            ``{name: options}``; standardisation if None.
        clean: steps of cleaning for the training part; see :func:`graphfuse.data.cleaning.clean`.
            Those that change each item on its own (and ranges of numbers) hold for new samples,
            of which none is left out.
        unreadable: what to do with a cell that cannot be read, "missing" or "error".
        cache: folder of encoded nodes.
        n_jobs: processes at work.
        device: that encoders with weights compute on.

    Example:
        >>> from graphfuse.data.raw import read_manifest
        >>> path = getfixture("tmp_path") / "pets.csv"
        >>> rows = [f"a {pet} sat on mat {i},{i},{pet}" for i in range(9) for pet in ("cat", "dog")]
        >>> _ = path.write_text("\n".join(["text,age,label", *rows]))
        >>> pre = Preprocessor(cache=path.parent / "cache").fit(read_manifest(path))
        >>> sorted(pre.sample({"text": "the cat", "age": 4}).x)
        ['table', 'text']
    """

    def __init__(
        self,
        encoders: Mapping[str, Any] | None = None,
        steps: Sequence[Any] | None = None,
        *,
        clean: Sequence[Any] = (),
        unreadable: str = "missing",
        cache: str | Path | None = None,
        n_jobs: int = 1,
        device: str = "cpu",
    ) -> None:
        self.cleaners = create_cleaners(clean)
        self.repairs: dict[str, tuple[CleaningSpec, ...]] = {}
        self.given = dict(encoders or {})
        self.wanted = None if steps is None else Steps(steps).specs
        self.unreadable = unreadable
        self.cache, self.n_jobs, self.device = cache, n_jobs, device
        self.columns: tuple[Column, ...] = ()
        self.encoders: dict[str, Encoder] = {}
        self.steps: Steps | None = None
        self.schema: Schema | None = None
        self.raw_schema: Schema | None = None

    @classmethod
    def from_yaml(cls, path: str | Path, **options: Any) -> Preprocessor:
        """Read the settings ``encoders``, ``steps``, ``clean`` and ``unreadable`` from YAML.

        Raises:
            InputError: the file cannot be read or holds something else.
        """
        import yaml

        try:
            content = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InputError(f"{path} is no readable YAML file: {error}") from None
        if not isinstance(content, dict):
            raise InputError(f"{path} holds settings by name, got a {type(content).__name__}")
        for name in content:
            if name not in SETTINGS:
                raise UnknownNameError(f"setting in {path}", name, SETTINGS)
        return cls(**content, **options)

    def fit(self, train: Manifest) -> Self:
        """Fit on the training part: the levels of categories, and all steps."""
        self.fit_transform(train)
        return self

    def fit_transform(self, train: Manifest) -> FusionDataset:
        """Fit on the training part and return it transformed."""
        train = clean_manifest(train, self.cleaners)
        self.repairs = dict(train.repairs)
        self.encoders = create_encoders(train, self.given)
        self.columns = train.columns
        raw = self._encode(train)
        self.encoders = {m: self.encoders[m] for m in raw.schema.names}
        wanted = DEFAULT if self.wanted is None else self.wanted
        own = [spec for m, made in self.encoders.items() for spec in made.steps(m)]
        self.steps = Steps([*own, *wanted]).fit(raw)
        fitted = self._transform(raw)
        self.raw_schema, self.schema = raw.schema, fitted.schema
        return fitted

    def transform(self, manifest: Manifest) -> FusionDataset:
        """Return the dataset of other samples, with what was fitted on the training part.

        Raises:
            NotFittedError: before :meth:`fit`.
            InputError: columns differ from those of the training part.
        """
        self._check_fitted()
        lacking = {m: self._names(m) for m in self.encoders if m not in manifest.modalities}
        if len(lacking) == len(self.encoders):
            raise InputError(
                f"the preprocessor was fitted on the columns {lacking}, the samples have none of "
                f"them: {[column.name for column in manifest.columns]}"
            )
        return self._transform(self._encode(manifest))

    def sample(self, values: Mapping[str, Any], root: str | Path | None = None) -> Sample:
        """Return one new raw sample as a strategy takes it.

        Args:
            values: ``{column: value}`` of the training part's columns: text, numbers, the bytes
                of a file, or a path below ``root``; a column that is left out or None is missing.
            root: folder that paths start from and must not leave; without it there are no paths.

        Raises:
            NotFittedError: before :meth:`fit`.
            UnknownNameError: a column that the training part has not.
            InputError: a cell that cannot be read, whatever ``unreadable`` says.
        """
        from datasets import Dataset

        self._check_fitted()
        content = [column for column in self.columns if column.modality in self.encoders]
        known = [column.name for column in self.columns]
        for name in values:
            if name not in known:
                raise UnknownNameError("column", name, known)
        for column in content:
            named = column.kind in ("image", "audio", "video") and isinstance(
                values.get(column.name), str
            )
            if named and root is None:
                raise InputError(
                    f"column {column.name!r} names a file, {values[column.name]!r}; give its "
                    f"bytes, or the folder that it lies in, root=..."
                )
        table = Dataset.from_dict({c.name: [values.get(c.name)] for c in content})
        manifest = Manifest(table, tuple(content), None if root is None else Path(root))
        return self._transform(self._encode(manifest, keep=False))[0]

    def save(self, path: str | Path) -> None:
        """Save columns, encoders by name and options, and what the steps learnt, in a folder.

        Weights of encoders are not copied; loading checks that they are the same.
        """
        self._check_fitted()
        assert self.steps is not None
        assert self.schema is not None
        assert self.raw_schema is not None
        path = Path(path)
        check_free(path, "preprocessor", (CONFIG, STATE), lambda p: _read_config(p))
        config = {
            "format": FORMAT,
            "columns": [asdict(column) for column in self.columns],
            "encoders": {m: made.identity() for m, made in self.encoders.items()},
            "steps": [{spec.name: dict(spec.options)} for spec in self.steps.specs],
            "repairs": {
                m: [{spec.name: dict(spec.options)} for spec in own]
                for m, own in self.repairs.items()
            },
            "unreadable": self.unreadable,
            "raw_schema": self.raw_schema.to_dict(),
            "schema": self.schema.to_dict(),
        }
        with replace_folder(path) as work:
            (work / CONFIG).write_text(json.dumps(config, indent=1), encoding="utf-8")
            state = {k: v.contiguous() for k, v in self.steps.state().items()}
            save_file(state, work / STATE)

    @classmethod
    def load(cls, path: str | Path, **options: Any) -> Preprocessor:
        """Read a folder that :meth:`save` wrote; takes ``cache``, ``n_jobs`` and ``device``.

        Raises:
            InputError: no such folder, a damaged one, or encoders whose weights are others now.
        """
        path = Path(path)
        config = _read_config(path)
        try:
            state = load_file(path / STATE)
        except (OSError, SafetensorError) as error:
            raise InputError(f"{path / STATE} is not readable: {error}; save it again") from None
        try:
            made = cls(unreadable=config["unreadable"], **options)
            made.columns = tuple(Column(**column) for column in config["columns"])
            for modality, identity in config["encoders"].items():
                made.encoders[modality] = _same_encoder(modality, identity)
            made.steps = Steps(config["steps"]).load_state(state)
            made.repairs = {
                m: tuple(step.spec for step in create_cleaners(own))
                for m, own in config["repairs"].items()
            }
            made.raw_schema = Schema.from_dict(config["raw_schema"])
            made.schema = Schema.from_dict(config["schema"])
        except (KeyError, TypeError) as error:
            raise InputError(f"{path} is damaged: {error!r}; save the preprocessor again") from None
        return made

    def _encode(self, manifest: Manifest, keep: bool = True) -> FusionDataset:
        own = {m: made for m, made in self.encoders.items() if m in manifest.modalities}
        manifest = replace(manifest, repairs=self.repairs)
        nodes, problems = encode_cells(
            manifest,
            own,
            cache=self.cache,
            n_jobs=self.n_jobs,
            device=self.device,
            keep=keep,
            progress=keep,
        )
        report_problems(manifest, problems, self.unreadable if keep else "error")
        return assemble(manifest, own, nodes, self.raw_schema)

    def _transform(self, raw: FusionDataset) -> FusionDataset:
        assert self.steps is not None
        return replace(self.steps.transform(raw), steps=())

    def _names(self, modality: str) -> list[str]:
        return [column.name for column in self.columns if column.modality == modality]

    def _check_fitted(self) -> None:
        if self.steps is None:
            raise NotFittedError("the preprocessor is fitted first: preprocessor.fit(train)")


def _same_encoder(modality: str, identity: Mapping[str, Any]) -> Encoder:
    options = plain_options(identity["options"])
    made = create_encoder(identity["kind"], identity["name"], **options)
    now = json.loads(json.dumps(made.identity()))
    if now != identity:
        differ = sorted(k for k in {*now, *identity} if now.get(k) != identity.get(k))
        raise InputError(
            f"the encoder {identity['name']!r} of modality {modality!r} is not the one that the "
            f"preprocessor was saved with: {differ} differ; install the same weights, or fit again"
        )
    return made


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} is no saved preprocessor: {error}; write one with preprocessor.save(path)"
        ) from None
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise InputError(f"{path} has no format that this version reads, {FORMAT}")
    return config
