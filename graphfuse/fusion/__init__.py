"""Fusion strategies: list them, create them by name, add one by adding a file."""

from graphfuse.fusion.create import create_strategy
from graphfuse.fusion.end_to_end import EndToEnd
from graphfuse.fusion.info import (
    FAMILIES,
    Family,
    StrategyInfo,
    list_strategies,
    modality_name,
    strategies,
    strategy,
    strategy_info,
    strategy_options,
)
from graphfuse.fusion.output import FusionOutput
from graphfuse.fusion.parts import PooledStrategy
from graphfuse.fusion.strategy import Strategy

__all__ = [
    "FAMILIES",
    "EndToEnd",
    "Family",
    "FusionOutput",
    "PooledStrategy",
    "Strategy",
    "StrategyInfo",
    "create_strategy",
    "list_strategies",
    "modality_name",
    "strategies",
    "strategy",
    "strategy_info",
    "strategy_options",
]
