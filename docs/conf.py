"""Sphinx configuration; the build downloads nothing."""

import importlib
import inspect
import json
import sys
from pathlib import Path

import torch
from sphinx.util import logging

from graphfuse import __version__, create_strategy
from graphfuse.bench.match import count_parameters
from graphfuse.data import Modality, Schema, Target, list_datasets
from graphfuse.encoders import list_encoders
from graphfuse.encoders.choice import DEFAULTS
from graphfuse.errors import InputError
from graphfuse.fusion import StrategyInfo, strategies, strategy_options
from graphfuse.fusion.info import FAMILIES
from graphfuse.graph import relations
from graphfuse.raw.catalog import list_raw_datasets
from graphfuse.training.balance import balance_methods

HERE = Path(__file__).parent
RESULTS = HERE.parent / "benchmarks/results"
sys.path.append(str(HERE))  # for the gallery's scraper
torch.set_num_threads(1)  # more make the gallery's small models slower

project = "graphfuse"
author = "The graphfuse developers"
version = release = __version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
]
html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_css_files = ["graphfuse.css"]
html_theme_options = {
    "logo": {"text": "graphfuse"},
    "header_links_before_dropdown": 5,
    "show_toc_level": 2,
}
html_show_sourcelink = False
html_sidebars = dict.fromkeys(
    (
        "guide",
        "planted",
        "training",
        "speed",
        "datasets",
        "stamps",
        "own-data",
        "convert",
        "augment",
        "clean",
        "api",
        "design-notes",
        "contributing",
    ),
    (),
)  # pages without pages below them
exclude_patterns = ["_build", "_generated", "gallery"]
napoleon_google_docstring = True
napoleon_custom_sections = ["Shapes"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
nitpicky = True
nitpick_ignore_regex = [("py:.*", r"(?!graphfuse\.).*\..*")]  # of other packages
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "image_scrapers": ("_figures.scrape",),
    "ignore_repr_types": "matplotlib",
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
}

PUBLIC = ("data", "errors", "fusion", "graph", "nn", "report", "stats", "testing", "training")
SIZES = (2, 8)
"""Numbers of modalities for which the tables show the number of parameters."""


def write_tables() -> None:
    """Write what the registries know, so that a new file shows up and no page is out of date."""
    folder = HERE / "_generated"
    folder.mkdir(exist_ok=True)
    every = [strategies.get(name) for name in strategies.names()]
    every.sort(key=lambda info: FAMILIES.index(info.family))
    rows = [[link(info), info.family, info.summary, info.needs] for info in every]
    header = ["strategy", "family", "what it does", "needs"]
    (folder / "strategies.md").write_text(table(header, rows))
    for family in FAMILIES:
        members = [info for info in every if info.family == family]
        sections = [strategy_section(info) for info in members]
        (folder / f"{family}.md").write_text("\n".join([family_table(members), *sections]))
    (folder / "relations.md").write_text(relation_table())
    (folder / "encoders.md").write_text(encoder_table())
    methods = [(name, balance_methods.get(name)) for name in balance_methods.names()]
    sections = [f"### `{name}`\n\n{autoclass(method)}" for name, method in methods]
    (folder / "balance.md").write_text("\n".join(sections))
    parts = [
        f"## {card.name}\n\n{card.title}: {card.samples} samples, {' + '.join(card.modalities)}, "
        f"{card.task} with {card.classes} classes. Licence: {card.license}.\n\n{card.description}\n"
        for card in [*list_datasets(), *list_raw_datasets()]
    ]
    (folder / "datasets.md").write_text("\n".join(parts))
    (folder / "sparse.md").write_text(sparse_table())
    (folder / "convs.md").write_text(conv_table())
    (folder / "batches.md").write_text(batch_table())
    (folder / "encode.md").write_text(encode_table())
    (folder / "stamps.md").write_text(stamps_table())


def family_table(members: list[StrategyInfo]) -> str:
    """Return a table of what strategies do, and of how many parameters they have."""
    sizes = [f"{size} modalities" for size in SIZES]
    rows = [
        [link(info), info.summary, *(parameters(info, size) for size in SIZES)] for info in members
    ]
    return table(["strategy", "what it does", *sizes], rows)


def relation_table() -> str:
    """Return a table of all relations."""
    every = [relations.get(name) for name in relations.names()]
    rows = [
        [
            f"{{py:class}}`~graphfuse.graph.{relation.__name__}`",
            f"`{relation.name}`",
            relation.summary,
            "yes" if relation.fits else "",
        ]
        for relation in every
    ]
    return table(["relation", "name", "joins", "fitted on training data"], rows)


def encoder_table() -> str:
    """Return a table of all encoders, the one that is taken without a choice marked."""
    rows = [
        [
            info.kind,
            f"`{info.name}`" + (" (default)" if info.name == DEFAULTS[info.kind].name else ""),
            info.title,
            info.nodes,
            f"`graphfuse[{info.needs}]`" if info.needs else "",
        ]
        for info in list_encoders()
    ]
    return table(["of", "encoder", "what it does", "nodes", "needs"], rows)


def sparse_table() -> str:
    """Return a table of how many times as quick sparse edges are, as last measured."""
    stored = json.loads((RESULTS / "sparse.json").read_text())
    sizes = sorted({row["nodes"] for row in stored["rows"]})
    ratios = {
        (row["conv"], row["nodes"]): f"{row['dense'] / row['sparse']:.1f}" for row in stored["rows"]
    }
    rows = [
        [f"`{conv}`", *(ratios[conv, size] for size in sizes), str(least or "beyond the table")]
        for conv, least in stored["pays_from"].items()
    ]
    header = ["conv", *(f"{size} nodes" for size in sizes), "pays from"]
    return table(header, rows) + measured("sparse", stored)


def conv_table() -> str:
    """Return a table of how quick and how large convs are beside PyG's, as last measured."""
    stored = json.loads((RESULTS / "convs.json").read_text())
    shown = ["compiled"] if all("compiled" in row["both_ms"] for row in stored["rows"]) else []
    rows = [
        [
            f"`{row['conv']}`",
            ", ".join(map(str, row["nodes"])),
            f"{row['density']:.0%}",
            speedups(row, "dense"),
            *(speedups(row, "compiled") for _ in shown),
            f"{row['forward_over_floor']:.3g} / {row['both_over_floor']:.3g}",
            *(f"{row['peak_mb'][side]:,.1f}" for side in ("dense", "pyg")),
        ]
        for row in stored["rows"]
    ]
    header = [
        "conv",
        "nodes",
        "edges",
        "times as quick",
        *shown,
        "times the floor",
        "MB",
        "MB, PyG",
    ]
    return table(header, rows) + measured("convs", stored)


def speedups(row: dict, side: str) -> str:
    """Return how many times as quick as PyG's conv ours is, forward and with backward."""
    both = (row["forward_ms"], row["both_ms"])
    return " / ".join(f"{times['pyg'] / times[side]:.3g}" for times in both)


def batch_table() -> str:
    """Return a table of batches and graphs beside PyG's and a loop, as last measured."""
    stored = json.loads((RESULTS / "batches.json").read_text())
    rows = [
        [
            ", ".join(map(str, row["nodes"])),
            str(row["channels"]),
            *(f"{row[ratio]:.3g}" for ratio in BATCH_RATIOS.values()),
        ]
        for row in stored["rows"]
    ]
    return table(["nodes", "features", *BATCH_RATIOS], rows) + measured("batches", stored)


BATCH_RATIOS = {
    "batch": "batch_ratio",
    "bare copy": "batch_ratio_of_floor",
    "batch with edges": "batch_ratio_with_edges",
    "graphs": "graph_ratio",
}
"""Columns of the table of batches, times as quick as the other side."""


def encode_table() -> str:
    """Return a table of the speed of encoders beside their networks alone, as last measured."""
    stored = json.loads((RESULTS / "encode.json").read_text())
    rows = [
        [
            row["kind"],
            f"`{row['encoder']}`",
            *(f"{row['per_second'][side]:,.1f}" for side in ("alone", "ahead")),
            f"{row['of_bare']['ahead']:.0%}" if row["of_bare"] else "",
            *(f"{row['ms'][part]:.2f}" for part in ("read", "prepare", "encode")),
        ]
        for row in stored["rows"]
    ]
    header = ["of", "encoder", "in one thread", "as compared", "of the network alone",
              "read, ms", "prepare, ms", "encode, ms"]  # fmt: skip
    return table(header, rows) + measured("encode", stored)


def stamps_table() -> str:
    """Return a table of accuracies on the stamps without and with speech, as last measured."""
    stored = json.loads((RESULTS / "stamps.json").read_text())
    columns = {"without": "{:.3f}", "with": "{:.3f}", "difference": "{:+.3f}", "p": "{:.3f}"}
    rows = []
    for row in stored["rows"]:
        name = row["strategy"] if ", " in row["strategy"] else f"`{row['strategy']}`"
        known = {key: form for key, form in columns.items() if row.get(key) is not None}
        cells = [known[key].format(row[key]) if key in known else "" for key in columns]
        rows.append([name, *cells])
    header = ["", "image + text", "with speech", "difference", "p (Holm)"]
    return table(header, rows) + measured("stamps", stored)


def measured(name: str, stored: dict) -> str:
    """Say what made a table, where and when."""
    facts = f"{stored['environment']['cpu']}, one thread, {stored['date']}"
    return f"\nMeasured by `python -m benchmarks.{name}` ({facts}).\n"


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def strategy_section(info: StrategyInfo) -> str:
    """Return what is known about a strategy, and the documentation of its class."""
    name = f"{info.name}:a" if info.per_modality else info.name
    defaults = inspect.signature(info.make).parameters
    options = [f"`{o}={defaults[o].default!r}`" for o in strategy_options(name) if o != "ablation"]
    source, _, link = info.paper.rpartition(", ")
    facts = {
        "Paper": f"[{source}]({link})" if link else "",
        "Needs": info.needs,
        "Options": ", ".join(options),
        "Ablations": ", ".join(f"`{info.name}/{ablation}`" for ablation in info.ablations),
    }
    listed = "\n".join(f"- {what}: {text}" for what, text in facts.items() if text)
    summary = info.summary[0].upper() + info.summary[1:]
    return (
        f"({anchor(info)})=\n### `{shown_name(info)}`\n\n{summary}.\n\n{listed}\n\n"
        f"{autoclass(info.make)}"
    )


def shown_name(info: StrategyInfo) -> str:
    """Return the name, with a placeholder for the modality if it has one."""
    return f"{info.name}:<modality>" if info.per_modality else info.name


def link(info: StrategyInfo) -> str:
    """Return a link to a strategy's section."""
    return f"[`{shown_name(info)}`](#{anchor(info)})"


def anchor(info: StrategyInfo) -> str:
    """Return what links to a strategy's section point at."""
    return f"strategy-{info.name.replace(':', '-').replace('_', '-')}"


def parameters(info: StrategyInfo, size: int) -> str:
    """Return the number of parameters for ``size`` modalities of 32 features and a time."""
    modalities = [Modality(letter, (32,), pos_dim=1) for letter in "abcdefgh"[:size]]
    name = f"{info.name}:a" if info.per_modality else info.name
    try:
        strategy = create_strategy(name, Schema(modalities, Target("binary")))
    except InputError:
        return "too many"
    found = count_parameters(strategy)
    # The size of trees depends on the data.
    return f"{found:,}" if found or not info.fixed_features else "by the data"


def autoclass(cls: type) -> str:
    """Return the directive that shows the documentation of a class."""
    return f"```{{eval-rst}}\n.. autoclass:: {cls.__module__}.{cls.__qualname__}\n```\n"


def hide_signature(app, what, name, obj, options, signature, returns):
    """Leave the signature out where a class is asked for by name: its options are listed above."""
    named = [strategies.get(n).make for n in strategies.names()]
    named += [balance_methods.get(n) for n in balance_methods.names()]
    return ("", None) if obj in named else None


def find_missing(app, env) -> None:
    """Warn of public names that the API pages do not show."""
    shown = env.domains["py"].objects
    for room in PUBLIC:
        module = importlib.import_module(f"graphfuse.{room}")
        for name in getattr(module, "__all__", ()):
            if f"graphfuse.{room}.{name}" not in shown:
                logging.getLogger(__name__).warning("graphfuse.%s.%s is not shown", room, name)


def setup(app) -> None:
    app.connect("autodoc-process-signature", hide_signature)
    app.connect("env-check-consistency", find_missing)


write_tables()
