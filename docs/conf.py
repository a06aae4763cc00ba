"""Sphinx configuration; the build downloads nothing."""

from pathlib import Path

from graphfuse import __version__
from graphfuse.data import list_datasets
from graphfuse.fusion import strategies

project = "graphfuse"
author = "The graphfuse developers"
version = release = __version__
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
html_theme = "pydata_sphinx_theme"
html_static_path = ["_static"]
html_theme_options = {"logo": {"text": "graphfuse"}}
exclude_patterns = ["_build", "_generated"]
napoleon_google_docstring = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_custom_sections = ["Shapes"]


def write_tables() -> None:
    """Write the pages' tables from the registries, so that they cannot be out of date."""
    folder = Path(__file__).parent / "_generated"
    folder.mkdir(exist_ok=True)
    rows = [(name, strategies.get(name)) for name in strategies.names()]
    lines = [
        "| strategy | family | needs | what it does | paper | ablations |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, info in rows:
        shown = f"{name}:\\<modality\\>" if info.per_modality else name
        cells = [
            shown,
            info.family,
            info.needs,
            info.summary,
            info.paper,
            ", ".join(info.ablations),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    (folder / "strategies.md").write_text("\n".join(lines) + "\n")
    parts = [
        f"## {card.name}\n\n{card.title}: {card.samples} samples, {' + '.join(card.modalities)}, "
        f"{card.task} with {card.classes} classes. Licence: {card.license}.\n\n{card.description}\n"
        for card in list_datasets()
    ]
    (folder / "datasets.md").write_text("\n".join(parts))


write_tables()
