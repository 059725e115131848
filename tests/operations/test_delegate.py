from __future__ import annotations

import json
from typing import Any

import pytest

from aas_server.errors import Forbidden, NotAllowed
from aas_server.operations.delegate import MAX_ANSWER, DelegateFailed
from aas_server.operations.job import JobState
from aas_server.operations.service import OperationResult, OperationService
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.operations.conftest import Delegate, NewService
from tests.operations.documents import START_JOB, prop, submodel, variables

SUBMODEL_ID = "urn:example:press:Delegated"
BODY = {
    "inputArguments": variables(prop("Program", "xs:string", "P1")),
    "inoutputArguments": variables(prop("Counter", "xs:int", "7")),
}
GOOD = json.dumps(
    variables(prop("JobNumber", "xs:long", "0012"), prop("Counter", "xs:int", "8"))
).encode()


async def delegated(repository: Repository, address: str | None) -> None:
    qualifier = {"type": "invocationDelegation", "valueType": "xs:string"}
    if address is not None:
        qualifier["value"] = address
    tree = submodel({**START_JOB, "qualifiers": [qualifier]})
    await repository.create(Kind.SUBMODEL, {**tree, "id": SUBMODEL_ID}, actor="test")


async def invoke(service: OperationService, **more: Any) -> OperationResult:
    return await service.invoke(
        SUBMODEL_ID, ("StartJob",), {**BODY, **more}, value_only=False, actor="test"
    )


async def test_the_arguments_are_posted_as_an_array_and_an_array_comes_back(
    new_service: NewService, filled: Repository, delegate: Delegate
) -> None:
    service = new_service(delegation_hosts=(f"127.0.0.1:{delegate.port}",))
    await delegated(filled, delegate.url("/jobs/start"))
    delegate.answer = lambda _: (200, GOOD)
    result = await invoke(service)
    assert result.state is JobState.COMPLETED
    assert [each["value"] for each in result.outputs] == ["0012", "started"]
    assert [each["value"] for each in result.inoutputs] == ["8"]
    ((head, body),) = delegate.requests
    assert head.startswith(b"POST /jobs/start HTTP/1.1\r\n")
    assert json.loads(body) == variables(
        prop("Program", "xs:string", "P1"),
        prop("Quantity", "xs:unsignedInt", "1"),
        prop("Counter", "xs:int", "7"),
    )


async def test_a_host_that_is_not_allowed_is_never_asked(
    new_service: NewService, filled: Repository, delegate: Delegate
) -> None:
    service = new_service(delegation_hosts=("127.0.0.1:1", "localhost", "[::1]:80"))
    await delegated(filled, delegate.url())
    with pytest.raises(Forbidden, match="delegation_hosts"):
        await invoke(service)
    assert delegate.requests == []


async def test_a_host_without_a_port_allows_every_port(
    new_service: NewService, filled: Repository, delegate: Delegate
) -> None:
    service = new_service(delegation_hosts=("127.0.0.1",))
    await delegated(filled, delegate.url())
    delegate.answer = lambda _: (200, GOOD)
    assert (await invoke(service)).success


@pytest.mark.parametrize(
    "address",
    [None, "", "ftp://127.0.0.1/x", "file:///etc/passwd", "http://u:p@127.0.0.1/", "//x", "http://",
     "http://127.0.0.1:99999/", "nonsense", "http://[::1"],
)  # fmt: skip
async def test_an_address_that_is_none_is_told(
    new_service: NewService, filled: Repository, address: str | None
) -> None:
    service = new_service(delegation_hosts=("127.0.0.1",))
    await delegated(filled, address)
    with pytest.raises(NotAllowed, match="StartJob is delegated to"):
        await invoke(service)


async def test_a_redirect_is_not_followed(
    new_service: NewService, filled: Repository, delegate: Delegate
) -> None:
    service = new_service(delegation_hosts=("127.0.0.1",))
    await delegated(filled, delegate.url())
    delegate.answer = lambda _: (307, b"")
    delegate.headers = f"location: {delegate.url('/elsewhere')}\r\n".encode()
    with pytest.raises(DelegateFailed, match="307"):
        await invoke(service)
    assert len(delegate.requests) == 1


@pytest.mark.parametrize(
    ("status", "content", "told"),
    [
        (500, b'{"messages": [{"text": "out of steel"}]}', "500: out of steel"),
        (404, b"<h1>no</h1>", "404: <h1>no</h1>"),
        (200, b"nonsense", "no JSON"),
        (200, b"[" * 100_000, "no JSON"),
        (200, b'{"a": 1}', r"\[0\].value"),
        (200, b'[{"value": {"modelType": "Property"}}]', r"\[0\].value"),
        (200, b" " * (MAX_ANSWER + 1), "larger than"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_a_delegate_that_answers_nonsense_is_told(
    new_service: NewService,
    filled: Repository,
    delegate: Delegate,
    status: int,
    content: bytes,
    told: str,
) -> None:
    service = new_service(delegation_hosts=("127.0.0.1",))
    await delegated(filled, delegate.url())
    delegate.answer = lambda _: (status, content)
    with pytest.raises(DelegateFailed, match=told):
        await invoke(service)


async def test_outputs_of_a_wrong_type_fail_the_invocation(
    new_service: NewService, filled: Repository, delegate: Delegate
) -> None:
    service = new_service(delegation_hosts=("127.0.0.1",))
    await delegated(filled, delegate.url())
    wrong = json.dumps(variables(prop("JobNumber", "xs:string", "12"))).encode()
    delegate.answer = lambda _: (200, wrong)
    result = await invoke(service)
    assert (result.state, result.success) == (JobState.FAILED, False)
    assert "JobNumber.valueType" in result.messages[0].text


async def test_a_delegate_that_is_away_or_too_slow_is_told(
    new_service: NewService, filled: Repository, delegate: Delegate
) -> None:
    service = new_service(delegation_hosts=("127.0.0.1",))
    await delegated(filled, delegate.url())
    delegate.delay = 5
    result = await invoke(service, clientTimeoutDuration="PT0.1S")
    assert result.state is JobState.TIMEOUT
    assert len(delegate.requests) == 1


async def test_a_delegate_where_nothing_listens_is_told(
    new_service: NewService, filled: Repository
) -> None:
    service = new_service(delegation_hosts=("127.0.0.1",))
    await delegated(filled, "http://127.0.0.1:1/run")
    with pytest.raises(DelegateFailed, match="does not answer"):
        await invoke(service)
