"""The contents of a strategy's model card."""

from __future__ import annotations

from collections.abc import Sequence

from graphfuse._card import Description
from graphfuse._markdown import Table
from graphfuse.data import Schema
from graphfuse.fusion.info import StrategyInfo

MOST_CLASSES = 30
"""Largest number of classes whose names are listed."""


def describe_strategy(
    info: StrategyInfo, name: str, schema: Schema, rows: Sequence[Sequence[str]]
) -> Description:
    """Return the summary, paper, schema and options of a strategy for its model card.

    Example:
        >>> from graphfuse.data import Modality, Target
        >>> from graphfuse.fusion import strategy_info
        >>> schema = Schema([Modality("a", (3,)), Modality("b", (3, 8, 8))], Target("binary"))
        >>> found = describe_strategy(strategy_info("concat"), "concat", schema, [])
        >>> found.tables["Modalities"][1]
        [['a', '3', 'none'], ['b', '3 x 8 x 8', 'none']]
    """
    facts = [["name", name], ["family", info.family], *([["paper", info.paper]] * bool(info.paper))]
    return Description(
        name=name,
        paragraphs=[
            f"A strategy of graphfuse for multimodal data: {info.summary}.",
            "It takes batches of the modalities below, any of which a sample may lack, with nodes "
            "prepared (encoded, scaled) as in its training.",
        ],
        tables={
            "Strategy": (["what", "value"], [*facts, *rows]),
            "Modalities": _modalities(schema),
            "Target": _target(schema),
        },
        load="Strategy",
        imported_from="graphfuse.fusion",
        tags=[
            f"{info.family}-fusion",
            *(["graph-neural-network"] if info.family == "graph" else []),
        ],
        task=schema.task,
    )


def _modalities(schema: Schema) -> Table:
    header = ["modality", "features of a node", "coordinates of its position"]
    rows = [
        [m.name, " x ".join(map(str, m.shape)), str(m.pos_dim or "none")] for m in schema.modalities
    ]
    return header, rows


def _target(schema: Schema) -> Table:
    rows = [
        [name, target.task, _classes(target.classes)] for name, target in schema.targets.items()
    ]
    return ["target", "task", "classes"], rows


def _classes(names: Sequence[str]) -> str:
    if len(names) > MOST_CLASSES:
        return f"{len(names)}, in the order of config.json"
    return ", ".join(names) or "none"
