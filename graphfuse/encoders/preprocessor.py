"""Convert raw samples to scaled nodes, with encoders and steps fitted on the training part."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

from safetensors.torch import load, save

from graphfuse._files import check_free, whole_folder
from graphfuse.data.dataset import FusionDataset
from graphfuse.data.sample import Sample
from graphfuse.data.schema import Schema
from graphfuse.data.steps.sequence import Steps, choose_steps
from graphfuse.encoders._new_samples import in_columns, labels_in, one_row, text_forms
from graphfuse.encoders.assembly import assemble
from graphfuse.encoders.cells import encode_cells
from graphfuse.encoders.choice import create_encoders
from graphfuse.encoders.encoder import Encoder, Nodes, create_encoder, plain_options
from graphfuse.encoders.problems import check_unreadable, report_problems
from graphfuse.errors import InputError, NotFittedError, UnknownNameError
from graphfuse.raw import Column, Manifest, facts
from graphfuse.raw.cell import ItemRepair
from graphfuse.raw.cleaning import clean as clean_manifest
from graphfuse.raw.cleaning import create_cleaners, create_repairs

CONFIG, STATE = "preprocessor.json", "state.safetensors"
FORMAT = 2
SETTINGS = ("encoders", "steps", "clean", "unreadable", "allow_missing_modality")


class Preprocessor:
    r"""Encoders and fitted steps that convert raw samples to the input of a strategy.

    ``fit`` uses only the training part. The preprocessor is saved beside a model and applied
    unchanged to new raw samples.

    Args:
        encoders: ``{modality: encoder}``; see :func:`graphfuse.encoders.encode`.
        steps: steps after those of the encoders, as names or ``{name: options}``; if None, those
            of the manifest, by default standardisation.
        clean: steps of cleaning for the training part; see ``graphfuse.raw.cleaning.clean``.
            Those that change each item on its own (and ranges of numbers) hold for new samples,
            of which none is left out.
        unreadable: what to do with a cell that cannot be read, "missing" or "error".
        allow_missing_modality: whether to fit where no cell of a column can be read.
        cache: folder of encoded nodes.
        n_jobs: processes at work, -1 for one per core; see :func:`graphfuse.encoders.encode`.
        device: that encoders with weights compute on; "auto" is CUDA where it is there.

    Example:
        >>> from graphfuse.raw import read_manifest
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
        allow_missing_modality: bool = False,
        cache: str | Path | None = None,
        n_jobs: int = 1,
        device: str = "auto",
    ) -> None:
        if not isinstance(encoders, Mapping | None):
            raise InputError(f"encoders must be {{modality: encoder}}, got {encoders!r}")
        self.cleaners = create_cleaners(clean)
        self.repairs: dict[str, tuple[ItemRepair, ...]] = {}
        self.given = dict(encoders or {})
        self.wanted = None if steps is None else Steps(steps).specs
        self.unreadable = check_unreadable(unreadable)
        self.allow_missing_modality = allow_missing_modality
        self.cache, self.n_jobs, self.device = cache, n_jobs, device
        self.columns: tuple[Column, ...] = ()
        self.forms: dict[str, str] = {}
        self.encoders: dict[str, Encoder] = {}
        self.steps: Steps | None = None
        self.schema: Schema | None = None
        self.raw_schema: Schema | None = None

    @classmethod
    def from_yaml(cls, path: str | Path, **options: Any) -> Preprocessor:
        """Read settings by the names of the arguments, without those of the machine, from YAML.

        Raises:
            InputError: the file cannot be read or holds something else.
        """
        import yaml

        try:
            content = yaml.safe_load(Path(path).read_text(encoding="utf-8")) or {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InputError(f"{path} is not a readable YAML file: {error}") from None
        if not isinstance(content, dict):
            raise InputError(f"{path} must hold settings by name, got a {type(content).__name__}")
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
        built = create_encoders(train, self.given)
        raw = assemble(train, built, self._encode(train, built, self.allow_missing_modality))
        self.encoders = {m: built[m] for m in raw.schema.names}
        self.columns = tuple(c for c in train.columns if _is_used(c, self.encoders))
        self.forms = text_forms(replace(train, columns=self.columns))
        self.steps = Steps(choose_steps(raw, self.wanted).steps).fit(raw)
        fitted = replace(self.steps.transform(raw), steps=())
        self.raw_schema, self.schema = raw.schema, fitted.schema
        return fitted

    def transform(self, manifest: Manifest) -> FusionDataset:
        """Return the dataset of other samples, with what was fitted on the training part.

        Columns keep the kinds of the training part. An absent column counts as missing, an
        additional column is left out, and a new category is unknown. A new label is treated as a
        cell that cannot be read.

        Raises:
            NotFittedError: before :meth:`fit`.
            InputError: none of the columns is there, or nothing can be read.
        """
        steps, schema, _ = self._fitted()
        manifest = in_columns(manifest, self.columns)
        known = facts(manifest, labelled=False)
        y, strange = labels_in(schema, known.y, known.classes, manifest.ids)
        report_problems(manifest, strange, self.unreadable)
        raw = assemble(manifest, self.encoders, self._encode(manifest, self.encoders, True), schema)
        return replace(steps.transform(replace(raw, y=y)), steps=())

    def sample(self, values: Mapping[str, Any], root: str | Path | None = None) -> Sample:
        """Return one new raw sample as a strategy takes it.

        Args:
            values: ``{column: value}`` of the training part's columns: text, numbers, the bytes
                of a file, its path below ``root``, or a list of several; a column that is left out
                or None is missing.
            root: folder that paths start from and must not leave; without it there are no paths.

        Raises:
            NotFittedError: before :meth:`fit`.
            UnknownNameError: a column that the training part does not have.
            InputError: a cell that cannot be read, for every value of ``unreadable``, or no cell at
            all.
        """
        steps, schema, _ = self._fitted()
        known = [column.name for column in self.columns]
        for name in values:
            if name not in known:
                raise UnknownNameError("column", name, known)
        columns = [column for column in self.columns if column.modality or column.kind == "id"]
        manifest = Manifest(
            one_row(columns, self.forms, values),
            tuple(column for column in columns if column.modality or column.name in values),
            None if root is None else Path(root),
        )
        manifest = replace(manifest, repairs=self.repairs)
        encoded = encode_cells(
            manifest,
            self.encoders,
            device=self.device,
            keep=False,
            progress=False,
            allow_missing_modality=True,
        )
        nodes, problems = encoded.nodes, encoded.problems
        if problems:
            raise InputError("; ".join(str(problem) for problem in problems))
        if not any(rows for (rows,) in nodes.values()):
            named = [column.name for column in columns if column.modality]
            raise InputError(f"the sample has no value in any of the columns {named}")
        return steps.transform(assemble(manifest, self.encoders, nodes, schema))[0]

    def save(self, path: str | Path) -> None:
        """Save columns, encoders by name and options, and what the steps learnt, in a folder.

        Weights of encoders are not copied; loading checks that they are the same. To keep it with
        a model, set ``strategy.preprocessor`` instead, which ``save_pretrained`` saves too.
        """
        self._fitted()
        path = Path(path)
        check_free(path, "preprocessor", (CONFIG, STATE), _read_config)
        with whole_folder(path) as work:
            self.write(work)

    def write(self, folder: Path) -> None:
        """Write the files of :meth:`save` into an existing folder."""
        steps, raw_schema, schema = self._fitted()
        state = save({k: v.contiguous() for k, v in steps.state().items()})
        config = {
            "format": FORMAT,
            "columns": [asdict(column) for column in self.columns],
            "forms": self.forms,
            "encoders": {
                m: {"options": encoder.options, "identity": encoder.identity()}
                for m, encoder in self.encoders.items()
            },
            "steps": [spec.plain for spec in steps.specs],
            "repairs": {
                m: [repair.spec.plain for repair in own] for m, own in self.repairs.items()
            },
            "unreadable": self.unreadable,
            "raw_schema": raw_schema.to_dict(),
            "schema": schema.to_dict(),
        }
        config["digest"] = _digest(config, state)
        (folder / CONFIG).write_text(json.dumps(config, indent=1), encoding="utf-8")
        (folder / STATE).write_bytes(state)

    @classmethod
    def load(
        cls,
        path: str | Path,
        *,
        cache: str | Path | None = None,
        n_jobs: int = 1,
        device: str = "auto",
    ) -> Preprocessor:
        """Read a folder that :meth:`save` wrote, or that of a model that it was saved with.

        Raises:
            InputError: the folder is missing, damaged or edited, or the weights or options of an
                encoder have changed.
        """
        path = Path(path)
        config = _read_config(path)
        try:
            state = (path / STATE).read_bytes()
        except OSError as error:
            raise InputError(
                f"{path / STATE} is not readable: {error.strerror}; save it again"
            ) from None
        if config.pop("digest", None) != _digest(config, state):
            raise InputError(
                f"{path} is damaged, or was edited: {CONFIG} and {STATE} are not those that were "
                f"saved; save the preprocessor again"
            )
        preprocessor = cls(
            unreadable=config["unreadable"], cache=cache, n_jobs=n_jobs, device=device
        )
        preprocessor.columns = tuple(Column(**column) for column in config["columns"])
        preprocessor.forms = config["forms"]
        preprocessor.encoders = {
            m: _same_encoder(m, saved) for m, saved in config["encoders"].items()
        }
        preprocessor.repairs = {m: create_repairs(own) for m, own in config["repairs"].items()}
        preprocessor.steps = Steps(config["steps"]).load_state(load(state))
        preprocessor.raw_schema = Schema.from_dict(config["raw_schema"])
        preprocessor.schema = Schema.from_dict(config["schema"])
        return preprocessor

    def _encode(
        self, manifest: Manifest, made: Mapping[str, Encoder], allow_missing_modality: bool
    ) -> dict[str, list[list[Nodes]]]:
        manifest = replace(manifest, repairs=self.repairs)
        encoded = encode_cells(
            manifest,
            made,
            cache=self.cache,
            n_jobs=self.n_jobs,
            device=self.device,
            allow_missing_modality=allow_missing_modality,
        )
        report_problems(manifest, encoded.single_problems, self.unreadable)
        return encoded.nodes

    def _fitted(self) -> tuple[Steps, Schema, Schema]:
        """Return the fitted steps, and the schemas of the nodes that they take and return."""
        if self.steps is None or self.raw_schema is None or self.schema is None:
            raise NotFittedError(
                "the preprocessor is not fitted; call preprocessor.fit(train) first"
            )
        return self.steps, self.raw_schema, self.schema


def _is_used(column: Column, modalities: Container[str]) -> bool:
    return column.modality in modalities or (not column.modality and column.kind != "skip")


def _digest(config: Mapping[str, Any], state: bytes) -> str:
    """Return the SHA-256 of what is saved, as it is once read back from JSON."""
    plain = json.loads(json.dumps(config))
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode() + state).hexdigest()


def _same_encoder(modality: str, saved: Mapping[str, Any]) -> Encoder:
    """Return the encoder of the options that it was saved with, the place of its model included."""
    identity = saved["identity"]
    options = plain_options(saved["options"])
    built = create_encoder(identity["kind"], identity["name"], **options)
    now = json.loads(json.dumps(built.identity()))
    if now != identity:
        differ = sorted(k for k in {*now, *identity} if now.get(k) != identity.get(k))
        raise InputError(
            f"the encoder {identity['name']!r} of modality {modality!r} is not the one that the "
            f"preprocessor was saved with: {differ} differ; install the same weights, or fit again"
        )
    return built


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is not a saved preprocessor: {error}; write one with preprocessor.save(path)"
        ) from None
    if not isinstance(config, dict) or config.get("format") != FORMAT:
        raise InputError(
            f"{path} was not saved in format {FORMAT}, the only one that this version reads"
        )
    return config
