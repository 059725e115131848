"""Files that are there in full and durable, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from aas_server.errors import ConfigurationError

PREFIX: Final = ".part-"
"""How folders beside the target begin; only a killed process leaves one."""


@contextmanager
def whole_file(target: Path, *, replace: bool) -> Iterator[Path]:
    """Yield the path of a file to write; it becomes ``target`` when the block ends well.

    Otherwise nothing of it stays. Raises ``ConfigurationError`` for a target that exists, unless it
    is to be replaced, or that cannot be written beside.
    """
    require_absent(target, replace=replace)
    if not target.parent.is_dir():
        raise ConfigurationError("its folder does not exist: make it first", path=str(target))
    with TemporaryDirectory(dir=target.parent, prefix=PREFIX) as folder:
        part = Path(folder) / target.name
        yield part
        sync(part)
        require_absent(target, replace=replace)
        part.replace(target)
        sync(target.parent)


def require_absent(target: Path, *, replace: bool) -> None:
    """Raise ``ConfigurationError`` when ``target`` exists and is not to be replaced, or cannot."""
    if target.is_dir():
        raise ConfigurationError("is a folder: name a file", path=str(target))
    if target.exists() and not replace:
        raise ConfigurationError(
            "exists already: name another file, or say --force to replace it", path=str(target)
        )


def sync(path: Path) -> None:
    """Return once a file, or which files a folder has, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
