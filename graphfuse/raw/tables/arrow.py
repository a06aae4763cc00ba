"""Rows on disk as Arrow, memory-mapped: those of Parquet files and of streams."""

from __future__ import annotations

import atexit
import hashlib
import itertools
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphfuse._files import clear_errors, write_whole
from graphfuse._progress import progress_bar
from graphfuse.errors import InputError

if TYPE_CHECKING:
    from datasets import Dataset, IterableDataset

ROWS = 64
"""Rows in memory at once while they are written; pictures make them large."""
ANOTHER_CACHE = "make room, or name another folder by the environment variable HF_DATASETS_CACHE"


def mapped(path: Path) -> Dataset:
    """Return the rows of a Parquet file from a copy on disk, which is made once per file.

    It is in the cache of Hugging Face, under the path, size and time of the file. While it is made,
    one page of the file is in memory; with large cells, this is often a whole row group.
    """
    import pyarrow
    import pyarrow.parquet
    from datasets import Dataset

    stat = path.stat()
    version = f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}"
    copy = cache_folder() / f"{hashlib.sha256(version.encode()).hexdigest()}.arrow"
    if not copy.exists():
        with (
            pyarrow.parquet.ParquetFile(
                path, buffer_size=2**20, page_checksum_verification=True
            ) as file,
            write_whole(copy, "rows", ANOTHER_CACHE) as part,
        ):
            bar = progress_bar(desc=path.name, unit="row", total=file.metadata.num_rows)
            with pyarrow.ipc.new_stream(str(part), file.schema_arrow) as writer, bar:
                for batch in file.iter_batches(batch_size=ROWS):
                    writer.write_batch(batch)
                    bar.update(len(batch))
        pyarrow.default_memory_pool().release_unused()  # of pages, which hold many pictures
    return Dataset.from_file(str(copy))


def stored(stream: IterableDataset, limit: int | None) -> Dataset:
    """Read a stream once, or its first rows, into a file that is removed when Python ends.

    Raises:
        InputError: rows that Arrow does not hold together.
    """
    import pyarrow
    from datasets import Dataset
    from datasets.arrow_writer import ArrowWriter

    features = stream.features
    folder = Path(tempfile.mkdtemp(prefix="stream-", dir=cache_folder()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    writer = ArrowWriter(features=features, path=str(folder / "rows"), writer_batch_size=ROWS)
    unfit = (pyarrow.ArrowException, KeyError, OverflowError, TypeError, ValueError)
    rows = 0
    for row in progress_bar(itertools.islice(stream, limit), desc="stream", unit="row"):
        try:
            with clear_errors(folder, "rows of the stream", ANOTHER_CACHE):
                writer.write(row if features is None else features.encode_example(row))
        except InputError:
            raise
        except unfit as error:
            raise _unfit(rows, error) from None
        rows += 1
    if not rows:
        raise InputError("the stream has no rows; create the generator again if it was consumed")
    try:
        with clear_errors(folder, "rows of the stream", ANOTHER_CACHE):
            writer.finalize()
    except InputError:
        raise
    except unfit as error:
        raise _unfit(rows, error) from None
    return Dataset.from_file(str(folder / "rows"))


def _unfit(rows: int, error: Any) -> InputError:
    return InputError(
        f"rows of the stream up to row {rows} do not fit together: {type(error).__name__}: "
        f"{error}; say what columns hold, as in IterableDataset.from_generator(..., features=...)"
    )


def cache_folder() -> Path:
    """Return the folder of tables on disk, within the cache of Hugging Face.

    Raises:
        InputError: it cannot be written.
    """
    from datasets import config

    folder = Path(config.HF_DATASETS_CACHE) / "graphfuse"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(f"{folder} is not writable")
    except OSError as error:
        raise InputError(
            f"the rows of a stream are stored in the cache of Hugging Face, but {error}; name a "
            f"writable folder with the environment variable HF_DATASETS_CACHE"
        ) from None
    return folder
