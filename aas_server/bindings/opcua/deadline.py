"""Waiting for asyncua no longer than some time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def deadline(seconds: float | None) -> AsyncIterator[asyncio.Timeout]:
    """Do as ``asyncio.timeout`` does, whatever is waited for; raises ``TimeoutError``.

    Where the time is over in the moment in which an answer arrives, asyncua's way of waiting (in
    Python before 3.12) raises a ``CancelledError`` of its own kind. ``asyncio.timeout`` knows only
    the plain one as its own doing: the other would end the task as if somebody had cancelled it.
    """
    async with asyncio.timeout(seconds) as limit:
        try:
            yield limit
        except asyncio.CancelledError as error:
            if type(error) is asyncio.CancelledError:
                raise
            raise asyncio.CancelledError from error


def is_cancelled() -> bool:
    """Return whether somebody wants the present task to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
