"""Wake-ups from PostgreSQL: hearing at once that another server committed something."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias

import asyncpg
import structlog

from aas_server.errors import StoreUnavailable

log = structlog.get_logger(__name__)

CHANNEL: Final = "aas_server_changes"

Connect: TypeAlias = Callable[[], Awaitable["asyncpg.Connection[Any]"]]

ASYNCPG_ERRORS: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""What the driver raises of its own when the database or the connection fails."""

_PING: Final = 10.0
"""Seconds between two looks whether the connection is alive: a frozen server says nothing."""
_PATIENCE: Final = 5.0
_SHORTEST: Final = 0.1
_LONGEST: Final = 5.0
"""Seconds between two attempts to connect."""


class Wakes:
    """Owns one connection that listens, and connects again when it is lost.

    ``wake`` is called for each commit of another server that is heard of, and after each new
    connection, because something may have been missed. ``own`` is how this server calls itself.
    """

    def __init__(self, connect: Connect, wake: Callable[[], None], *, own: str) -> None:
        self._connect = connect
        self._wake = wake
        self._own = own
        self._task = asyncio.create_task(self._run(), name="wake-ups from PostgreSQL")

    async def close(self) -> None:
        """End listening."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        pause = _SHORTEST
        while True:
            try:
                connection = await self._connect()
            except (OSError, TimeoutError, StoreUnavailable, *ASYNCPG_ERRORS) as error:
                log.debug("cannot listen to the database", reason=str(error))
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST)
                continue
            pause = _SHORTEST
            try:
                await self._listen(connection)
            finally:
                connection.terminate()

    def _heard(self, _connection: object, _process: int, _channel: str, server: object) -> None:
        if server != self._own:
            self._wake()

    async def _listen(self, connection: asyncpg.Connection[Any]) -> None:
        """Return when the connection is lost."""
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(CHANNEL, self._heard)
            self._wake()
            while not lost.is_set():
                try:
                    async with asyncio.timeout(_PING):
                        await lost.wait()
                except TimeoutError:
                    await connection.execute("SELECT 1", timeout=_PATIENCE)
        except (OSError, TimeoutError, *ASYNCPG_ERRORS) as error:
            log.debug("no more wake-ups from the database", reason=str(error))
