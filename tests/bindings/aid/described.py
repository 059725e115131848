"""A server whose bindings are described by submodels, for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from aas_server.bindings.aid.compiling import Compiler
from aas_server.bindings.aid.finding import DescribedBindings
from aas_server.bindings.cycles import OwnAddresses
from aas_server.bindings.hosts import AllowedHosts
from aas_server.bindings.plant.file import PlantFile
from aas_server.bindings.service import BindingService
from aas_server.bindings.status import STATUS_ID
from aas_server.clock import SystemClock
from aas_server.live.hub import LiveHub
from aas_server.live.values import LiveValue, Quality
from aas_server.metamodel.id_short_path import parse_id_short_path
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind, Store
from tests.bindings.opcua.plant import until
from tests.support.memory_store import MemoryStore

Node = dict[str, Any]
DATA = "urn:test:data"


def data(*names: str, identifier: str = DATA, value_type: str = "xs:double", **more: Any) -> Node:
    """A submodel with Properties of these names."""
    elements = [
        {"modelType": "Property", "idShort": name, "valueType": value_type, **more}
        for name in names
    ]
    return {"modelType": "Submodel", "id": identifier, "submodelElements": elements}


class Described:
    """A repository and the bindings that its submodels, and ``plant``, want."""

    def __init__(
        self,
        folder: Path,
        *,
        plant: Node | None = None,
        hosts: Iterable[str] = ("127.0.0.1",),
        store: Store | None = None,
        own: OwnAddresses | None = None,
    ) -> None:
        self.clock = SystemClock()
        self.hub = LiveHub(self.clock)
        self.repository = Repository(store or MemoryStore(self.clock), self.hub, self.clock)
        self.registry = CollectorRegistry()
        file = None if plant is None else PlantFile.model_validate({"version": 1, **plant})
        compiler = Compiler(
            {} if file is None else file.connections,
            () if file is None else file.overlays,
            AllowedHosts.parse(hosts),
        )
        self.service = BindingService(
            file,
            self.repository,
            self.hub,
            self.clock,
            self.registry,
            pki_dir=folder,
            described=DescribedBindings(self.repository, compiler),
            own=own,
        )

    async def put(self, *submodels: Node) -> None:
        """Write submodels as clients do."""
        for submodel in submodels:
            await self.repository.put(Kind.SUBMODEL, submodel["id"], submodel, actor="test")

    async def delete(self, identifier: str) -> None:
        await self.repository.delete(Kind.SUBMODEL, identifier, actor="test")

    def live(self, path: str, submodel: str = DATA) -> LiveValue | None:
        """What the element shows of a machine, None when it shows its stored value."""
        found = self.hub.find(submodel, parse_id_short_path(path))
        return None if found is None else found[0].current

    async def good(self, path: str, submodel: str = DATA) -> LiveValue:
        """What the element shows once that is good."""

        def probe() -> LiveValue | None:
            live = self.live(path, submodel)
            return live if live is not None and live.quality is Quality.GOOD else None

        found = await until(probe)
        assert found is not None
        return found

    async def gone(self, path: str, submodel: str = DATA) -> None:
        await until(lambda: self.live(path, submodel) is None)

    def status(self) -> dict[str, dict[str, Any]]:
        """What the generated submodel says: name of the connection to its elements' values."""
        document = self.repository.submodels.cached(STATUS_ID)
        tree = {} if document is None else document.tree()
        connections = tree.get("submodelElements", [])
        found = [
            {each["idShort"]: each.get("value") for each in one["value"]} for one in connections
        ]
        return {each["Name"]: each for each in found}

    def problems(self) -> dict[str, str]:
        """Why bindings fail: the sink to the problem."""
        failing = [each for report in self.service.reports() for each in report.bindings_failing]
        failing += self.service._strays()
        return {each.sink: each.problem or "" for each in failing}


@asynccontextmanager
async def running(described: Described) -> AsyncIterator[Described]:
    await described.repository.open()
    await described.service.start()
    try:
        yield described
    finally:
        await described.service.stop()
        await described.repository.close()
