"""Time that is over while an answer arrives is a timeout, and ends no connection for ever."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from aas_server.bindings.opcua import supervisor
from aas_server.bindings.opcua.deadline import deadline, is_cancelled
from aas_server.bindings.side_by_side import first_failure
from tests.bindings.opcua.plant import MachineProcess, Plant, row, running, until


class CancelledWithResult(asyncio.CancelledError):
    """As asyncua's way of waiting raises where answer and cancellation meet."""


async def answered_too_late() -> None:
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError as error:
        raise CancelledWithResult from error


async def test_an_answer_that_comes_with_the_end_of_time_is_too_late() -> None:
    with pytest.raises(TimeoutError):
        async with deadline(0.01):
            await answered_too_late()

    assert not is_cancelled()


async def test_who_is_cancelled_meanwhile_ends_so() -> None:
    async def wait() -> None:
        async with deadline(10):
            await answered_too_late()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("where", ["open_session", "first_failure"])
async def test_a_connection_outlives_a_request_that_asyncua_gave_up(
    machine: MachineProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    plain, calls = getattr(supervisor, where), []

    async def gives_up_once(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 1:
            for each in arguments:
                if asyncio.iscoroutine(each):
                    each.close()
            raise CancelledWithResult
        return await plain(*arguments)

    monkeypatch.setattr(supervisor, where, gives_up_once)
    async with running(Plant(machine.url, [row("Speed")], tmp_path)) as plant:
        await until(lambda: "answer in time" in (plant.service.reports()[0].last_error or ""))
        await until(lambda: plant.service.reports()[0].bindings_ok == 1)


async def test_a_task_of_the_session_that_asyncua_ended_ends_the_session() -> None:
    async def goes_on() -> None:
        await asyncio.sleep(10)

    async def is_ended() -> None:
        raise CancelledWithResult

    error = await asyncio.wait_for(first_failure(goes_on(), is_ended()), 5)

    assert isinstance(error, TimeoutError)
