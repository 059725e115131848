"""Contents of files in the database: by digest, in pieces, taken in without holding them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from sqlalchemy import Connection, Select, delete, func, insert, select, update

from aas_server.clock import Clock
from aas_server.errors import NotFound
from aas_server.store.protocol import StoredFile
from aas_server.store.schema import chunks, file_names, files

T = TypeVar("T")

PIECE: Final = 1_048_576
"""Bytes of a file in one row."""
GRACE: Final = 3_600_000_000
"""Microseconds for which a file stays that nothing names: an upload names its file after it, and
who looked a name up just before it was taken away still reads what it named."""
_AT_ONCE: Final = 500


class Connections(Protocol):
    """What the contents of files need of a store."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` finds in one transaction."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Return what ``work`` does in a transaction of its own, once that is durable."""


@dataclass(eq=False, slots=True)
class _Upload:
    """A file that is being taken in; the number is set where all changes are made."""

    number: int | None = None


class FileContents:
    """Takes files in and gives them out."""

    def __init__(self, connections: Connections, clock: Clock) -> None:
        self._connections = connections
        self._clock = clock
        self._being_read: Counter[str] = Counter()
        self._taken_in: set[_Upload] = set()
        self._unnamed: dict[int, int] = {}

    async def write(self, pieces: AsyncIterator[bytes]) -> StoredFile:
        """Take in a file; nothing of it stays when ``pieces`` raises."""
        upload = _Upload()
        self._taken_in.add(upload)
        try:
            number = await self._begin(upload)
            return await self._finish(number, await self._fill(number, pieces))
        except BaseException:
            if upload.number is not None:
                await self._drop(upload.number)
            raise
        finally:
            self._taken_in.discard(upload)

    async def read(
        self, digest: str, *, start: int = 0, length: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes from ``start`` on; raises ``NotFound``. A file that is read stays."""
        self._being_read[digest] += 1
        try:
            query = select(files.c.number, files.c.size).where(files.c.digest == digest)
            row = await self._connections.read(
                lambda connection: connection.execute(query).one_or_none()
            )
            if row is None:
                raise NotFound(f"there is no file with the digest {digest}")
            end = row.size if length is None else min(start + length, row.size)
            while start < end:
                piece = await self._piece(row.number, start // PIECE)
                offset = start % PIECE
                part = piece[offset : offset + end - start]
                if not part:
                    raise NotFound(f"the file with the digest {digest} is not complete")
                start += len(part)
                yield part
        finally:
            self._being_read[digest] -= 1
            if not self._being_read[digest]:
                del self._being_read[digest]

    async def sweep(self, *, grace: int = GRACE) -> None:
        """Delete the files that nothing names, and what was left of uploads that broke off.

        A file stays until sweeps have found for ``grace`` microseconds that nothing names it, and
        an upload for as long after its last piece: it may be another server's.
        """
        now = self._clock.now()
        unnamed = select(files.c.number).where(
            files.c.digest.not_in(select(file_names.c.digest)),
            files.c.digest.not_in(list(self._being_read)),
            files.c.touched < now - grace,
        )
        known = self._unnamed

        def change(connection: Connection) -> dict[int, int]:
            found = {number: known.get(number, now) for number in connection.scalars(unnamed)}
            forgotten = [number for number, since in found.items() if since <= now - grace]
            for first in range(0, len(forgotten), _AT_ONCE):
                _delete(connection, forgotten[first : first + _AT_ONCE])
            # Not before: uploads that began meanwhile are not broken off.
            taken_in = [upload.number for upload in list(self._taken_in)]
            broken_off = select(files.c.number).where(
                files.c.digest.is_(None),
                files.c.touched <= now - grace,
                files.c.number.not_in([number for number in taken_in if number is not None]),
            )
            _delete(connection, broken_off)
            return {number: since for number, since in found.items() if since > now - grace}

        self._unnamed = await self._connections.write(change)

    async def _begin(self, upload: _Upload) -> int:
        row = insert(files).values(size=0, touched=self._clock.now()).returning(files.c.number)

        def begin(connection: Connection) -> int:
            # Before any sweep can see the row.
            upload.number = number = int(connection.execute(row).scalar_one())
            return number

        return await self._connections.write(begin)

    async def _fill(self, number: int, pieces: AsyncIterator[bytes]) -> StoredFile:
        digest = hashlib.sha256()
        size = position = 0
        waiting = bytearray()
        async for piece in pieces:
            digest.update(piece)
            size += len(piece)
            waiting += piece
            while len(waiting) >= PIECE:
                await self._put(number, position, bytes(waiting[:PIECE]))
                del waiting[:PIECE]
                position += 1
        if waiting:
            await self._put(number, position, bytes(waiting))
        return StoredFile(digest.hexdigest(), size)

    async def _put(self, number: int, position: int, body: bytes) -> None:
        piece = insert(chunks).values(file=number, position=position, body=body)
        touch = update(files).where(files.c.number == number).values(touched=self._clock.now())

        def put(connection: Connection) -> None:
            connection.execute(piece)
            connection.execute(touch)

        await self._connections.write(put)

    async def _finish(self, number: int, content: StoredFile) -> StoredFile:
        now = self._clock.now()

        def name(connection: Connection) -> None:
            same = files.c.digest == content.digest
            if connection.scalar(select(func.count()).where(same)):
                _delete(connection, [number])
                connection.execute(update(files).where(same).values(touched=now))
                return
            connection.execute(
                update(files)
                .where(files.c.number == number)
                .values(digest=content.digest, size=content.size, touched=now)
            )

        await self._connections.write(name)
        return content

    async def _drop(self, number: int) -> None:
        # Whoever is cancelled while the content gets its digest leaves it to those who share it.
        unfinished = select(files.c.number).where(
            files.c.number == number, files.c.digest.is_(None)
        )
        await self._connections.write(lambda connection: _delete(connection, unfinished))

    async def _piece(self, number: int, position: int) -> bytes:
        query = select(chunks.c.body).where(chunks.c.file == number, chunks.c.position == position)
        body = await self._connections.read(lambda connection: connection.scalar(query))
        return b"" if body is None else bytes(body)


def _delete(connection: Connection, numbers: Select[tuple[int]] | list[int]) -> None:
    connection.execute(delete(chunks).where(chunks.c.file.in_(numbers)))
    connection.execute(delete(files).where(files.c.number.in_(numbers)))
