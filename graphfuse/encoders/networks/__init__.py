"""Networks that encode raw nodes inside a strategy, one per file, trained with it end to end."""

from graphfuse.encoders.networks.network import (
    Encoded,
    Network,
    create_network,
    create_networks,
    encoded_schema,
    network,
    networks,
)

__all__ = [
    "Encoded",
    "Network",
    "create_network",
    "create_networks",
    "encoded_schema",
    "network",
    "networks",
]
