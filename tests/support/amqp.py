"""A connection of the tests' own to an AMQP broker, closed whatever happens."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

from aio_pika import Connection
from aio_pika.connection import make_url

from tests.support.rabbitmq import PASSWORD, USER


@asynccontextmanager
async def amqp_connection(port: int, *, within: float = 10) -> AsyncIterator[Connection]:
    """Yield a connection to the broker at ``port``, made within so many seconds.

    A failed attempt is closed like any other: the library closes one that it made itself only when
    it is collected as garbage, in whatever event loop runs then.
    """
    login = f"{USER}:{quote(PASSWORD, safe='')}"
    async with Connection(make_url(f"amqp://{login}@127.0.0.1:{port}/")) as connection:
        await connection.connect(timeout=within)
        yield connection
