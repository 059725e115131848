"""An operation service over a repository in memory, and a delegate that really listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from aas_server.operations.functions import FunctionExecutors
from aas_server.operations.jobs import Jobs
from aas_server.operations.service import OperationService
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.operations.documents import MIX, START_JOB, STOP, submodel
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore

Answer = Callable[[bytes], tuple[int, bytes]]


@dataclass
class Delegate:
    """An HTTP server that answers every request with ``answer`` and keeps what it got."""

    port: int = 0
    answer: Answer = lambda _: (200, b"[]")
    delay: float = 0.0
    headers: bytes = b""
    requests: list[tuple[bytes, bytes]] = field(default_factory=list)

    def url(self, path: str = "/run") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                 if line.startswith(b"content-length")), 0,
            )  # fmt: skip
            body = await reader.readexactly(length)
            self.requests.append((head, body))
            await asyncio.sleep(self.delay)
            status, content = self.answer(body)
            writer.write(
                b"HTTP/1.1 %d X\r\ncontent-length: %d\r\nconnection: close\r\n%b\r\n"
                % (status, len(content), self.headers)
                + content
            )
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()


@pytest.fixture
async def delegate() -> AsyncIterator[Delegate]:
    delegate = Delegate()
    server = await asyncio.start_server(delegate.serve, "127.0.0.1", 0)
    delegate.port = server.sockets[0].getsockname()[1]
    yield delegate
    server.close()
    await server.wait_closed()


@pytest.fixture
async def jobs(clock: FakeClock) -> AsyncIterator[Jobs]:
    jobs = Jobs(clock, MemoryStore(clock))
    yield jobs
    await jobs.stop()


@pytest.fixture
async def filled(repository: Repository) -> Repository:
    await repository.create(Kind.SUBMODEL, submodel(START_JOB, MIX, STOP), actor="test")
    return repository


NewService = Callable[..., OperationService]


@pytest.fixture
async def new_service(
    filled: Repository, jobs: Jobs, clock: FakeClock
) -> AsyncIterator[NewService]:
    made: list[OperationService] = []

    def new(**more: Any) -> OperationService:
        more.setdefault("functions", FunctionExecutors())
        made.append(OperationService(filled, jobs, clock, **more))
        return made[-1]

    yield new
    await jobs.stop()
    for service in made:
        await service.stop()
