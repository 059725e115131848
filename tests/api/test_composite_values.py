"""Elements that a machine feeds as a whole, as clients read and write them and what is below."""

from __future__ import annotations

import httpx
import pytest

from aas_server.api.app import AasApplication
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.shapes import ABSENT
from aas_server.live.sinks import resolve_sink
from aas_server.live.values import BAD_SENSOR_FAILURE
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.api.conftest import Get, Machine
from tests.api.documents import API, element, number
from tests.support.clock import START

ID = "urn:example:sm:composites"
ELEMENTS = f"/submodels/{encode_identifier(ID)}/submodel-elements"
NUMBERS = element(
    "SubmodelElementList",
    "Numbers",
    typeValueListElement="Property",
    valueTypeListElement="xs:double",
)
TOOL = element(
    "SubmodelElementCollection",
    "Tool",
    value=[
        element("Property", "Name", valueType="xs:string"),
        element("SubmodelElementCollection", "Offset", value=[number("Length", "0.0")]),
        element("Blob", "Icon", contentType="image/png"),
    ],
)
SUBMODEL = {"modelType": "Submodel", "id": ID, "submodelElements": [NUMBERS, TOOL]}
VALUE = {"Name": "Drill", "Offset": {"Length": 2.5}, "Icon": "QUI="}
SOURCE_DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


@pytest.fixture
async def feed(hub: LiveHub, filled: Repository, machine: Machine) -> dict[str, LivePoint]:
    """The points of both elements, which clients may write."""
    await filled.create(Kind.SUBMODEL, SUBMODEL, actor="test")
    points = {name: hub.register(resolve_sink(SUBMODEL, (name,)), machine) for name in TELL}
    for name, value in TELL.items():
        machine.tell(points[name], value, source=START)
    return points


TELL = {"Numbers": [1.0, 2.5], "Tool": VALUE}


async def test_reads_of_the_whole_and_below_agree_and_follow_the_value(
    client: httpx.AsyncClient, get: Get, machine: Machine, feed: dict[str, LivePoint]
) -> None:
    for numbers in ([1.0, 2.5], [], [float("nan")], [7.0] * 5):
        machine.tell(feed["Numbers"], numbers, source=START)
        shown = ["NaN" if each != each else each for each in numbers]

        assert await get(f"{ELEMENTS}/Numbers/$value") == shown
        whole = await get(f"/submodels/{encode_identifier(ID)}/$value")
        assert whole.get("Numbers", []) == shown
        paths = [f"Numbers[{index}]" for index in range(len(numbers))]
        assert await get(f"{ELEMENTS}/Numbers/$path") == ["Numbers", *paths]
        for path, value in zip(paths, shown, strict=True):
            assert await get(f"{ELEMENTS}/{path}/$value") == value
            assert (await get(f"{ELEMENTS}/{path}"))["valueType"] == "xs:double"
            keys = (await get(f"{ELEMENTS}/{path}/$reference"))["keys"]
            assert keys[-1]["value"] == path[8:-1]
        beyond = await client.get(f"{API}{ELEMENTS}/Numbers[{len(numbers)}]/$value")
        assert beyond.status_code == 404


async def test_what_is_below_has_the_quality_and_the_time_of_the_whole(
    client: httpx.AsyncClient, machine: Machine, feed: dict[str, LivePoint]
) -> None:
    url = f"{API}{ELEMENTS}/Tool.Offset.Length/$value"
    response = await client.get(url)
    assert response.json() == 2.5
    assert response.headers["aas-quality"] == "good"
    assert response.headers["last-modified"] == SOURCE_DATE
    tag = response.headers["etag"]
    assert (await client.get(url, headers={"If-None-Match": tag})).status_code == 304

    machine.tell(feed["Tool"], None, status=BAD_SENSOR_FAILURE)

    response = await client.get(url)
    assert response.json() == 2.5
    assert response.headers["aas-quality"] == "bad;status=BadSensorFailure"
    assert response.headers["etag"] != tag


async def test_levels_and_extents_cut_the_value_as_they_cut_a_stored_one(
    get: Get, feed: dict[str, LivePoint]
) -> None:
    icon = {"contentType": "image/png"}

    assert (await get(f"{ELEMENTS}/Tool/$value"))["Icon"] == icon
    whole = await get(f"{ELEMENTS}/Tool/$value", extent="withBlobValue")
    assert whole["Icon"] == icon | {"value": "QUI="}
    assert (await get(f"{ELEMENTS}/Tool.Icon/$value", extent="withBlobValue")) == whole["Icon"]
    assert (await get(f"{ELEMENTS}/Tool/$value", level="core"))["Offset"] == {}
    core = await get(f"{ELEMENTS}/Tool", level="core")
    assert "value" not in core["value"][1]
    assert "value" not in core["value"][2]
    listed = (await get(ELEMENTS))["result"]
    assert listed == [await get(f"{ELEMENTS}/{name}") for name in TELL]


async def test_a_hot_answer_below_is_kept_until_the_value_changes(
    client: httpx.AsyncClient, app: AasApplication, machine: Machine, feed: dict[str, LivePoint]
) -> None:
    path = f"{API}{ELEMENTS}/Numbers[1]/$value"
    cold = await client.get(path)
    entry = app.hot_reads.find(path.encode())
    assert entry is not None
    answer = entry.answer()
    assert answer is not None
    assert answer.body == cold.content == b"2.5"
    machine.tell(feed["Tool"], VALUE, source=START)
    assert entry.answer() is answer

    machine.tell(feed["Numbers"], [1.0, 9.0], source=START)
    after = entry.answer()
    assert after is not None
    assert after.body == b"9.0"
    machine.tell(feed["Numbers"], [1.0], source=START)
    assert (await client.get(path)).status_code == 404


async def test_the_whole_is_written_through_and_nothing_below_it(
    client: httpx.AsyncClient, machine: Machine, feed: dict[str, LivePoint]
) -> None:
    response = await client.patch(f"{API}{ELEMENTS}/Numbers/$value", json=[3.0])
    assert response.status_code == 204
    assert machine.written == [(f"{ID}/Numbers", [3.0])]

    for path, value in (("Tool.Name", "Mill"), ("Tool.Offset", {"Length": 1.0}), ("Numbers[0]", 1)):
        response = await client.patch(f"{API}{ELEMENTS}/{path}/$value", json=value)
        assert response.status_code == 403
        assert f"write $value of {path.partition('.')[0].partition('[')[0]}" in response.text
    missing = await client.patch(f"{API}{ELEMENTS}/Tool.Nope/$value", json=1)
    assert missing.status_code == 404
    assert len(machine.written) == 1


async def test_metadata_below_can_be_changed_while_a_machine_feeds_it(
    client: httpx.AsyncClient, get: Get, machine: Machine, feed: dict[str, LivePoint]
) -> None:
    machine.tell(feed["Tool"], {**VALUE, "Offset": ABSENT}, source=START)
    url = f"{API}{ELEMENTS}/Tool.Name"
    tag = (await client.get(url)).headers["etag"]
    text = [{"language": "en", "text": "what is in the spindle"}]
    changed = {"modelType": "Property", "idShort": "Name", "description": text}

    response = await client.patch(f"{url}/$metadata", json=changed, headers={"If-Match": tag})

    assert response.status_code == 204, response.text
    assert (await get(f"{ELEMENTS}/Tool.Name"))["description"] == text
    assert (await get(f"{ELEMENTS}/Tool/$value"))["Name"] == "Drill"
    machine.tell(feed["Tool"], VALUE, source=START)
    assert await get(f"{ELEMENTS}/Tool.Offset.Length/$value") == 2.5


async def test_a_field_that_a_machine_feeds_is_not_taken_out(
    client: httpx.AsyncClient, feed: dict[str, LivePoint]
) -> None:
    response = await client.delete(f"{API}{ELEMENTS}/Tool.Name")

    assert response.status_code == 409
    assert "keep their names and types" in response.text
