from __future__ import annotations

import httpx
import pytest

from aas_server.clock import to_iso
from tests.api.conftest import Get, Machine
from tests.api.documents import API, LIVE, SHELL, TYPES
from tests.api.results import refused
from tests.support.clock import FakeClock

FIXED = f"{API}/submodels/{LIVE}/submodel-elements/Fixed/$value"


async def fixed_at(get: Get, moment: int) -> str:
    submodel = await get(f"/submodels/{LIVE}/$history", date=to_iso(moment))
    (element,) = (each for each in submodel["submodelElements"] if each["idShort"] == "Fixed")
    value: str = element["value"]
    return value


async def test_every_former_state_is_given_for_its_time(
    client: httpx.AsyncClient, get: Get, clock: FakeClock
):
    start = clock.now()
    for value in (4.5, 5.5):
        clock.advance(10)
        assert (await client.patch(FIXED, json=value)).status_code == 204
    assert await fixed_at(get, start) == "3.0"
    assert await fixed_at(get, start + 9_999_000) == "3.0"
    assert await fixed_at(get, start + 10_000_000) == "4.5"
    assert await fixed_at(get, start + 20_000_000) == "5.5"
    assert await fixed_at(get, start + 90_000_000) == "5.5"


async def test_without_a_date_the_present_state_is_given(
    client: httpx.AsyncClient, get: Get, machine: Machine
):
    machine.tell(machine.bind("Temperature"), 71.5)
    assert await get(f"/submodels/{LIVE}/$history") == await get(f"/submodels/{LIVE}")
    assert await get(f"/shells/{SHELL}/$history") == await get(f"/shells/{SHELL}")


async def test_shells_have_a_history_too(client: httpx.AsyncClient, get: Get, clock: FakeClock):
    before = await get(f"/shells/{SHELL}")
    date = to_iso(clock.now())
    clock.advance(1)
    await client.put(f"{API}/shells/{SHELL}", json={**before, "idShort": "Changed"})
    assert await get(f"/shells/{SHELL}/$history", date=date) == before


async def test_a_deleted_document_is_still_known_at_its_time(
    client: httpx.AsyncClient, get: Get, clock: FakeClock
):
    before = await get(f"/shells/{SHELL}")
    date = to_iso(clock.now())
    clock.advance(1)
    assert (await client.delete(f"{API}/shells/{SHELL}")).status_code == 204
    assert await get(f"/shells/{SHELL}/$history", date=date) == before
    refused(await client.get(f"{API}/shells/{SHELL}/$history"), 404)


async def test_level_and_extent_cut_former_states_as_they_cut_present_ones(
    get: Get, clock: FakeClock
):
    date = to_iso(clock.now())
    for modifiers in ({}, {"level": "core"}, {"extent": "withBlobValue"}):
        past = await get(f"/submodels/{TYPES}/$history", date=date, **modifiers)
        assert past == await get(f"/submodels/{TYPES}", **modifiers)


async def test_before_its_creation_there_was_nothing(client: httpx.AsyncClient, clock: FakeClock):
    date = to_iso(clock.now() - 1_000_000)
    response = await client.get(f"{API}/submodels/{LIVE}/$history", params={"date": date})
    assert "did not exist" in refused(response, 404)
    unknown = await client.get(f"{API}/shells/{LIVE}/$history", params={"date": date})
    assert "did not exist" in refused(unknown, 404)


@pytest.mark.parametrize("date", ["", "now", "2026-02-30T00:00:00Z"])
async def test_a_date_that_is_none_is_named(client: httpx.AsyncClient, date: str):
    response = await client.get(f"{API}/submodels/{LIVE}/$history", params={"date": date})
    assert "date" in refused(response, 400)
