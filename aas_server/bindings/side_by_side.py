"""Work that belongs together: when one part of it fails, all of it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def first_failure(*work: Coroutine[Any, Any, None]) -> Exception:
    """Run ``work`` side by side until something of it fails; return why, when all of it has ended.

    Some of it goes on for ever. What ends as if it had been cancelled waited too long: libraries
    tell so where an answer comes in the moment in which the time is over.

    No TaskGroup: one that failed leaves its task marked as being cancelled, and with Python 3.11.2
    the next timeout in that task then ends it in silence.
    """
    tasks = [asyncio.create_task(each) for each in work]
    rest = set(tasks)
    try:
        while True:
            done, rest = await asyncio.wait(rest, return_when=asyncio.FIRST_COMPLETED)
            for failure in filter(None, map(_failure, done)):
                return failure
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _failure(task: asyncio.Task[None]) -> Exception | None:
    """Return why a task ended, None where it had done its work."""
    if task.cancelled():
        return TimeoutError()
    error = task.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    return error
