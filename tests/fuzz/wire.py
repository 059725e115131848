"""Requests as bytes and answers read back, many under way on one connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

CONNECTIONS: Final = 24
PIPELINE: Final = 12
"""Requests that are sent before the first answer is awaited."""
ANSWER_SECONDS: Final = 60.0
_HEAD_END: Final = b"\r\n\r\n"
_WITHOUT_BODY: Final = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``target`` begins with the base path, ``note`` says what is odd about it."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    note: str = ""
    names: tuple[str, ...] = ()
    """Words one of which a refusal has to name."""

    def encoded(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body or self.method in ("POST", "PUT", "PATCH"):
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body

    def __str__(self) -> str:
        headers = "".join(f" [{name}: {value[:80]}]" for name, value in self.headers)
        note = f" ({self.note})" if self.note else ""
        return f"{self.method} {self.target[:400]}{headers}{note} {self.body[:400]!r}"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes

    def texts(self) -> str:
        """Return the texts of the Result, one a line."""
        return "\n".join(message["text"] for message in self.json()["messages"])

    def json(self) -> Any:
        return json.loads(self.body)


class ConnectionLost(Exception):
    """The server closed a connection without an answer, or gave none in time."""


async def exchange(
    port: int, requests: Sequence[Request], *, connections: int = CONNECTIONS
) -> list[Answer]:
    """Send ``requests`` over a few pipelined connections and return the answers in their order.

    What is not answered has the status 0. When the server closes a connection, the rest goes over
    another one.
    """
    answers = [Answer(0, {}, b"")] * len(requests)

    async def lane(first: int) -> None:
        numbers = list(range(first, len(requests), connections))
        while numbers:
            answered = await _converse(port, [requests[number] for number in numbers])
            for number, answer in zip(numbers, answered, strict=False):
                answers[number] = answer
            numbers = numbers[len(answered) :]

    async with asyncio.TaskGroup() as lanes:
        for first in range(connections):
            lanes.create_task(lane(first))
    return answers


async def _converse(port: int, requests: Sequence[Request]) -> list[Answer]:
    """Return the answers that came on one connection, at least one."""
    answers: list[Answer] = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    try:
        for start in range(0, len(requests), PIPELINE):
            batch = requests[start : start + PIPELINE]
            writer.write(b"".join(request.encoded() for request in batch))
            for request in batch:
                answers.append(await _answer(reader, request))
                if answers[-1].headers.get("connection", "").lower() == "close":
                    return answers
    except (ConnectionLost, ConnectionError):
        answers.append(Answer(0, {}, b""))
    finally:
        writer.close()
    return answers


async def exchange_alone(port: int, sent: bytes, *, within: float) -> Answer | None:
    """Send ``sent`` on a connection of its own and return the answer, None when it was closed.

    Raises ``TimeoutError`` when neither happens within ``within`` seconds.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**20)
    try:
        writer.write(sent)
        async with asyncio.timeout(within):
            return await _read(reader, "GET")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader, request: Request) -> Answer:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            return await _read(reader, request.method)
    except (asyncio.IncompleteReadError, ConnectionError, TimeoutError) as error:
        raise ConnectionLost(str(request)) from error


async def _read(reader: asyncio.StreamReader, method: str) -> Answer:
    head = await reader.readuntil(_HEAD_END)
    status, headers = _parsed(head.decode("latin-1").split("\r\n")[:-2])
    if method == "HEAD" or status in _WITHOUT_BODY:
        return Answer(status, headers, b"")
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return Answer(status, headers, await _chunks(reader))
    if "content-length" not in headers:
        return Answer(status, headers, await reader.read())
    return Answer(status, headers, await reader.readexactly(int(headers["content-length"])))


def _parsed(lines: Sequence[str]) -> tuple[int, dict[str, str]]:
    status = int(lines[0].split(" ", 2)[1])
    return status, dict(_header(line) for line in lines[1:])


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while True:
        size = int((await reader.readline()).split(b";")[0], 16)
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
        if not size:
            return b"".join(parts)


def in_groups(requests: Iterable[Request], size: int) -> Iterable[list[Request]]:
    """Yield ``requests`` in lists of at most ``size``."""
    group: list[Request] = []
    for request in requests:
        group.append(request)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group
