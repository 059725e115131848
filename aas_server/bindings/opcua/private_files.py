"""Files that are there in full or not at all, and that several processes may want to make."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkstemp

PRIVATE_MODE = 0o600
"""Read and written by our own user alone."""


def write_whole(path: Path, content: bytes, *, mode: int = PRIVATE_MODE) -> None:
    """Put ``content`` in the place of ``path`` in one step, on the disk when this returns.

    Raises ``OSError``; then nothing changed.
    """
    descriptor, name = mkstemp(dir=path.parent, prefix=".part-")
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, mode)
            stream.write(content)
            stream.flush()
            os.fsync(descriptor)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold ``folder``, which is made if need be, for one process and thread at a time."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
