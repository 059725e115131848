"""A proxy in front of PostgreSQL that breaks connections at their commit."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

_COMMIT: Final = b"COMMIT;"
_PIECE: Final = 65_536


class Break(enum.Enum):
    """What becomes of the next commit."""

    BEFORE = "the database never hears of it"
    AFTER = "the database has done it, and the client never hears of that"
    LATE = "the client is gone, and the database hears of it only when it is let"


class PostgresProxy:
    """Passes everything on to ``port`` until it is told what to do with the next commit."""

    def __init__(self, port: int) -> None:
        self.next: Break | None = None
        self.is_away = False
        """Whether new connections are closed at once."""
        self.broken = asyncio.Event()
        """Set when a commit met its break."""
        self.let = asyncio.Event()
        """Lets a late commit reach the database."""
        self._target = port
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[PostgresProxy]:
        """Listen until the end of the block."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_away:
            writer.transport.abort()
            return
        back, forth = await asyncio.open_connection("127.0.0.1", self._target)
        answers = asyncio.create_task(_pass_on(back, writer))
        task = asyncio.current_task()
        assert task is not None
        self._tasks |= {answers, task}
        try:
            with suppress(ConnectionError):
                await self._watch(reader, writer, forth, answers)
        finally:
            answers.cancel()
            writer.transport.abort()
            forth.transport.abort()
            self._tasks -= {answers, task}

    async def _watch(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        forth: asyncio.StreamWriter,
        answers: asyncio.Task[None],
    ) -> None:
        while data := await reader.read(_PIECE):
            if self.next is None or _COMMIT not in data:
                forth.write(data)
                continue
            how, self.next = self.next, None
            answers.cancel()
            if how is Break.BEFORE:
                self.broken.set()
                return
            if how is Break.LATE:
                writer.transport.abort()
                self.broken.set()
                await self.let.wait()
            forth.write(data)
            await forth.drain()
            # The database does what it got, whoever listens; the break comes when it is done.
            await asyncio.sleep(0.2)
            self.broken.set()
            return


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(_PIECE):
            writer.write(data)
    writer.close()
