"""Which files documents name, in memory."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from aas_server.repository.heads import Key
from aas_server.store.protocol import FileEntry, FileWrite, Kind


class FileNames:
    """The names of all files, by the document that uses them."""

    def __init__(self) -> None:
        self._entries: dict[Key, dict[str, FileEntry]] = {}

    def get(self, kind: Kind, owner: str, path: str) -> FileEntry | None:
        """Return the file that ``owner`` calls ``path``, or None."""
        return self._entries.get((kind, owner), {}).get(path)

    def of(self, kind: Kind, owner: str) -> list[FileEntry]:
        """Return the files of ``owner``."""
        return list(self._entries.get((kind, owner), {}).values())

    def put(self, entry: FileEntry) -> None:
        """Add a name, or set it in the place of the one that is there."""
        self._entries.setdefault((entry.kind, entry.owner), {})[entry.path] = entry

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
        """Return the names that no text of the document ``body`` is any more."""
        return [
            path for path in self._entries.get(key, ()) if msgspec.json.encode(path) not in body
        ]
