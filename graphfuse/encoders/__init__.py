"""Encoders: from raw images, texts, sounds, tables, series and videos to nodes."""

from graphfuse._moved import moved_names
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
    "label_errors",
    "list_encoders",
]

__getattr__ = moved_names(
    __name__,
    {
        name: f"graphfuse.loading.{new}"
        for name, new in {
            "load": "load_dataset",
            "is_raw": "is_raw",
            "read_raw": "read_raw",
        }.items()
    },
)
