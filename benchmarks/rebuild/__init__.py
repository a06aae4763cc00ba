"""Rebuild the bundled data files from the packages that they come from."""

from __future__ import annotations

import argparse
import hashlib
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write a compressed npz file whose bytes depend on the arrays and on zlib alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(arrays):
            content = BytesIO()
            np.lib.format.write_array(content, np.ascontiguousarray(arrays[name]), version=(1, 0))
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            archive.writestr(entry, content.getvalue(), zipfile.ZIP_DEFLATED, compresslevel=9)


def main(build: Callable[[Path], dict[str, np.ndarray]], doc: str | None) -> None:
    """Run a rebuild script: SOURCE_DIR and OUT_FILE from the command line."""
    parser = argparse.ArgumentParser(
        description=doc, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source_dir", type=Path, help="folder with the unpacked packages")
    parser.add_argument("out_file", type=Path, help="the npz file to write")
    arguments = parser.parse_args()
    arrays = build(arguments.source_dir)
    save_arrays(arguments.out_file, arrays)
    for name, array in sorted(arrays.items()):
        print(f"{name:12} {array.dtype!s:8} {list(array.shape)}")
    content = arguments.out_file.read_bytes()
    print(f"{arguments.out_file}: {len(content):,} bytes, sha256")
    print(hashlib.sha256(content).hexdigest())
