"""Whatever the metamodel allows goes in over HTTP and comes out identical."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aas_server.live.hub import LiveHub
from aas_server.metamodel.id_short_path import format_id_short_path
from aas_server.metamodel.tree import Node, walk
from aas_server.repository.repository import Repository
from tests.api.documents import API, encoded
from tests.support import strategies
from tests.support.clock import FakeClock
from tests.support.memory_store import MemoryStore
from tests.support.services import make_app

thorough = settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
LISTS = {
    "AssetAdministrationShell": "shells",
    "Submodel": "submodels",
    "ConceptDescription": "concept-descriptions",
}
WHOLE = {"extent": "withBlobValue"}


class Api:
    """The application, asked one request after the other outside of a running loop."""

    def __init__(self) -> None:
        clock = FakeClock()
        repository = Repository(MemoryStore(clock), LiveHub(clock), clock)
        app = make_app(repository, clock, max_body=2**24)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
        self._client = httpx.AsyncClient(transport=transport, base_url=f"http://test{API}")
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.run(self._client.aclose())
        self._runner.close()

    def ask(self, method: str, path: str, body: Any = None, **parameters: str) -> httpx.Response:
        content = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"} if content else {}
        return self._runner.run(
            self._client.request(method, path, content=content, headers=headers, params=parameters)
        )

    def send(self, method: str, path: str, body: Any) -> httpx.Response:
        """Return the answer to a write, which has to succeed."""
        answer = self.ask(method, path, body)
        assert answer.status_code in (200, 201, 204), answer.text
        return answer

    @contextmanager
    def holding(self, document: Node) -> Iterator[str]:
        """Yield the path of ``document``, which is there as long."""
        path = path_of(document)
        self.send("PUT", path, document)
        try:
            yield path
        finally:
            assert self.ask("DELETE", path).status_code == 204

    def read(self, path: str, **parameters: str) -> Any:
        """Return the body of a successful GET."""
        answer = self.ask("GET", path, **parameters)
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content)


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api() as api:
        yield api


def path_of(document: Node) -> str:
    return f"/{LISTS[document['modelType']]}/{encoded(document['id'])}"


@thorough
@given(first=strategies.identifiables, second=strategies.identifiables)
def test_a_document_comes_out_as_it_was_posted_and_as_it_was_put(
    api: Api, first: Node, second: Node
) -> None:
    path = path_of(first)
    replacement = first if first["modelType"] != second["modelType"] else second
    replacement = replacement | {"id": first["id"]}

    created = api.send("POST", path.rpartition("/")[0], first)

    try:
        assert msgspec.json.decode(created.content) == first
        assert api.read(path, **WHOLE) == first
        assert api.ask("PUT", path, replacement).status_code == 204
        assert api.read(path, **WHOLE) == replacement
        assert api.read(path.rpartition("/")[0], **WHOLE)["result"] == [replacement]
    finally:
        assert api.ask("DELETE", path).status_code == 204


@thorough
@given(document=strategies.submodels, element=strategies.elements, name=strategies.id_shorts)
def test_an_element_comes_out_as_it_was_posted_wherever_it_is(
    api: Api, document: Node, element: Node, name: str
) -> None:
    others = [each for each in document["submodelElements"] if each["idShort"] != name]
    document = document | {"submodelElements": others}
    if not others:
        del document["submodelElements"]
    posted = element | {"idShort": name}
    whole = document | {"submodelElements": [*others, posted]}

    with api.holding(document) as submodel:
        api.send("POST", f"{submodel}/submodel-elements", posted)

        assert api.read(submodel, **WHOLE) == whole
        for path, each in walk(whole):
            here = f"{submodel}/submodel-elements/{format_id_short_path(path)}"
            assert api.read(here, **WHOLE) == each
            api.send("PUT", here, each)
        assert api.read(submodel, **WHOLE) == whole


@thorough
@given(document=strategies.submodels, extent=st.sampled_from(["withBlobValue", "withoutBlobValue"]))
def test_a_value_that_is_read_and_written_back_changes_nothing(
    api: Api, document: Node, extent: str
) -> None:
    with api.holding(document) as submodel:
        for here in (submodel, *valued_elements(document)):
            value = api.read(f"{here}/$value", extent=extent)
            if value is not None:
                api.send("PATCH", f"{here}/$value", value)
                assert api.read(submodel, **WHOLE) == document


@thorough
@given(document=strategies.submodels)
def test_metadata_that_is_read_and_written_back_changes_nothing(api: Api, document: Node) -> None:
    with api.holding(document) as submodel:
        for here in (submodel, *valued_elements(document)):
            api.send("PATCH", f"{here}/$metadata", api.read(f"{here}/$metadata"))
            assert api.read(submodel, **WHOLE) == document


def valued_elements(document: Node) -> Iterator[str]:
    """Yield the paths of all elements but those that have neither value nor metadata."""
    for path, element in walk(document):
        if element["modelType"] not in ("Capability", "Operation"):
            yield f"{path_of(document)}/submodel-elements/{format_id_short_path(path)}"


@thorough
@given(document=strategies.submodels)
def test_the_paths_that_are_told_lead_to_the_elements(api: Api, document: Node) -> None:
    with api.holding(document) as submodel:
        paths = api.read(f"{submodel}/$path")

        assert paths == [format_id_short_path(path) for path, _ in walk(document)]
        for path, (_, element) in zip(paths, walk(document), strict=True):
            assert api.read(f"{submodel}/submodel-elements/{path}", **WHOLE) == element
