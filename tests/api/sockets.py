"""Real servers on real sockets, and connections that show every byte."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from aas_server.api.app import AasApplication
from aas_server.api.server import make_server

DEADLINE = 20.0
_DATE = re.compile(rb"\r\ndate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")


@asynccontextmanager
async def serving(app: AasApplication, **options: Any) -> AsyncIterator[Serving]:
    """Run ``app`` on a free port until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = make_server(app, host="127.0.0.1", port=port, **options)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        async with asyncio.timeout(DEADLINE):
            while not server.started:
                await asyncio.sleep(0.005)
            # Its first tick sets the Date.
            while not server.server_state.default_headers:
                await asyncio.sleep(0.005)
        yield Serving(server, port, task)
    finally:
        server.should_exit = True
        async with asyncio.timeout(DEADLINE):
            await task


class Serving:
    def __init__(self, server: uvicorn.Server, port: int, task: asyncio.Task[None]) -> None:
        self.server = server
        self.port = port
        self.task = task

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with asyncio.timeout(DEADLINE):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                yield Connection(reader, writer)
            finally:
                writer.close()

    async def ask(self, request: bytes, *, head: bool = False) -> bytes:
        async with self.connection() as connection:
            return await connection.ask(request, head=head)


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, request: bytes, *, head: bool = False) -> bytes:
        self.writer.write(request)
        return await self.answer(head=head)

    async def answer(self, *, head: bool = False) -> bytes:
        """Return the next response, byte for byte."""
        start = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: (\d+)", start)
        body = b"" if head or length is None else await self.reader.readexactly(int(length[1]))
        return start + body

    async def rest(self) -> bytes:
        return await self.reader.read()


def request(path: str, method: str = "GET", body: bytes = b"", **headers: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: test"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def undated(raw: bytes) -> bytes:
    """Return ``raw`` without the values of its Date headers, of which each response has one."""
    return _DATE.sub(b"\r\ndate: *", raw)
