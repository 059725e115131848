"""The plan follows the model: soon, once for many changes, and also after the store was away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from aas_server.bindings import replanning
from aas_server.bindings.replanning import Replanner
from aas_server.clock import SystemClock
from aas_server.errors import StoreUnavailable
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.bindings.opcua.plant import until

CONCERNED = "urn:concerned"


class Plans:
    """Counts the plans, and fails as a test tells it."""

    def __init__(self) -> None:
        self.made = 0
        self.looks = 0
        self.failures: list[Exception] = []

    async def replan(self) -> None:
        self.made += 1
        if self.failures:
            raise self.failures.pop()

    async def look(self) -> bool:
        self.looks += 1
        return False


@pytest.fixture
def plans() -> Plans:
    return Plans()


@pytest.fixture
async def replanner(
    repository: Repository, plans: Plans, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Replanner]:
    monkeypatch.setattr(replanning, "DEBOUNCE", 0.05)
    monkeypatch.setattr(replanning, "LOOK", 0.05)
    monkeypatch.setattr(replanning, "_RETRY", 0.01)
    replanner = Replanner(repository, SystemClock(), plans.replan, plans.look)
    replanner.concern([CONCERNED])
    replanner.start()
    yield replanner
    await replanner.stop()


async def put(repository: Repository, identifier: str, **more: Any) -> None:
    tree = {"modelType": "Submodel", "id": identifier, **more}
    await repository.put(Kind.SUBMODEL, identifier, tree, actor="test")


async def quiet() -> None:
    await asyncio.sleep(0.2)


async def test_many_changes_at_once_are_one_plan(
    repository: Repository, replanner: Replanner, plans: Plans
) -> None:
    for number in range(20):
        await put(repository, CONCERNED, idShort=f"Number{number}")

    await quiet()

    assert plans.made == 1


async def test_what_concerns_nobody_is_not_planned(
    repository: Repository, replanner: Replanner, plans: Plans
) -> None:
    await put(repository, "urn:other")
    shell = {
        "modelType": "AssetAdministrationShell",
        "id": CONCERNED,
        "assetInformation": {"assetKind": "Instance", "globalAssetId": "urn:asset"},
    }
    await repository.put(Kind.SHELL, CONCERNED, shell, actor="test")

    await quiet()

    assert (plans.made, plans.looks) == (0, 0)


async def test_what_was_only_heard_of_is_looked_at(
    repository: Repository, replanner: Replanner, plans: Plans
) -> None:
    repository.cache.forget([((Kind.SUBMODEL, "urn:unknown"), 1)])

    await until(lambda: plans.looks)

    assert plans.made == 0


async def test_when_anything_may_have_changed_all_is_planned(
    repository: Repository, replanner: Replanner, plans: Plans
) -> None:
    repository.cache.forget(None)

    await until(lambda: plans.made)


async def test_it_goes_on_when_the_store_was_away(
    repository: Repository, replanner: Replanner, plans: Plans
) -> None:
    plans.failures = [StoreUnavailable("away"), StoreUnavailable("away")]
    with capture_logs() as logs:
        await put(repository, CONCERNED)

        await until(lambda: plans.made == 3)

    assert {each["event"] for each in logs} == {"bindings cannot follow the model"}


async def test_a_defect_does_not_end_it(
    repository: Repository, replanner: Replanner, plans: Plans
) -> None:
    plans.failures = [ValueError("broken")]
    with capture_logs() as logs:
        await put(repository, CONCERNED)
        await until(lambda: plans.made == 1)
        await until(lambda: logs)
    assert [each["event"] for each in logs] == ["bindings could not be planned"]

    await put(repository, CONCERNED, idShort="Changed")

    await until(lambda: plans.made == 2)


async def test_whoever_stopped_it_hears_no_more(
    repository: Repository, replanner: Replanner, plans: Plans
) -> None:
    await replanner.stop()
    await replanner.stop()

    await put(repository, CONCERNED)
    await quiet()

    assert plans.made == 0
