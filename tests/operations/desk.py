"""Jobs of one owner, whose results are whatever JSON has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aas_server.operations.job import Job
from aas_server.operations.jobs import Jobs
from aas_server.operations.records import JsonCodec

OWNER: Final = "urn:example:submodel/Start"
CODEC: Final[JsonCodec[Any]] = JsonCodec(object)


class Desk:
    """Starts and finds jobs of ``OWNER``."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs

    async def start(self, work: Callable[[], Awaitable[Any]], **options: Any) -> Job[Any]:
        return await self.jobs.start(work, owner=OWNER, codec=CODEC, **options)

    async def find(self, handle: str, owner: str = OWNER) -> Job[Any]:
        return await self.jobs.find(handle, owner=owner, codec=CODEC)


async def nothing() -> str:
    return "done"


async def forever() -> None:
    await asyncio.Event().wait()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Return once ``condition`` holds, which takes a task of the jobs a moment."""
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.005)
