"""Health: what it says of the store, and that it says so in time."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from aas_server.api import health
from aas_server.api.operations.table import BASE_PATHS
from aas_server.errors import StoreUnavailable
from aas_server.repository.repository import Repository

PATHS = ("/health", "/actuator/health", *(f"{base}/actuator/health" for base in BASE_PATHS))


@pytest.mark.parametrize("path", PATHS)
async def test_a_server_whose_store_answers_is_up(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)

    assert (response.status_code, response.json()) == (200, {"status": "UP"})
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PATHS)
async def test_a_server_whose_store_is_away_is_down_and_says_why(
    client: httpx.AsyncClient,
    filled: Repository,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    async def away() -> None:
        raise StoreUnavailable("the disk is gone")

    monkeypatch.setattr(filled, "require_store", away)

    response = await client.get(path)

    assert response.status_code == 503
    assert response.json() == {
        "status": "DOWN",
        "components": {"store": {"status": "DOWN", "details": {"error": "the disk is gone"}}},
    }


async def test_a_store_that_says_nothing_is_asked_once_and_not_waited_for(
    client: httpx.AsyncClient, filled: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, asked = asyncio.Event(), 0

    async def silent() -> None:
        nonlocal asked
        asked += 1
        await answer.wait()

    monkeypatch.setattr(filled, "require_store", silent)
    monkeypatch.setattr(health, "PATIENCE", 0.01)

    for _ in range(3):
        response = await client.get("/health")
        assert response.status_code == 503
        assert "does not answer" in response.text
    assert asked == 1
    answer.set()
    await asyncio.sleep(0)
    assert (await client.get("/health")).status_code == 200


async def test_any_number_of_clients_may_ask_at_the_same_time(filled: Repository) -> None:
    asked = health.Health(filled)

    async def ask_often() -> list[dict[str, object]]:
        return [await asked.report() for _ in range(20)]

    reports = await asyncio.gather(*(ask_often() for _ in range(20)))
    assert all(report == {"status": "UP"} for each in reports for report in each)
