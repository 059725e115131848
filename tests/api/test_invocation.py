"""Operations invoked over HTTP: at once, asynchronously, in both forms and by every way."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from aas_server.api.services import Services
from aas_server.api.settings import ApiSettings
from aas_server.errors import DeviceUnreachable
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.operations.executor import (
    Message,
    OperationCall,
    OperationFailed,
    OperationOutcome,
)
from aas_server.store.protocol import Kind
from tests.api.documents import API, LONE_SHELL, to_submodel
from tests.operations.documents import START_JOB, STOP, SUBMODEL_ID, prop, submodel, variables
from tests.support.clock import FakeClock

SHELL_ID = "urn:example:shell:press-operations"
SUBMODEL = encode_identifier(SUBMODEL_ID)
SHELL = encode_identifier(SHELL_ID)
WAYS = [
    f"/submodels/{SUBMODEL}",
    f"/shells/{SHELL}/submodels/{SUBMODEL}",
    f"/aas/submodels/{SUBMODEL}",
    "/submodel",
]
ELEMENTS = f"/submodels/{SUBMODEL}/submodel-elements"
BODY = {
    "inputArguments": variables(prop("Program", "xs:string", "P1")),
    "inoutputArguments": variables(prop("Counter", "xs:int", "007")),
}
VALUES = {"inputArguments": {"Program": "P1"}, "inoutputArguments": {"Counter": 7}}
LISTED = {**STOP, "idShort": "Unused"}


class Press:
    """Carries out every Operation as it is told."""

    def __init__(self) -> None:
        self.calls: list[OperationCall] = []
        self.error: Exception | None = None
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def execute(self, call: OperationCall) -> OperationOutcome:
        self.calls.append(call)
        await self.go_on.wait()
        if self.error is not None:
            raise self.error
        if call.path != ("StartJob",):
            return OperationOutcome()
        return OperationOutcome(values={"JobNumber": 12}, messages=(Message("warm", "Warning"),))


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(version="1.2.3", max_body=8192, shell=SHELL_ID, submodel=SUBMODEL_ID)


@pytest.fixture
async def press(services: Services) -> Press:
    repository = services.repository
    box = {"modelType": "SubmodelElementList", "idShort": "Box",
           "typeValueListElement": "Operation", "value": [{"modelType": "Operation"}]}  # fmt: skip
    await repository.create(Kind.SUBMODEL, submodel(START_JOB, STOP, LISTED, box), actor="test")
    shell = {
        "modelType": "AssetAdministrationShell",
        "id": SHELL_ID,
        "assetInformation": {"assetKind": "Instance", "globalAssetId": "urn:example:asset:press"},
        "submodels": [to_submodel(SUBMODEL_ID)],
    }
    await repository.create(Kind.SHELL, shell, actor="test")
    press = Press()
    for path in (("StartJob",), ("Stop",), ("Box", 0)):
        services.operations.register(SUBMODEL_ID, path, press)
    return press


async def ended(client: httpx.AsyncClient, status: str) -> httpx.Response:
    """Poll a status until it says no more that the work is under way."""
    async with asyncio.timeout(30):
        while (response := await client.get(status)).status_code == 200:
            await asyncio.sleep(0)
    return response


@pytest.mark.usefixtures("press")
@pytest.mark.parametrize("way", WAYS)
async def test_an_operation_is_invoked_by_every_way_to_its_submodel(
    client: httpx.AsyncClient, way: str
) -> None:
    response = await client.post(f"{API}{way}/submodel-elements/StartJob/invoke", json=BODY)
    assert response.status_code == 200, response.text
    assert response.json() == {
        "executionState": "Completed",
        "success": True,
        "messages": [
            {"messageType": "Warning", "text": "warm", "timestamp": "2026-01-01T00:00:00.000Z"}
        ],
        "inoutputArguments": variables(prop("Counter", "xs:int", "007")),
        "outputArguments": variables(
            prop("JobNumber", "xs:long", "12"), prop("Remark", "xs:string", "started")
        ),
    }


@pytest.mark.usefixtures("press")
@pytest.mark.parametrize("way", WAYS)
async def test_values_go_in_and_come_out_in_the_value_only_form(
    client: httpx.AsyncClient, way: str
) -> None:
    url = f"{API}{way}/submodel-elements/StartJob/invoke/$value"
    response = await client.post(url, json=VALUES)
    assert response.status_code == 200, response.text
    result = response.json()
    assert result["inoutputArguments"] == {"Counter": 7}
    assert result["outputArguments"] == {"JobNumber": 12, "Remark": "started"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("word", ["invoke-async", "invoke-asnyc"])
@pytest.mark.parametrize("form", ["", "/$value"])
async def test_an_asynchronous_invocation_is_followed_by_its_locations(
    client: httpx.AsyncClient, press: Press, way: str, word: str, form: str
) -> None:
    press.go_on.clear()
    element = f"{API}{way}/submodel-elements/StartJob"
    response = await client.post(f"{element}/{word}{form}", json=VALUES if form else BODY)
    assert (response.status_code, response.content) == (202, b""), response.text
    status = response.headers["location"]
    assert status.startswith(f"{element}/operation-status/")

    await asyncio.sleep(0)
    running = await client.get(status)
    assert (running.status_code, running.json()) == (200, {"executionState": "Running"})
    early = await client.get(status.replace("operation-status", "operation-results"))
    assert (early.status_code, early.json()) == (200, {"executionState": "Running"})

    press.go_on.set()
    response = await ended(client, status)
    assert (response.status_code, response.content) == (302, b"")
    location = response.headers["location"]
    assert location == status.replace("operation-status", "operation-results")
    result = (await client.get(location)).json()
    assert (result["executionState"], result["success"]) == ("Completed", True)
    assert result["outputArguments"][0] == {"value": prop("JobNumber", "xs:long", "12")}
    values = (await client.get(f"{location}/$value")).json()
    assert values["outputArguments"] == {"JobNumber": 12, "Remark": "started"}
    other_spelling = location.replace("operation-results", "operation-result")
    assert (await client.get(other_spelling)).json() == result
    assert (await client.get(f"{other_spelling}/$value")).json() == values


@pytest.mark.parametrize("path", ["Box[0]", "Box%5B0%5D"])
async def test_an_operation_in_a_list_is_invoked_by_its_index(
    client: httpx.AsyncClient, press: Press, path: str
) -> None:
    response = await client.post(f"{API}{ELEMENTS}/{path}/invoke-async", json={})
    assert response.status_code == 202, response.text
    assert "/Box%5B0%5D/operation-status/" in response.headers["location"]
    await ended(client, response.headers["location"])
    assert press.calls[0].path == ("Box", 0)


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("StartJob/invoke", {}, 400, "inputArguments"),
        ("StartJob/invoke", {**BODY, "inputArguments": variables(prop("Program", "xs:int", "1"))},
         400, "inputArguments[0].value.valueType"),
        ("StartJob/invoke/$value", {**VALUES, "clientTimeoutDuration": "1 s"}, 400,
         "clientTimeoutDuration"),
        ("StartJob/invoke/$value", BODY, 400, "inputArguments"),
        ("StartJob/invoke-async", VALUES, 400, "inputArguments"),
        ("StartJob/invoke", [], 400, "body"),
        ("Speed/invoke", {}, 405, "a Property cannot be invoked"),
        ("Speed/invoke-async", {}, 405, "a Property cannot be invoked"),
        ("Nothing/invoke", {}, 404, "Nothing"),
        ("..x/invoke", {}, 400, "idShortPath"),
        ("Unused/invoke", {}, 405, "nothing carries out"),
        ("Unused/invoke-async", {}, 405, "nothing carries out"),
    ],
)  # fmt: skip
async def test_what_cannot_be_invoked_is_told_before_anything_runs(
    client: httpx.AsyncClient, press: Press, path: str, body: Any, status: int, told: str
) -> None:
    response = await client.post(f"{API}{ELEMENTS}/{path}", json=body)
    assert response.status_code == status, response.text
    assert told in " ".join(message["text"] for message in response.json()["messages"])
    assert press.calls == []


@pytest.mark.usefixtures("press")
async def test_a_shell_that_does_not_refer_to_the_submodel_is_no_way_to_it(
    client: httpx.AsyncClient,
) -> None:
    url = f"{API}/shells/{LONE_SHELL}/submodels/{SUBMODEL}/submodel-elements/Stop/invoke"
    assert (await client.post(url, json={})).status_code == 404


async def test_a_machine_that_is_away_is_an_error_at_once_and_a_failed_result_later(
    client: httpx.AsyncClient, press: Press
) -> None:
    press.error = DeviceUnreachable("away", status_code=0x80310000, status_name="BadNoComm")
    response = await client.post(f"{API}{ELEMENTS}/Stop/invoke", json={})
    assert response.status_code == 503
    assert "away" in response.json()["messages"][0]["text"]

    response = await client.post(f"{API}{ELEMENTS}/Stop/invoke-async", json={})
    status = response.headers["location"]
    response = await ended(client, status)
    result = (await client.get(response.headers["location"])).json()
    assert (result["executionState"], result["success"]) == ("Failed", False)
    assert result["messages"][0]["text"] == "away"


async def test_a_failure_in_the_matter_is_a_result_with_status_200(
    client: httpx.AsyncClient, press: Press
) -> None:
    press.error = OperationFailed("the door is open")
    response = await client.post(f"{API}{ELEMENTS}/Stop/invoke", json={})
    assert response.status_code == 200
    result = response.json()
    assert (result["executionState"], result["success"]) == ("Failed", False)
    assert result["messages"][0] == {
        "code": "OperationFailed",
        "messageType": "Error",
        "text": "the door is open",
        "timestamp": "2026-01-01T00:00:00.000Z",
    }


async def test_a_defect_shows_a_correlation_id_and_nothing_of_itself(
    client: httpx.AsyncClient, press: Press
) -> None:
    press.error = ZeroDivisionError("secret")
    response = await client.post(f"{API}{ELEMENTS}/Stop/invoke", json={})
    assert response.status_code == 500
    assert "secret" not in response.text

    response = await client.post(f"{API}{ELEMENTS}/Stop/invoke-async", json={})
    status = response.headers["location"]
    response = await ended(client, status)
    response = await client.get(response.headers["location"])
    assert response.json()["executionState"] == "Failed"
    (message,) = response.json()["messages"]
    assert message["correlationId"] in message["text"]
    assert "secret" not in response.text


async def test_what_takes_longer_than_the_client_waits_is_a_timeout(
    client: httpx.AsyncClient, press: Press
) -> None:
    press.go_on.clear()
    body = {"clientTimeoutDuration": "PT0.05S"}
    response = await client.post(f"{API}{ELEMENTS}/Stop/invoke", json=body)
    assert response.status_code == 200
    assert (response.json()["executionState"], response.json()["success"]) == ("Timeout", False)


@pytest.mark.usefixtures("press")
async def test_a_handle_is_for_its_own_operation_and_for_a_while(
    client: httpx.AsyncClient, clock: FakeClock
) -> None:
    response = await client.post(f"{API}{ELEMENTS}/Stop/invoke-async", json={})
    status = response.headers["location"]
    await ended(client, status)
    assert (await client.get(status.replace("/Stop/", "/StartJob/"))).status_code == 404
    clock.advance(3599)
    assert (await client.get(status)).status_code == 302
    clock.advance(1)
    gone = await client.get(status)
    assert gone.status_code == 404
    assert "handle" in gone.json()["messages"][0]["text"]
    unknown = encode_identifier("0" * 32)
    for resource in ("operation-status", "operation-results"):
        assert (await client.get(f"{API}{ELEMENTS}/Stop/{resource}/{unknown}")).status_code == 404
        assert (await client.get(f"{API}{ELEMENTS}/Stop/{resource}/~~")).status_code == 400
