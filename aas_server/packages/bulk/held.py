"""Documents that were checked and wait to be stored: compressed, in a file when they are many."""

from __future__ import annotations

from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Final

import zstandard

from aas_server.packages.bulk.verdicts import LEVEL
from aas_server.repository.document import decode
from aas_server.repository.heads import Key
from aas_server.store.protocol import FileEntry

_IN_MEMORY: Final = 64 * 1024**2
"""Bytes that are held in memory; then all of them go into a file that has no name."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where compressed bytes are held."""

    start: int
    length: int


@dataclass(slots=True)
class Kept:
    """A document that was read and checked; lists find it by ``terms``, its elements by
    ``signatures``, both joined.

    ``named`` are the files that it names, with their types; ``files`` those of them that came with
    it, once they are taken in.
    """

    key: Key
    place: Place
    terms: bytes = b""
    signatures: bytes = b""
    named: tuple[tuple[str, str | None], ...] = ()
    files: tuple[FileEntry, ...] = ()


class Held:
    """Compressed bodies, for one thread at a time."""

    def __init__(self, *, in_memory: int = _IN_MEMORY) -> None:
        self._file = SpooledTemporaryFile(max_size=in_memory)  # noqa: SIM115 - closed by ``close``
        self._end = 0
        self._shared: dict[bytes, bytes] = {}
        # Made once: to make one takes longer than a document.
        self._compress = zstandard.ZstdCompressor(level=LEVEL).compress
        self._decompress = zstandard.ZstdDecompressor().decompress

    def close(self) -> None:
        """Let go of everything."""
        self._file.close()

    def put(self, packed: bytes) -> Place:
        """Hold ``packed`` and return where."""
        place = Place(self._end, len(packed))
        self._file.seek(self._end)
        self._file.write(packed)
        self._end += len(packed)
        return place

    def put_body(self, body: bytes) -> Place:
        """Hold a document as it is stored, compressed, and return where."""
        return self.put(self._compress(body))

    def share(self, text: bytes) -> bytes:
        """Return the same object for equal bytes, as many documents have them."""
        return self._shared.setdefault(text, text)

    def packed(self, place: Place) -> bytes:
        """Return what was put at ``place``."""
        self._file.seek(place.start)
        return self._file.read(place.length)

    def body(self, place: Place) -> bytes:
        """Return the document whose compressed body was put at ``place``."""
        return self._decompress(self.packed(place))

    def is_same(self, place: Place, packed: bytes) -> bool:
        """Return whether ``packed`` is the document at ``place``, whatever the order of members."""
        first = self.packed(place)
        if first == packed:
            return True
        return decode(self._decompress(first)) == decode(self._decompress(packed))
