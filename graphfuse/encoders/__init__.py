"""Encoders: from raw images, texts, sounds, tables, series and videos to nodes."""

from graphfuse.encoders.encoder import (
    Encoder,
    EncoderInfo,
    Nodes,
    create_encoder,
    encoder,
    list_encoders,
)
from graphfuse.encoders.encoding import encode
from graphfuse.encoders.preprocessor import Preprocessor

__all__ = [
    "Encoder",
    "EncoderInfo",
    "Nodes",
    "Preprocessor",
    "create_encoder",
    "encode",
    "encoder",
    "list_encoders",
]
