"""Two servers on one store: what one of them began, the other one tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from aas_server.api.app import build_app
from aas_server.api.services import Services
from aas_server.api.settings import ApiSettings
from aas_server.live.hub import LiveHub
from aas_server.operations.executor import OperationCall, OperationOutcome
from aas_server.registry.bulk import BulkChange
from aas_server.repository.repository import Repository
from aas_server.store.postgres import PostgresStore
from aas_server.store.protocol import Kind, Store
from tests.api.documents import API
from tests.api.forms import send
from tests.api.results import refused
from tests.api.test_bulk import SHELLS, far
from tests.api.test_invocation import BODY, ELEMENTS
from tests.api.test_packages import package_form
from tests.operations.documents import START_JOB, STOP, SUBMODEL_ID, submodel
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore
from tests.support.services import running_services


@dataclass
class Server:
    services: Services
    client: httpx.AsyncClient

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(path)


@asynccontextmanager
async def running_server(store: Store, clock: FakeClock, folder: Path) -> AsyncIterator[Server]:
    repository = Repository(store, LiveHub(clock), clock)
    await repository.open()
    async with running_services(repository, clock, folder, store) as services:
        app = build_app(
            services, registry=CollectorRegistry(), settings=ApiSettings(version="1.2.3")
        )
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield Server(services, client)
    await repository.close()


@pytest.fixture(params=["memory", "postgres"])
async def servers(
    request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path
) -> AsyncIterator[tuple[Server, Server]]:
    async with AsyncExitStack() as stack:
        stores: list[Store] = []
        if request.param == "memory":
            stores = [MemoryStore(clock, is_shared=True)] * 2
        else:
            address = request.getfixturevalue("postgres_url")
            stores = [PostgresStore(address, clock) for _ in range(2)]
        for store in stores:
            await store.open()
            stack.push_async_callback(store.close)
        here, there = [
            await stack.enter_async_context(running_server(store, clock, tmp_path))
            for store in stores
        ]
        document = submodel(START_JOB, STOP)
        await here.services.repository.create(Kind.SUBMODEL, document, actor="test")
        yield here, there


class Press:
    """Carries out every Operation once it may."""

    def __init__(self, services: Services) -> None:
        self.go_on = asyncio.Event()
        for path in (("StartJob",), ("Stop",)):
            services.operations.register(SUBMODEL_ID, path, self)

    async def execute(self, call: OperationCall) -> OperationOutcome:
        await self.go_on.wait()
        return OperationOutcome(values={"JobNumber": 12} if call.path == ("StartJob",) else {})


async def result(server: Server, status: str) -> httpx.Response:
    """Follow a status on one server to the result."""
    async with asyncio.timeout(30):
        while (answer := await server.get(status)).status_code == 200:
            assert answer.json()["executionState"] in ("Initiated", "Running")
            await asyncio.sleep(0.005)
    assert (answer.status_code, answer.content) == (302, b"")
    return await server.get(answer.headers["location"])


def without_ids(answer: httpx.Response) -> Any:
    """Return a body without what is of the answer and not of the job."""
    body = answer.json() if answer.content else {}
    for message in body.get("messages", ()):
        message.pop("correlationId", None)
    return body


async def test_an_invocation_is_followed_on_the_other_server(
    servers: tuple[Server, Server],
) -> None:
    here, there = servers
    press = Press(here.services)
    accepted = await here.client.post(f"{API}{ELEMENTS}/StartJob/invoke-async", json=BODY)
    assert (accepted.status_code, accepted.content) == (202, b""), accepted.text
    status = accepted.headers["location"]
    running = await there.get(status)
    assert (running.status_code, running.json()) == (200, {"executionState": "Running"})
    early = await there.get(status.replace("operation-status", "operation-results"))
    assert (early.status_code, early.json()) == (200, {"executionState": "Running"})
    other = status.replace("/StartJob/", "/Stop/")
    assert (await there.get(other)).status_code == 404
    press.go_on.set()
    found = await result(there, status)
    assert found.status_code == 200
    assert (found.json()["executionState"], found.json()["success"]) == ("Completed", True)
    assert found.json()["outputArguments"][0]["value"]["value"] == "12"
    assert (await result(here, status)).json() == found.json()
    values = f"{status.replace('operation-status', 'operation-results')}/$value"
    assert (await there.get(values)).json() == (await here.get(values)).json()
    assert (await there.get(other)).status_code == 404


async def test_a_bulk_operation_is_followed_on_the_other_server(
    servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = servers
    go_on, run = asyncio.Event(), BulkChange.run

    async def waiting(change: BulkChange, *, actor: str) -> None:
        await go_on.wait()
        await run(change, actor=actor)

    monkeypatch.setattr(BulkChange, "run", waiting)
    accepted = await here.client.post(SHELLS, json=[far("urn:a"), far("urn:b")])
    status = accepted.headers["location"]
    running = await there.get(status)
    assert (running.status_code, running.json()) == (200, {"executionState": "Running"})
    early = await there.get(status.replace("/status/", "/result/"))
    assert early.status_code == 404
    assert "not ended yet" in early.text
    go_on.set()
    for server in (there, here):
        done = await result(server, status)
        assert (done.status_code, done.content) == (204, b"")


async def test_every_finding_of_a_bulk_operation_is_told_by_the_other_server(
    servers: tuple[Server, Server],
) -> None:
    here, there = servers
    items = [far("urn:a"), {"id": "urn:b", "endpoints": 5}, far("urn:c"), {"id": ""}]
    accepted = await here.client.post(SHELLS, json=items)
    status = accepted.headers["location"]
    answers = [await result(server, status) for server in (there, here)]
    assert [each.status_code for each in answers] == [400, 400]
    bodies = [without_ids(each) for each in answers]
    assert bodies[0] == bodies[1]
    texts = [each["text"] for each in bodies[0]["messages"]]
    assert all(any(place in each for each in texts) for place in ("[1].endpoints", "[3].id")), texts


async def test_an_upload_is_followed_on_the_other_server(servers: tuple[Server, Server]) -> None:
    here, there = servers
    url = f"{API}/packages-async"
    accepted = await send(here.client, url, package_form(), method="POST")
    assert accepted.status_code == 202
    done = await result(there, accepted.headers["location"])
    assert (done.json()["executionState"], done.json()["success"]) == ("Completed", True)
    assert (await there.get(f"{API}/packages")).json()["result"] == [
        {name: done.json()[name] for name in ("packageId", "aasIds")}
    ]
    accepted = await send(here.client, url, package_form(b"no package"), method="POST")
    failed = await result(there, accepted.headers["location"])
    assert (failed.json()["executionState"], failed.json()["success"]) == ("Failed", False)
    assert "is no AASX package" in failed.json()["messages"][0]["text"]
    assert (await result(here, accepted.headers["location"])).json() == failed.json()


async def test_the_end_of_a_server_is_told_by_the_other_one(
    servers: tuple[Server, Server], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_change: BulkChange, *, actor: str) -> None:
        await asyncio.Event().wait()

    here, there = servers
    Press(here.services)
    monkeypatch.setattr(BulkChange, "run", never)
    invoked = await here.client.post(f"{API}{ELEMENTS}/Stop/invoke-async", json={})
    bulk = await here.client.post(SHELLS, json=[far("urn:a")])
    async with asyncio.timeout(30):
        while (await there.get(bulk.headers["location"])).status_code == 200:
            await asyncio.sleep(0.005)
            clock.advance(31)  # The one here is heard of in five seconds of real time only.
    failed = await result(there, invoked.headers["location"])
    assert failed.status_code == 200
    assert (failed.json()["executionState"], failed.json()["success"]) == ("Failed", False)
    assert failed.json()["messages"][0]["code"] == "WorkLost"
    assert "has stopped" in failed.json()["messages"][0]["text"]
    failed = await result(there, bulk.headers["location"])
    assert failed.status_code == 409
    assert "has stopped" in failed.text

    await here.services.jobs.stop()
    cancelled = await result(there, invoked.headers["location"])
    assert cancelled.json() == {"executionState": "Canceled", "success": False}
    cancelled = await result(there, bulk.headers["location"])
    assert cancelled.status_code == 409
    assert "Canceled" in cancelled.text


@pytest.mark.parametrize("servers", ["memory"], indirect=True)
async def test_nothing_is_begun_while_the_store_takes_no_jobs(
    servers: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    here, _ = servers
    press = Press(here.services)
    press.go_on.set()
    store: Any = here.services.repository._store
    monkeypatch.setattr(store, "failure", "disk full")
    invoked = await here.client.post(f"{API}{ELEMENTS}/StartJob/invoke-async", json=BODY)
    bulk = await here.client.post(SHELLS, json=[far("urn:a")])
    upload = await send(here.client, f"{API}/packages-async", package_form(), method="POST")
    for answer in (invoked, bulk, upload):
        assert "disk full" in refused(answer, 503)
        assert answer.headers["retry-after"]
