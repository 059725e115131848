"""HTTP/1.1 over one connection at a time: what many clients on two cores can afford."""

from __future__ import annotations

import asyncio
from typing import Final

import httpx

_HEAD_END: Final = b"\r\n\r\n"
_WITHOUT_BODY: Final = frozenset({204, 304})


class OneConnection(httpx.AsyncBaseTransport):
    """For a client that sends one request at a time; each is over within ``timeout`` seconds.

    Nothing is sent twice: a connection that breaks raises ``httpx.TransportError``.
    """

    def __init__(self, *, timeout: float = 30.0) -> None:
        self._timeout = timeout
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sent = _encoded(request, await request.aread())
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(request, sent)
        except TimeoutError as error:
            await self.aclose()
            raise httpx.ReadTimeout(f"nothing within {self._timeout:g} s") from error
        except (OSError, asyncio.IncompleteReadError) as error:
            await self.aclose()
            raise httpx.ReadError(repr(error)) from error
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def _exchange(self, request: httpx.Request, sent: bytes) -> httpx.Response:
        if self._streams is None or self._streams[0].at_eof():
            await self.aclose()
            self._streams = await asyncio.open_connection(request.url.host, request.url.port)
        reader, writer = self._streams
        writer.write(sent)
        head = (await reader.readuntil(_HEAD_END)).decode("latin-1")
        first, *lines = head.split("\r\n")[:-2]
        status = int(first.split(" ", 2)[1])
        headers = httpx.Headers([_header(line) for line in lines])
        body = b""
        if status not in _WITHOUT_BODY and request.method != "HEAD":
            body = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection", "").lower() == "close":
            await self.aclose()
        return httpx.Response(status, headers=headers, content=body)


def _encoded(request: httpx.Request, body: bytes) -> bytes:
    target = request.url.raw_path.decode("ascii")
    lines = [f"{request.method} {target} HTTP/1.1"]
    lines += [
        f"{name}: {value}"
        for name, value in request.headers.items()
        if name not in ("transfer-encoding", "content-length", "accept-encoding")
    ]
    if body or request.method in ("POST", "PUT", "PATCH"):
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip(), value.strip()
