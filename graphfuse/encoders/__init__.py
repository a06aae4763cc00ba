"""Encoders: from raw images, texts, sounds, tables, series and videos to nodes."""

from graphfuse.encoders.encoder import (
    Encoder,
    EncoderInfo,
    Nodes,
    create_encoder,
    encoder,
    list_encoders,
)

__all__ = ["Encoder", "EncoderInfo", "Nodes", "create_encoder", "encoder", "list_encoders"]
