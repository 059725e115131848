"""What a supervisor's own task goes through, whatever its session's tasks do."""

from __future__ import annotations

import asyncio

import pytest

from aas_server.bindings.opcua.supervisor import _first_failure


async def fail() -> None:
    await asyncio.sleep(0)
    raise ConnectionError("gone")


async def wait_for_ever(ended: list[str]) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append("ended")


async def end_well() -> None:
    await asyncio.sleep(0)


async def test_one_failure_ends_everything_and_is_told() -> None:
    ended: list[str] = []
    error = await _first_failure(wait_for_ever(ended), end_well(), fail(), wait_for_ever(ended))
    assert isinstance(error, ConnectionError)
    assert ended == ["ended", "ended"]


async def test_a_failed_session_leaves_no_trace_in_the_task_that_makes_the_next() -> None:
    await _first_failure(fail())
    assert asyncio.current_task().cancelling() == 0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await asyncio.sleep(1)


async def test_who_cancels_the_supervisor_ends_the_work_of_its_session() -> None:
    ended: list[str] = []
    task = asyncio.create_task(_first_failure(wait_for_ever(ended)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["ended"]
