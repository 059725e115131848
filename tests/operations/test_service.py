from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aas_server.errors import Conflict, DeviceUnreachable, NotAllowed, NotFound
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.operations.arguments import WrongArguments
from aas_server.operations.executor import (
    Message,
    OperationCall,
    OperationFailed,
    OperationOutcome,
)
from aas_server.operations.job import JobState
from aas_server.operations.service import OperationResult, OperationService
from tests.operations.conftest import NewService
from tests.operations.documents import SUBMODEL_ID

VALUES = {"inputArguments": {"Program": "P1"}, "inoutputArguments": {"Counter": 7}}


class Recorder:
    """Keeps its calls and answers with what it is told."""

    def __init__(self, behave: Callable[[OperationCall], Awaitable[OperationOutcome]]) -> None:
        self.calls: list[OperationCall] = []
        self._behave = behave

    async def execute(self, call: OperationCall) -> OperationOutcome:
        self.calls.append(call)
        return await self._behave(call)


async def started(call: OperationCall) -> OperationOutcome:
    return OperationOutcome(
        values={"JobNumber": 12, "Counter": call.values["Counter"] + 1},
        messages=(Message("warming up"),),
    )


async def forever(_call: OperationCall) -> OperationOutcome:
    await asyncio.Event().wait()
    raise AssertionError


def raising(error: Exception) -> Callable[[OperationCall], Awaitable[OperationOutcome]]:
    async def behave(_call: OperationCall) -> OperationOutcome:
        raise error

    return behave


def bound(service: OperationService, behave: Any, path: str = "StartJob") -> Recorder:
    recorder = Recorder(behave)
    service.register(SUBMODEL_ID, parse_id_short_path(path), recorder)
    return recorder


async def invoke(
    service: OperationService, body: Any = VALUES, path: str = "StartJob"
) -> OperationResult:
    async with asyncio.timeout(30):
        return await service.invoke(
            SUBMODEL_ID, parse_id_short_path(path), body, value_only=True, actor="test"
        )


async def test_an_operation_is_carried_out_by_what_was_registered_for_it(
    new_service: NewService,
) -> None:
    service = new_service()
    recorder = bound(service, started)
    result = await invoke(service)
    assert (result.state, result.success) == (JobState.COMPLETED, True)
    assert [(each["idShort"], each["value"]) for each in result.outputs] == [
        ("JobNumber", "12"),
        ("Remark", "started"),
    ]
    assert [each["value"] for each in result.inoutputs] == ["8"]
    assert result.messages == (Message("warming up"),)
    (call,) = recorder.calls
    assert call.name == f"{SUBMODEL_ID}/StartJob"
    assert call.values == {"Program": "P1", "Quantity": 1, "Counter": 7}


async def test_nothing_runs_with_wrong_arguments(new_service: NewService) -> None:
    service = new_service()
    recorder = bound(service, started)
    with pytest.raises(WrongArguments):
        await invoke(service, {"inputArguments": {"Program": "P1"}})
    with pytest.raises(WrongArguments):
        await service.invoke_async(
            SUBMODEL_ID, ("StartJob",), {"inputArguments": {}}, value_only=True, actor="test"
        )
    assert recorder.calls == []


async def test_only_operations_that_exist_can_be_invoked(new_service: NewService) -> None:
    service = new_service()
    with pytest.raises(NotAllowed, match="a Property cannot be invoked"):
        await invoke(service, {}, "Speed")
    with pytest.raises(NotFound):
        await invoke(service, {}, "Start")
    with pytest.raises(NotFound):
        await service.invoke("urn:x", ("Stop",), {}, value_only=True, actor="test")


async def test_an_operation_that_nothing_carries_out_says_what_to_configure(
    new_service: NewService,
) -> None:
    service = new_service()
    with pytest.raises(NotAllowed, match=r"plant file.*invocationDelegation.*plugin"):
        await invoke(service, {}, "Stop")
    recorder = bound(service, started, "Stop")
    service.unregister(SUBMODEL_ID, ("Stop",))
    with pytest.raises(NotAllowed):
        await invoke(service, {}, "Stop")
    assert recorder.calls == []


async def test_two_cannot_carry_out_the_same_operation(new_service: NewService) -> None:
    service = new_service()
    bound(service, started)
    with pytest.raises(Conflict, match="StartJob"):
        bound(service, started)


async def test_a_failure_in_the_matter_is_a_result_and_no_error(new_service: NewService) -> None:
    service = new_service()
    bound(service, raising(OperationFailed("the door is open")))
    result = await invoke(service)
    assert (result.state, result.success, result.outputs) == (JobState.FAILED, False, ())
    assert result.messages == (Message("the door is open", "Error", "OperationFailed"),)


async def test_outputs_that_do_not_fit_fail_the_invocation(new_service: NewService) -> None:
    service = new_service()

    async def wrong(_call: OperationCall) -> OperationOutcome:
        return OperationOutcome(values={"JobNumber": "twelve"})

    bound(service, wrong)
    result = await invoke(service)
    assert result.state is JobState.FAILED
    assert "JobNumber" in result.messages[0].text


async def test_an_error_on_the_way_is_raised_at_once_or_told_by_the_job(
    new_service: NewService,
) -> None:
    service = new_service()
    error = DeviceUnreachable("no machine", status_code=0x80310000, status_name="BadNoComm")
    bound(service, raising(error))
    with pytest.raises(DeviceUnreachable):
        await invoke(service)
    job = await service.invoke_async(
        SUBMODEL_ID, ("StartJob",), VALUES, value_only=True, actor="test"
    )
    await job.wait()
    assert job.result is not None
    assert job.result.state is JobState.FAILED
    assert job.result.messages == (Message("no machine", "Error", "DeviceUnreachable"),)


@pytest.mark.parametrize(("longest", "asked"), [(0.02, "PT1H"), (60.0, "PT0.02S"), (0.02, None)])
async def test_what_takes_too_long_is_cancelled(
    new_service: NewService, longest: float, asked: str | None
) -> None:
    service = new_service(timeout=longest)
    ended = asyncio.Event()

    async def stubborn(call: OperationCall) -> OperationOutcome:
        try:
            return await forever(call)
        finally:
            ended.set()

    bound(service, stubborn)
    body = VALUES if asked is None else {**VALUES, "clientTimeoutDuration": asked}
    result = await invoke(service, body)
    assert (result.state, result.success) == (JobState.TIMEOUT, False)
    assert "0.02 s" in result.messages[0].text
    assert ended.is_set()


async def test_a_timeout_of_its_own_making_is_a_defect(new_service: NewService) -> None:
    service = new_service()
    bound(service, raising(TimeoutError()))
    with pytest.raises(TimeoutError):
        await invoke(service)


async def test_a_job_belongs_to_its_operation(new_service: NewService) -> None:
    service = new_service()
    bound(service, forever)
    bound(service, forever, "Stop")
    job = await service.invoke_async(
        SUBMODEL_ID, ("StartJob",), VALUES, value_only=True, actor="test"
    )
    assert await service.find(SUBMODEL_ID, ("StartJob",), job.handle) is job
    with pytest.raises(NotFound):
        await service.find(SUBMODEL_ID, ("Stop",), job.handle)
