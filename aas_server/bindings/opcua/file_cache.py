"""Files whose content costs something to understand: looked at again only when they changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any, TypeVar

_Content = TypeVar("_Content")


class FileCache:
    """What files held when they were read last; safe to use from several threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._known: dict[Hashable, tuple[tuple[int, ...], Any]] = {}

    def __len__(self) -> int:
        """Return how many files are remembered."""
        return len(self._known)

    def get(self, path: Path, read: Callable[[Path], _Content]) -> _Content:
        """Return what ``read`` makes of ``path``, of which the same is expected for the same file.

        Raises ``OSError`` when there is no such file, and what ``read`` raises.
        """
        status = path.stat()
        # Before the reading: what changes meanwhile is read again the next time.
        stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
        known = self._known.get((path, read))
        if known is not None and known[0] == stamp:
            content: _Content = known[1]
            return content
        content = read(path)
        if len(self._known) >= self._limit:
            self._known.clear()
        self._known[path, read] = stamp, content
        return content
