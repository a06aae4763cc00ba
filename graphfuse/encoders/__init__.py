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
from graphfuse.encoders.label_errors import LabelErrors, label_errors
from graphfuse.encoders.loading import is_raw, load, read_raw
from graphfuse.encoders.preprocessor import Preprocessor

__all__ = [
    "Encoder",
    "EncoderInfo",
    "LabelErrors",
    "Nodes",
    "Preprocessor",
    "create_encoder",
    "encode",
    "encoder",
    "is_raw",
    "label_errors",
    "list_encoders",
    "load",
    "read_raw",
]
