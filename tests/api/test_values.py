from __future__ import annotations

import json

import httpx
import pytest

from aas_server.errors import (
    BadRequest,
    DeviceError,
    DeviceFailed,
    DeviceRefusedAccess,
    DeviceRefusedValue,
    DeviceTimedOut,
    DeviceUnreachable,
    StoreUnavailable,
)
from aas_server.live.values import BAD_NO_COMMUNICATION
from tests.api.conftest import Get, Machine
from tests.api.documents import API, LIVE, LIVE_ID, TYPES
from tests.api.results import message_of, refused
from tests.support.clock import START

ELEMENTS = f"/submodels/{LIVE}/submodel-elements"
SOURCE = START + 1_500_000
RECEIVED = START + 7_000_000
SOURCE_DATE = "Thu, 01 Jan 2026 00:00:01 GMT"
RECEIVED_DATE = "Thu, 01 Jan 2026 00:00:07 GMT"


def url(path: str) -> str:
    return f"{API}{ELEMENTS}/{path}/$value"


async def test_a_live_value_tells_its_quality_and_its_time(client, get, machine: Machine):
    point = machine.bind("Temperature")
    machine.tell(point, 21.5, source=SOURCE, received=RECEIVED)
    response = await client.get(url("Temperature"))
    assert response.json() == 21.5
    assert response.headers["aas-quality"] == "good"
    assert response.headers["last-modified"] == SOURCE_DATE
    element = await get(f"{ELEMENTS}/Temperature")
    assert element["value"] == "21.5"
    qualifiers = {each["type"]: each["value"] for each in element["qualifiers"]}
    assert qualifiers["quality"] == "good"
    assert element in (await get(f"/submodels/{LIVE}"))["submodelElements"]
    assert element in (await get(ELEMENTS))["result"]
    assert (await get(f"/submodels/{LIVE}/$value"))["Temperature"] == 21.5


async def test_a_bad_value_keeps_the_last_good_one_and_its_time(client, machine: Machine):
    point = machine.bind("Temperature")
    machine.tell(point, 21.5, source=SOURCE, received=RECEIVED)
    machine.tell(point, None, status=BAD_NO_COMMUNICATION, received=RECEIVED + 1_000_000)
    response = await client.get(url("Temperature"))
    assert response.json() == 21.5
    assert response.headers["aas-quality"] == "bad;status=BadNoCommunication"
    assert response.headers["last-modified"] == SOURCE_DATE


async def test_without_a_source_time_the_received_one_is_told(client, machine: Machine):
    machine.tell(machine.bind("Temperature"), 1.5, received=RECEIVED)
    assert (await client.get(url("Temperature"))).headers["last-modified"] == RECEIVED_DATE


async def test_before_the_first_value_nothing_is_claimed(client, machine: Machine):
    machine.bind("Fresh")
    response = await client.get(url("Fresh"))
    assert response.json() is None
    assert response.headers["aas-quality"] == "uncertain;status=UncertainInitialValue"
    assert "last-modified" not in response.headers


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        (0x00000000, "good"),
        (0x00000400, "good"),
        (0x00960000, "good;status=GoodLocalOverride"),
        (0x408F0000, "uncertain;status=UncertainNoCommunicationLastUsableValue"),
        (0x80AB0000, "bad;status=0x80AB0000"),
    ],
)
async def test_the_status_is_named_unless_it_is_plainly_good(client, machine, status, quality):
    machine.tell(machine.bind("Temperature"), 1.5, status=status)
    assert (await client.get(url("Temperature"))).headers["aas-quality"] == quality


@pytest.mark.parametrize(
    ("value", "shown"), [(float("inf"), "INF"), (float("-inf"), "-INF"), (float("nan"), "NaN")]
)
async def test_values_without_a_json_number_travel_as_text(client, get, machine, value, shown):
    machine.tell(machine.bind("Temperature"), value)
    assert await get(f"{ELEMENTS}/Temperature/$value") == shown
    assert (await get(f"{ELEMENTS}/Temperature"))["value"] == shown


async def test_a_live_text_in_languages_keeps_its_form(get: Get, machine: Machine):
    machine.tell(machine.bind("State"), [{"language": "de", "text": "läuft"}])
    assert await get(f"{ELEMENTS}/State/$value") == [{"de": "läuft"}]
    assert (await get(f"{ELEMENTS}/State"))["value"] == [{"language": "de", "text": "läuft"}]


async def test_a_value_deep_in_a_collection_is_live_in_every_view(get: Get, machine: Machine):
    point = machine.bind("Zone.Heat")
    for value in (70.5, 71.5):
        machine.tell(point, value)
        assert await get(f"{ELEMENTS}/Zone.Heat/$value") == value
        assert await get(f"{ELEMENTS}/Zone/$value") == {"Heat": value}
        assert (await get(f"{ELEMENTS}/$value"))["result"]["Zone"] == {"Heat": value}


async def test_a_write_reaches_the_machine_and_changes_nothing_else(client, get, machine: Machine):
    point = machine.bind("Setpoint", writable=True)
    machine.tell(point, 10.5)
    response = await client.patch(url("Setpoint"), json=12.5)
    assert (response.status_code, response.content) == (204, b"")
    assert not {"content-type", "content-length"} & response.headers.keys()
    assert machine.written == [(f"{LIVE_ID}/Setpoint", 12.5)]
    assert await get(f"{ELEMENTS}/Setpoint/$value") == 10.5


REFUSED = {"status_code": 0x803C0000, "status_name": "BadOutOfRange"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (DeviceRefusedValue("refused", **REFUSED), 400, "DeviceRefusedValue"),
        (DeviceRefusedAccess("refused", **REFUSED), 403, "DeviceRefusedAccess"),
        (DeviceFailed("failed", **REFUSED), 502, "DeviceFailed"),
        (DeviceUnreachable("unreachable", **REFUSED), 503, "DeviceUnreachable"),
        (DeviceTimedOut("no answer", **REFUSED), 504, "DeviceTimedOut"),
        (StoreUnavailable("the disk is full"), 503, "StoreUnavailable"),
        (BadRequest("no number"), 400, "BadRequest"),
    ],
)
async def test_the_machines_refusal_is_the_clients_answer(
    client, get, machine, error, status, code
):
    point = machine.bind("Setpoint", writable=True)
    machine.tell(point, 10.5)
    machine.refusal = error
    response = await client.patch(url("Setpoint"), json=12.5)
    text = refused(response, status)
    assert message_of(response.json())["code"] == code
    assert text.startswith(error.text)
    assert ("BadOutOfRange (0x803C0000)" in text) == isinstance(error, DeviceError)
    assert ("retry-after" in response.headers) == (status == 503)
    assert await get(f"{ELEMENTS}/Setpoint/$value") == 10.5


async def test_the_status_is_not_told_twice(client, machine: Machine):
    machine.bind("Setpoint", writable=True)
    machine.refusal = DeviceFailed("the machine said BadOutOfRange (0x803C0000)", **REFUSED)
    text = refused(await client.patch(url("Setpoint"), json=1), 502)
    assert text == "the machine said BadOutOfRange (0x803C0000)"


async def test_an_element_bound_for_reading_only_is_forbidden_to_write(client, machine: Machine):
    machine.bind("Temperature")
    assert "readWrite" in refused(await client.patch(url("Temperature"), json=1.5), 403)


@pytest.mark.parametrize(
    ("path", "body", "after"),
    [
        (f"/submodels/{TYPES}/submodel-elements/Number", 7, 7.0),
        (f"/submodels/{TYPES}/submodel-elements/Number", "8.5", 8.5),
        (f"/submodels/{TYPES}/submodel-elements/Number", "NaN", "NaN"),
        (f"/submodels/{TYPES}/submodel-elements/Unset", "set", "set"),
        (f"/submodels/{TYPES}/submodel-elements/Label", [{"de": "Öl"}], [{"de": "Öl"}]),
        (f"/submodels/{TYPES}/submodel-elements/Span", {"max": 20}, {"min": 3, "max": 20}),
        (f"/submodels/{TYPES}/submodel-elements/Items[11][11]", 5, 5),
        (
            f"/submodels/{TYPES}/submodel-elements/Group",
            {"Inside": 3},
            {"Inside": 3.0, "Deeper": {"Deepest": 2.5}},
        ),
    ],
)
async def test_a_stored_value_is_written_and_read_back(client, get, path, body, after):
    assert (await client.patch(f"{API}{path}/$value", json=body)).status_code == 204
    assert await get(f"{path}/$value") == after


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"", {}, 400),
        (b"{", {}, 400),
        (b"42 x", {}, 400),
        (b"\xff", {}, 400),
        (b"NaN", {}, 400),
        (b'"' + b"x" * 8192 + b'"', {}, 413),
        (b"1", {"content-length": "99999999999999999999999999"}, 413),
        (b"1", {"content-type": "text/plain"}, 415),
        (b"1", {"content-type": "application/xml"}, 415),
        (b'"high"', {"content-type": "application/json"}, 400),
        (b"{}", {"content-type": "application/json; charset=utf-8"}, 400),
    ],
)
async def test_a_wrong_body_is_refused_and_changes_nothing(client, get, content, headers, status):
    path = f"/submodels/{TYPES}/submodel-elements/Number/$value"
    refused(await client.request("PATCH", API + path, content=content, headers=headers), status)
    assert await get(path) == 42.5


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("Name", "\x00"),
        ("Name", "\x00slot\x00"),
        ("Name", "\ufffe"),
        ("Label", [{"en": "bell \x07"}]),
        ("Label", [{"e\x07": "bell"}]),
        ("Manual", {"contentType": "text/plain", "value": "/\x1b"}),
    ],
)
async def test_characters_that_no_document_may_hold_are_refused(client, get, path, body):
    target = f"/submodels/{TYPES}/submodel-elements/{path}/$value"
    before = await get(target)
    assert "AASd-130" in refused(await client.patch(API + target, json=body), 400)
    assert await get(target) == before


async def test_other_characters_are_kept(client, get):
    target = f"/submodels/{TYPES}/submodel-elements/Name/$value"
    text = "\t\r\n ä 中 \U0001f527 \ufffd"
    assert (await client.patch(API + target, json=text)).status_code == 204
    assert await get(target) == text


@pytest.mark.parametrize("depth", [65, 900, 5000])
@pytest.mark.parametrize(("before", "after"), [(b"[", b"]"), (b'{"a":', b"}")])
async def test_a_body_that_is_nested_too_deep_is_refused(filled, client, app, before, after, depth):
    target = f"{API}/submodels/{TYPES}/submodel-elements/Name/$value"
    content = before * depth + b"1" + after * depth
    if len(content) > app.settings.max_body:
        refused(await client.request("PATCH", target, content=content), 413)
        return
    text = refused(await client.request("PATCH", target, content=content), 400)
    assert "nested deeper than 64 levels" in text


async def test_an_endless_body_is_not_read_to_its_end(client: httpx.AsyncClient):
    sent = 0

    async def endless():
        nonlocal sent
        while sent < 100_000:
            sent += 512
            yield b" " * 512

    path = f"{API}/submodels/{TYPES}/submodel-elements/Number/$value"
    response = await client.request("PATCH", path, content=endless())
    refused(response, 413)
    assert response.headers["connection"] == "close"
    assert sent < 20_000


@pytest.mark.parametrize("headers", [{}, {"content-type": "Application/JSON;charset=utf-8"}])
async def test_a_body_needs_no_type_and_takes_json_in_any_spelling(client, get, headers):
    path = f"/submodels/{TYPES}/submodel-elements/Number/$value"
    response = await client.request(
        "PATCH", f"{API}{path}?level=deep", content=b" 1.5 ", headers=headers
    )
    assert response.status_code == 204
    assert await get(path) == 1.5


@pytest.mark.parametrize(
    ("path", "status"),
    [("Nothing", 404), ("Items[12]", 404), ("Items[x]", 400), ("Pressing", 400), ("Start", 400)],
)
async def test_only_what_is_there_and_has_a_value_is_written(client, path, status):
    target = f"{API}/submodels/{TYPES}/submodel-elements/{path}/$value"
    refused(await client.patch(target, json=1), status)


async def test_a_generated_submodel_is_read_like_any_other_and_never_written(client, get, filled):
    tree = {
        "modelType": "Submodel",
        "id": "urn:x",
        "idShort": "Status",
        "submodelElements": [
            {"modelType": "Property", "idShort": "Aa", "valueType": "xs:int", "value": "1"}
        ],
    }
    filled.put_generated(tree)
    assert await get("/submodels/dXJuOng") == tree
    assert (await get("/submodels"))["result"][-1] == tree
    refused(await client.patch(f"{API}/submodels/dXJuOng/submodel-elements/Aa/$value", json=2), 403)
    assert json.loads((await filled.submodels.get("urn:x")).body()) == tree


async def test_of_several_machines_values_each_that_was_not_taken_is_told(client, machine):
    point = machine.bind("Setpoint", writable=True)
    machine.tell(point, 10.5)
    machine.refusal = DeviceRefusedAccess("refused", path="Setpoint", **REFUSED)
    response = await client.patch(f"{API}/submodels/{LIVE}/$value", json={"Setpoint": 3.5})
    assert response.status_code == 403
    messages = response.json()["messages"]
    assert {each["code"] for each in messages} == {"NotAllWritten"}
    assert "1 of 1 not written" in messages[0]["text"]
    assert "BadOutOfRange" in messages[1]["text"]
    machine.refusal = None
    response = await client.patch(f"{API}/submodels/{LIVE}/$value", json={"Setpoint": 3.5})
    assert response.status_code == 204
    assert machine.written == [(f"{LIVE_ID}/Setpoint", 3.5)]
