"""Submodels that are written are judged by their templates when the settings demand it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from aas_server.api.services import Services
from aas_server.api.settings import ApiSettings
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from aas_server.templates.guarding import Guarding, TemplateGuard
from tests.api.documents import API
from tests.api.forms import form, part, send
from tests.packages.packages import aasx, environment
from tests.templates.samples import collection, number, reference, rule, template, text

PUMP = template(
    text("Name", "One"),
    number("Speed", "ZeroToOne", rule("AllowedRange", "[0,3000]")),
    collection("Part__00__", text("Name", "One"), card="ZeroToMany"),
).node
URL = f"{API}/submodels"
PUMP_URL = f"{URL}/{encode_identifier('urn:pump')}"


@pytest.fixture
def guarding() -> Guarding:
    return Guarding.STRICT


@pytest.fixture(autouse=True)
async def guarded(services: Services, guarding: Guarding, client: httpx.AsyncClient) -> None:
    services.repository.guard_writes(TemplateGuard(services.templates, guarding))
    assert (await client.post(URL, json=PUMP)).status_code == 201


def value(id_short: str, value: str | None, value_type: str = "xs:string") -> dict[str, Any]:
    found = {"modelType": "Property", "idShort": id_short, "valueType": value_type, "value": value}
    return {key: member for key, member in found.items() if member is not None}


def pump(*elements: dict[str, Any], identifier: str = "urn:pump") -> dict[str, Any]:
    found: dict[str, Any] = {
        "modelType": "Submodel",
        "id": identifier,
        "idShort": "Pump",
        "semanticId": reference("urn:example:Pump"),
    }
    return {**found, "submodelElements": list(elements)} if elements else found


GOOD = pump(value("Name", "P1"), value("Speed", "100", "xs:double"))


def told(answer: httpx.Response) -> str:
    """Return all that a refusal says."""
    assert answer.status_code == 400, answer.text
    return "\n".join(each["text"] for each in answer.json()["messages"])


async def test_what_is_not_as_the_template_has_it_is_refused(
    client: httpx.AsyncClient, services: Services
) -> None:
    said = told(await client.post(URL, json=pump()))
    assert said == (
        "lacks Name, says the template of urn:pump (expected One, found 0); add Name, a Property "
        "(template:missing)"
    )
    assert await services.repository.submodels.find("urn:pump") is None
    assert (await client.post(URL, json=GOOD)).status_code == 201
    before = (await client.get(PUMP_URL)).content
    elements = f"{PUMP_URL}/submodel-elements"
    refusals = {
        "template:allowed-range": client.patch(f"{elements}/Speed/$value", json="9000"),
        "template:missing": client.delete(f"{elements}/Name"),
        "template:model-type": client.put(
            f"{elements}/Name",
            json={"modelType": "Capability", "idShort": "Name"},
        ),
    }
    for code, request in refusals.items():
        assert f"({code})" in told(await request)
    assert told(await client.patch(f"{PUMP_URL}/$value", json={"Speed": "-1"}))
    assert told(await client.put(PUMP_URL, json=pump(value("Name", ""))))
    assert (await client.get(PUMP_URL)).content == before
    changed = await client.patch(f"{PUMP_URL}/submodel-elements/Speed/$value", json="2000")
    assert changed.status_code == 204


async def test_templates_and_what_has_none_are_taken(client: httpx.AsyncClient) -> None:
    other = {**pump(), "semanticId": reference("urn:unknown")}
    assert (await client.post(URL, json=other)).status_code == 201


async def test_an_import_with_one_that_does_not_fit_brings_nothing(
    client: httpx.AsyncClient, repository: Repository
) -> None:
    package = aasx(environment(GOOD, pump(identifier="urn:bad")))
    body = form(part("file", package, file_name="a.aasx", content_type=None))
    said = told(await send(client, f"{API}/upload", body, method="POST"))
    assert "urn:bad" in said
    assert await repository.collection(Kind.SUBMODEL).find("urn:pump") is None


@pytest.mark.parametrize("guarding", [Guarding.REPORT])
async def test_what_is_only_reported_is_taken(client: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        wrong = pump(value("Name", "P1"), value("Speed", "9000", "xs:double"))
        assert (await client.post(URL, json=wrong)).status_code == 201
    (told,) = (each for each in logs if each["event"] == "submodel is not as its template has it")
    assert (told["id"], told["count"]) == ("urn:pump", 1)


@pytest.mark.parametrize("guarding", [Guarding.LENIENT])
async def test_what_an_import_lets_pass_is_taken(client: httpx.AsyncClient) -> None:
    assert (
        await client.post(URL, json=pump(value("Name", "P"), value("Odd", "x")))
    ).status_code == 201


async def test_a_template_counts_from_the_moment_it_is_there(client: httpx.AsyncClient) -> None:
    fan = {**pump(identifier="urn:fan"), "semanticId": reference("urn:example:Fan")}
    assert (await client.post(URL, json=fan)).status_code == 201
    newer = template(text("Name", "One"), identifier="urn:t:fan", semanticId=fan["semanticId"]).node
    assert (await client.post(URL, json=newer)).status_code == 201
    assert told(await client.put(f"{URL}/{encode_identifier('urn:fan')}", json=fan))


@pytest.mark.parametrize("settings", [ApiSettings(version="1.2.3", max_body=100_000)])
async def test_writers_of_one_large_submodel_do_not_undo_each_other(
    client: httpx.AsyncClient,
) -> None:
    parts = [
        {
            "modelType": "SubmodelElementCollection",
            "idShort": f"Part{number:02}",
            "value": [value("Name", "old")],
        }
        for number in range(80)
    ]
    assert (await client.post(URL, json=pump(value("Name", "P1"), *parts))).status_code == 201

    async def write(number: int) -> bool:
        path = f"{PUMP_URL}/submodel-elements/Part{number:02}.Name/$value"
        answer = await client.patch(path, json="new")
        assert answer.status_code in (204, 409)
        return answer.status_code == 204

    written = await asyncio.gather(*map(write, range(32)))
    names = (await client.get(f"{PUMP_URL}/$value")).json()
    found = [names[f"Part{number:02}"]["Name"] == "new" for number in range(32)]
    assert found == written
    assert any(written)
