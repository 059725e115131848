"""What documents are found by is right after writes of every kind, in every store."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection
from typer.testing import CliRunner

from aas_server.api.app import build_app
from aas_server.api.settings import ApiSettings
from aas_server.cli.main import app as command_line
from aas_server.errors import Finding
from aas_server.live.hub import LiveHub
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.repository.repository import Repository
from aas_server.store.care.verifying import verify_store
from aas_server.store.postgres import PostgresStore
from aas_server.store.schema import terms
from aas_server.store.sql_store import SqlStore
from aas_server.store.sqlite import SqliteStore
from tests.api.documents import API
from tests.api.test_bulk import Bulk, far
from tests.support.clock import FakeClock
from tests.support.services import running_services

NAMES = ("Aa", "Bb", "Cc")
VALUES = ("17", "17.5", "2026-11-30T12:00:00Z", "2026-11-30", "Mill", "x" * 40, "", "-3")
CONCEPTS = ("urn:c:one", "urn:c:two", "0173-1#02-AAM556#002")
ROUNDS = 150
AT_ONCE = 4


class Writer:
    """Writes what comes into its head, of what there may be."""

    def __init__(self, client: httpx.AsyncClient, seed: int) -> None:
        self.client = client
        self.random = Random(seed)
        self.done: Counter[str] = Counter()

    async def write(self) -> None:
        name = self.random.choice(_WRITES)
        response = await getattr(self, name)()
        # What is written to may not be there, or of another kind: that is no fault.
        assert response.status_code in (200, 201, 204, 400, 404, 409), f"{name}: {response.text}"
        self.done[name] += response.is_success

    def one(self, *choices: Any) -> Any:
        return self.random.choice(choices)

    # documents

    def reference(self, value: str, kind: str = "GlobalReference") -> dict[str, Any]:
        type_ = "ModelReference" if kind == "Submodel" else "ExternalReference"
        return {"type": type_, "keys": [{"type": kind, "value": value}]}

    def meaning(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.one(True, False):
            found["semanticId"] = self.reference(self.one(*CONCEPTS))
            if self.one(True, False):
                found["supplementalSemanticIds"] = [self.reference(self.one(*CONCEPTS))]
        return found

    def property(self, name: str | None) -> dict[str, Any]:
        found = {"modelType": "Property", "valueType": "xs:string", **self.meaning()}
        if name is not None:
            found["idShort"] = name
        if self.one(True, True, False):
            found["value"] = self.one(*VALUES)
        return found

    def element(self, name: str, depth: int = 0) -> dict[str, Any]:
        kind = self.one("Property", "Property", "Texts", "Collection", "List")
        if kind == "Texts":
            texts = [{"language": "de", "text": self.one("Fräse", "Presse")}]
            return {"modelType": "MultiLanguageProperty", "idShort": name, "value": texts}
        if kind == "Collection" and depth < 2:
            children = [self.element(each, depth + 1) for each in self.some_names()]
            found = {"modelType": "SubmodelElementCollection", "idShort": name, **self.meaning()}
            return {**found, "value": children} if children else found
        if kind == "List":
            return {
                "modelType": "SubmodelElementList",
                "idShort": name,
                "typeValueListElement": "Property",
                "valueTypeListElement": "xs:string",
                "value": [
                    {"modelType": "Property", "valueType": "xs:string", "value": self.one(*VALUES)}
                    for _ in range(self.random.randint(1, 3))
                ],
            }
        return self.property(name)

    def some_names(self) -> list[str]:
        return [name for name in NAMES if self.one(True, False)]

    def submodel(self) -> dict[str, Any]:
        name = self.one(*NAMES)
        elements = [self.element(each) for each in self.some_names()]
        found = {"modelType": "Submodel", "id": f"urn:sm:{name}", **self.meaning()}
        found["idShort"] = self.one(*NAMES)
        return {**found, "submodelElements": elements} if elements else found

    def shell(self) -> dict[str, Any]:
        name = self.one(*NAMES)
        found = {"modelType": "AssetAdministrationShell", "id": f"urn:shell:{name}"}
        found |= {"idShort": self.one(*NAMES), "assetInformation": self.asset_information()}
        submodels = [self.reference(f"urn:sm:{each}", "Submodel") for each in self.some_names()]
        return {**found, "submodels": submodels} if submodels else found

    def asset_information(self) -> dict[str, Any]:
        return {
            "assetKind": "Instance",
            "globalAssetId": self.one("urn:asset:1", "urn:asset:2"),
            "specificAssetIds": [{"name": "serial", "value": self.one(*NAMES)}],
        }

    # writes

    def of(self, document: dict[str, Any], kind: str) -> str:
        return f"{API}/{kind}/{encode_identifier(document['id'])}"

    def some_submodel(self) -> str:
        return self.of({"id": f"urn:sm:{self.one(*NAMES)}"}, "submodels")

    def some_element(self) -> str:
        path = self.one("Aa", "Bb", "Aa.Bb", "Bb.Cc", "Aa[0]", "Cc[1]", "Aa.Bb.Cc", "Bb.Aa[0]")
        return f"{self.some_submodel()}/submodel-elements/{path}"

    async def post_submodel(self) -> httpx.Response:
        return await self.client.post(f"{API}/submodels", json=self.submodel())

    async def put_submodel(self) -> httpx.Response:
        submodel = self.submodel()
        return await self.client.put(self.of(submodel, "submodels"), json=submodel)

    async def patch_submodel(self) -> httpx.Response:
        address = self.some_submodel()
        present = await self.client.get(address)
        if present.is_error:
            return present
        changed = present.json() | {"idShort": self.one(*NAMES)} | self.meaning()
        for element in changed.get("submodelElements", ()):
            if element["modelType"] == "Property":
                element["value"] = self.one(*VALUES)
        return await self.client.patch(address, json=changed)

    async def delete_submodel(self) -> httpx.Response:
        return await self.client.delete(self.some_submodel())

    async def post_element(self) -> httpx.Response:
        element = self.element(self.one(*NAMES))
        return await self.client.post(f"{self.some_submodel()}/submodel-elements", json=element)

    async def put_element(self) -> httpx.Response:
        name = self.one(*NAMES)
        address = f"{self.some_submodel()}/submodel-elements/{name}"
        return await self.client.put(address, json=self.element(name))

    async def put_nested_element(self) -> httpx.Response:
        name = self.one(*NAMES)
        address = f"{self.some_submodel()}/submodel-elements/{self.one(*NAMES)}.{name}"
        return await self.client.put(address, json=self.element(name, 1))

    async def patch_element(self) -> httpx.Response:
        name = self.one(*NAMES)
        address = f"{self.some_submodel()}/submodel-elements/{name}"
        return await self.client.patch(address, json=self.property(name))

    async def patch_value(self) -> httpx.Response:
        address = self.some_submodel()
        present = await self.client.get(address)
        paths = list(properties_in(present.json().get("submodelElements", ())))
        if not paths:
            return httpx.Response(404)
        value = f"{address}/submodel-elements/{self.one(*paths)}/$value"
        return await self.client.patch(value, json=self.one(*VALUES))

    async def delete_element(self) -> httpx.Response:
        return await self.client.delete(self.some_element())

    async def post_shell(self) -> httpx.Response:
        return await self.client.post(f"{API}/shells", json=self.shell())

    async def put_shell(self) -> httpx.Response:
        shell = self.shell()
        return await self.client.put(self.of(shell, "shells"), json=shell)

    async def delete_shell(self) -> httpx.Response:
        return await self.client.delete(self.of(self.shell(), "shells"))

    async def put_asset_information(self) -> httpx.Response:
        address = f"{self.of(self.shell(), 'shells')}/asset-information"
        return await self.client.put(address, json=self.asset_information())

    async def post_reference(self) -> httpx.Response:
        reference = self.reference(f"urn:sm:{self.one(*NAMES)}", "Submodel")
        return await self.client.post(
            f"{self.of(self.shell(), 'shells')}/submodel-refs", json=reference
        )

    async def delete_reference(self) -> httpx.Response:
        identifier = encode_identifier(f"urn:sm:{self.one(*NAMES)}")
        address = f"{self.of(self.shell(), 'shells')}/submodel-refs/{identifier}"
        return await self.client.delete(address)

    async def put_concept_description(self) -> httpx.Response:
        name = self.one(*NAMES)
        concept = {"modelType": "ConceptDescription", "id": f"urn:cd:{name}"}
        concept["idShort"] = self.one(*NAMES)
        return await self.client.put(self.of(concept, "concept-descriptions"), json=concept)

    async def put_submodel_descriptor(self) -> httpx.Response:
        descriptor = far(f"urn:far:{self.one(*NAMES)}", idShort=self.one(*NAMES), **self.meaning())
        address = self.of(descriptor, "submodel-descriptors")
        return await self.client.put(address, json=descriptor)

    async def bulk(self) -> httpx.Response:
        descriptors = [far(f"urn:bulk:{name}", idShort=self.one(*NAMES)) for name in NAMES]
        for each in descriptors:
            each["globalAssetId"] = self.one("urn:asset:1", "urn:asset:2")
            each["endpoints"][0]["interface"] = "AAS-3.0"
        method = self.one("POST", "PUT")
        return await Bulk(self.client).run(method, f"{API}/bulk/shell-descriptors", descriptors)


def properties_in(elements: Any) -> Iterator[str]:
    """The paths of Properties, those in collections and lists among them."""
    for element in elements:
        name = element["idShort"]
        if element["modelType"] == "Property":
            yield name
        elif element["modelType"] == "SubmodelElementCollection":
            yield from (f"{name}.{each}" for each in properties_in(element.get("value", ())))
        elif element["modelType"] == "SubmodelElementList":
            yield from (f"{name}[{index}]" for index in range(len(element["value"])))


_WRITES = tuple(
    name
    for name, each in vars(Writer).items()
    if asyncio.iscoroutinefunction(each) and name != "write"
)


@pytest.fixture(params=["sqlite", "postgres"])
def stored(request: pytest.FixtureRequest, clock: FakeClock, tmp_path: Path) -> Any:
    """A store that is not open yet, and how the command line is told where it is."""
    data = ["--data", str(tmp_path / "data")]
    if request.param == "sqlite":
        return SqliteStore(tmp_path / "data", clock), data
    address = request.getfixturevalue("postgres_url")
    return PostgresStore(address, clock), [*data, "--database", address]


@asynccontextmanager
async def opened(store: SqlStore) -> AsyncIterator[None]:
    await store.open()
    try:
        yield
    finally:
        await store.close()


@asynccontextmanager
async def client_of(
    store: SqlStore, clock: FakeClock, folder: Path
) -> AsyncIterator[httpx.AsyncClient]:
    repository = Repository(store, LiveHub(clock), clock)
    await repository.open()
    async with running_services(repository, clock, folder, store) as services:
        settings = ApiSettings(version="1")
        app = build_app(services, registry=CollectorRegistry(), settings=settings)
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client
    await repository.close()


def look(connection: Connection) -> tuple[list[Finding], int]:
    """What is wrong with a store, and how many terms there are."""
    count = len(connection.execute(terms.select()).all())
    return list(verify_store(connection)), count


def written(file: Path, writer: Writer) -> Path:
    submodels = {each["id"]: each for each in (writer.submodel() for _ in range(20))}
    shells = {each["id"]: each for each in (writer.shell() for _ in range(20))}
    environment = {
        "submodels": list(submodels.values()),
        "assetAdministrationShells": list(shells.values()),
    }
    file.write_text(json.dumps(environment))
    return file


@pytest.mark.parametrize("seed", [1, 2])
async def test_after_any_writes_documents_are_found_by_what_they_are(
    stored: tuple[SqlStore, list[str]], clock: FakeClock, tmp_path: Path, seed: int
) -> None:
    store, where = stored
    async with opened(store), client_of(store, clock, tmp_path) as client:
        writer = Writer(client, seed)
        for _ in range(ROUNDS):
            await asyncio.gather(*(writer.write() for _ in range(AT_ONCE)))
        findings, count = await store.read(look)
    assert findings == []
    assert count > 50
    file = written(tmp_path / "more.json", writer)
    command = ["import", str(file), "--on-conflict", "replace", *where]
    imported = await asyncio.to_thread(CliRunner().invoke, command_line, command)
    assert imported.exit_code == 0, imported.output
    async with opened(store):
        assert (await store.read(look))[0] == []
    # A kind of write that never succeeds proves nothing.
    assert [name for name in _WRITES if not writer.done[name]] == []
