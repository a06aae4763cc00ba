"""Load models of the transformers library: complete, frozen, without running their own code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphfuse._progress import without_transformers_bars
from graphfuse.errors import InputError, MissingDependencyError


def import_library(purpose: str) -> Any:
    """Import ``transformers``; if it is missing, the error names the purpose.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import transformers
    except ImportError:
        raise MissingDependencyError("transformers", "encoders", purpose) from None
    return transformers


def load_network(model: str, folder: Path, what: str, unused: tuple[str, ...]) -> Any:
    """Return the network in a folder, in evaluation mode; of an encoder-decoder, the encoder.

    ``model`` and ``what`` name it in messages. Weights whose names begin with ``unused`` may be
    missing.

    Raises:
        InputError: it cannot be loaded, or lacks weights.
    """
    from transformers import AutoModel

    network, report = load(
        AutoModel, model, folder, what, weights_only=True, output_loading_info=True
    )
    missing = sorted(key for key in report["missing_keys"] if not key.startswith(unused))
    if missing:
        raise InputError(
            f"{model!r} ({folder}) lacks {len(missing)} of the weights of a "
            f"{type(network).__name__}, {missing[0]!r} for example; give a model with complete "
            f"weights"
        )
    if network.config.is_encoder_decoder:
        network = network.get_encoder()
    return network.float().eval().requires_grad_(False)


def load(auto: Any, model: str, folder: Path, what: str, **options: Any) -> Any:
    """Return what a class of transformers, such as ``AutoTokenizer``, loads from a folder.

    Raises:
        InputError: it cannot be loaded.
    """
    try:
        with without_transformers_bars():
            return auto.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, **options
            )
    except Exception as error:  # a damaged folder fails in any way
        raise InputError(
            f"{model!r} ({folder}) cannot be loaded as {what} of transformers: {error}"
        ) from error
