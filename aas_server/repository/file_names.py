"""Which files documents name, in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from aas_server.repository.heads import Key
from aas_server.store.protocol import FileEntry, FileWrite, Kind


class FileNames:
    """The names of all files, by the document that uses them."""

    def __init__(self) -> None:
        self._entries: dict[Key, dict[str, FileEntry]] = {}
        self._under_way: dict[object, Sequence[FileWrite]] = {}

    def get(self, kind: Kind, owner: str, path: str) -> FileEntry | None:
        """Return the file that ``owner`` calls ``path``, or None."""
        return self._entries.get((kind, owner), {}).get(path)

    def of(self, kind: Kind, owner: str) -> list[FileEntry]:
        """Return the files of ``owner``."""
        return list(self._entries.get((kind, owner), {}).values())

    def put(self, entry: FileEntry) -> None:
        """Add a name, or set it in the place of the one that is there."""
        self._entries.setdefault((entry.kind, entry.owner), {})[entry.path] = entry

    def begin(self, unit: object, writes: Sequence[FileWrite]) -> None:
        """Take in what ``unit`` begins to commit."""
        if writes:
            self._under_way[unit] = writes

    def end(self, unit: object) -> None:
        """Forget what ``unit`` committed or failed to."""
        self._under_way.pop(unit, None)

    def newest(self, kind: Kind, owner: str, path: str) -> FileEntry | None:
        """Return the file that ``owner`` calls ``path``, committed or on its way, or None."""
        for writes in reversed(self._under_way.values()):
            for write in reversed(writes):
                if (write.kind, write.owner) == (kind, owner) and write.path in (None, path):
                    return write.entry
        return self.get(kind, owner, path)

    def apply(self, writes: Iterable[FileWrite]) -> None:
        """Carry out what was committed."""
        for write in writes:
            key = (write.kind, write.owner)
            if write.entry is not None:
                self.put(write.entry)
            elif write.path is None:
                self._entries.pop(key, None)
            elif key in self._entries:
                self._entries[key].pop(write.path, None)
                if not self._entries[key]:
                    del self._entries[key]

    def unmentioned(self, key: Key, body: bytes) -> list[str]:
        """Return the names, committed or on their way, that no text of the document ``body`` is any
        more.
        """
        paths = dict.fromkeys(self._entries.get(key, ()))
        for writes in self._under_way.values():
            for write in writes:
                if write.entry is not None and (write.kind, write.owner) == key:
                    paths[write.entry.path] = None
        return [path for path in paths if msgspec.json.encode(path) not in body]
