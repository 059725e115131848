"""Sockets to brokers: connected and secured without holding up the event loop."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any, Final

_CHUNK: Final = 64 * 1024


class BufferedSocket:
    """A socket that reads ahead, for a client that asks for one byte after the other.

    ``pending`` says how many bytes can be had without asking the system, as an ``SSLSocket`` does.
    """

    def __init__(self, inner: socket.socket) -> None:
        self._inner = inner
        self._ahead = b""
        self._next = 0

    def recv(self, size: int) -> bytes:
        """Return up to ``size`` bytes; raises what the socket raises when there are none now."""
        if self._next >= len(self._ahead):
            if size >= _CHUNK:
                return self._inner.recv(size)
            self._ahead, self._next = self._inner.recv(_CHUNK), 0
        start = self._next
        self._next = start + size
        return self._ahead[start : self._next]

    def pending(self) -> int:
        """Return how many bytes were read ahead."""
        ahead = max(0, len(self._ahead) - self._next)
        if ahead == 0 and isinstance(self._inner, ssl.SSLSocket):
            return self._inner.pending()
        return ahead

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


async def open_socket(host: str, port: int, context: ssl.SSLContext | None) -> socket.socket:
    """Return a connected socket that does not block, secured when there is a ``context``.

    Raises ``OSError``: of the last address when there are several, ``ssl.SSLError`` when the other
    side cannot be trusted. Cancelling closes it.
    """
    loop = asyncio.get_running_loop()
    addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in addresses:
        plain = socket.socket(family, kind, protocol)
        try:
            plain.setblocking(False)
            await loop.sock_connect(plain, address)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            plain.close()
            failure = error
        except BaseException:
            plain.close()
            raise
        else:
            return plain if context is None else await _secure(plain, host, context)
    raise failure


async def _secure(plain: socket.socket, host: str, context: ssl.SSLContext) -> ssl.SSLSocket:
    loop = asyncio.get_running_loop()
    try:
        secured = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    except BaseException:
        plain.close()
        raise
    try:
        while True:
            try:
                secured.do_handshake()
            except ssl.SSLWantReadError:
                await _ready(secured.fileno(), loop.add_reader, loop.remove_reader)
            except ssl.SSLWantWriteError:
                await _ready(secured.fileno(), loop.add_writer, loop.remove_writer)
            else:
                return secured
    except BaseException:
        secured.close()
        raise


async def _ready(number: int, add: Callable[..., Any], remove: Callable[[int], Any]) -> None:
    ready = asyncio.get_running_loop().create_future()
    add(number, lambda: None if ready.done() else ready.set_result(None))
    try:
        await ready
    finally:
        remove(number)
