"""``/live/samples``: recent samples of an element, with what is missing between them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.values import BAD_NO_COMMUNICATION
from tests.api.conftest import Machine
from tests.api.documents import LIVE

SECOND = 1_000_000


@pytest.fixture
def point(machine: Machine, hub: LiveHub) -> LivePoint:
    """An element with samples of the seconds 1 to 3, a gap, and one of the second 9."""
    point = machine.bind("Setpoint")
    hub.keep_samples(point, 100)
    for second in (1, 2, 3):
        machine.tell(point, float(second), source=second * SECOND + 5, received=10 * SECOND)
    hub.degrade([point], BAD_NO_COMMUNICATION)
    machine.tell(point, float("nan"), status=0x40930000, source=9 * SECOND, received=10 * SECOND)
    return point


async def ask(client: httpx.AsyncClient, status: int = 200, **query: Any) -> Any:
    response = await client.get(
        "/live/samples", params={"submodel": LIVE, "path": "Setpoint", **query}
    )
    assert response.status_code == status, response.text
    return response.json()


@pytest.mark.usefixtures("point")
async def test_samples_come_with_quality_and_time_and_gaps_are_told(client) -> None:
    report = await ask(client)
    assert report["items"][0] == {
        "value": 1.0,
        "quality": "good",
        "statusCode": 0,
        "sourceTimestamp": "1970-01-01T00:00:01.000005Z",
    }
    assert [each["quality"] for each in report["items"]] == ["good"] * 3 + ["uncertain"]
    assert report["items"][3]["value"] == "NaN"
    assert report["gaps"] == [
        {
            "from": "1970-01-01T00:00:03.000005Z",
            "to": "1970-01-01T00:00:09.000000Z",
            "reason": "no values came: BadNoCommunication",
        }
    ]
    assert report["leftOff"] == 0


@pytest.mark.usefixtures("point")
async def test_a_span_and_a_limit_may_be_asked_for(client) -> None:
    span = {"from": "1970-01-01T00:00:01.000006Z", "to": "1970-01-01T00:00:03.000005Z"}
    report = await ask(client, **span)
    assert [each["value"] for each in report["items"]] == [2.0, 3.0]
    assert report["gaps"] == []
    report = await ask(client, limit=1, **span)
    assert [each["value"] for each in report["items"]] == [3.0]
    assert report["leftOff"] == 1


@pytest.mark.usefixtures("point")
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"path": ""}, 400),
        ({"path": "a..b"}, 400),
        ({"submodel": "%%%"}, 400),
        ({"from": "yesterday"}, 400),
        ({"limit": "0"}, 400),
        ({"path": "Nowhere"}, 404),
        ({"path": "Signal"}, 404),
        ({"submodel": "dXJuOm5v"}, 404),
    ],
)
async def test_what_cannot_be_answered_is_refused(client, query, status) -> None:
    assert (await ask(client, status, **query))["messages"]


async def test_an_element_of_which_no_samples_are_kept_says_so(client, machine: Machine) -> None:
    machine.bind("Setpoint")
    answer = await ask(client, 404)
    assert "history" in answer["messages"][0]["text"]
