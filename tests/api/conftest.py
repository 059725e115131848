"""An application over the shared documents, and a client that talks to it without a socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from aas_server.api.app import AasApplication, build_app
from aas_server.api.services import Services
from aas_server.api.settings import ApiSettings
from aas_server.live.hub import LiveHub, LivePoint
from aas_server.live.sinks import resolve_sink
from aas_server.live.values import LiveValue, quality_of
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.repository.repository import Repository
from tests.api.documents import DOCUMENTS, LIVE_ID
from tests.support.clock import FakeClock
from tests.support.services import running_services

Get = Callable[..., Awaitable[Any]]


@pytest.fixture
async def filled(repository: Repository) -> Repository:
    await repository.add_missing(DOCUMENTS, actor="test")
    return repository


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def services(filled: Repository, clock: FakeClock, tmp_path: Path) -> AsyncIterator[Services]:
    async with running_services(filled, clock, tmp_path) as services:
        yield services


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings(version="1.2.3", max_body=8192)


@pytest.fixture
def app(services: Services, registry: CollectorRegistry, settings: ApiSettings) -> AasApplication:
    return build_app(services, registry=registry, settings=settings)


@pytest.fixture
async def client(app: AasApplication) -> AsyncIterator[httpx.AsyncClient]:
    # What the application does not answer itself must fail the test.
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


class Machine:
    """Stands in for a binding: takes writes, tells values."""

    def __init__(self, hub: LiveHub, repository: Repository) -> None:
        self._hub = hub
        self._repository = repository
        self.written: list[Any] = []
        self.refusal: Exception | None = None

    def bind(self, path: str, *, writable: bool = False) -> LivePoint:
        submodel = self._repository.submodels.cached(LIVE_ID)
        assert submodel is not None
        sink = resolve_sink(submodel.tree(), parse_id_short_path(path))
        return self._hub.register(sink, self if writable else None)

    def tell(
        self,
        point: LivePoint,
        value: Any,
        *,
        status: int = 0,
        source: int | None = None,
        received: int | None = None,
    ) -> None:
        live = LiveValue(value, quality_of(status), status, source, received)
        self._hub.apply([(point, live)])

    async def write(self, point: LivePoint, value: Any) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.written.append((point.sink.name, value))


@pytest.fixture
def machine(hub: LiveHub, filled: Repository) -> Machine:
    return Machine(hub, filled)


@pytest.fixture
def get(client: httpx.AsyncClient) -> Get:
    """GET a path below the API, expect 200 and return the JSON."""

    async def get_json(path: str, **params: Any) -> Any:
        response = await client.get(f"/api/v3{path}", params=params or None)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "application/json"
        return response.json()

    return get_json
