from __future__ import annotations

import httpx
import pytest

from aas_server.api import hot_reads
from aas_server.api.app import AasApplication
from aas_server.metamodel.identifiers import encode_identifier
from aas_server.repository.collection import Collection
from aas_server.repository.repository import Repository
from aas_server.store.protocol import Kind
from tests.api.documents import API, PLAIN, PLAIN_ID, SHELL, SHELL_ID, number

DOCUMENT = f"{API}/submodels/{PLAIN}"
VALUE = f"{DOCUMENT}/submodel-elements/P7/$value"
PATHS = (DOCUMENT, VALUE, f"{API}/shells/{SHELL}")


def entry_of(app: AasApplication, path: str) -> hot_reads.HotRead:
    entry = app.hot_reads.find(path.encode())
    assert entry is not None
    return entry


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_not_in_memory_is_answered_the_full_way(
    client: httpx.AsyncClient, app: AasApplication, path: str, monkeypatch: pytest.MonkeyPatch
):
    before = await client.get(path)
    with monkeypatch.context() as patch:
        patch.setattr(Collection, "cached", lambda *_: None)
        assert entry_of(app, path).answer() is None
        fetched = await client.get(path)
    assert (fetched.status_code, fetched.content) == (200, before.content)
    assert fetched.headers == before.headers
    answer = entry_of(app, path).answer()
    assert answer is not None
    assert answer.body == before.content


@pytest.mark.parametrize("path", PATHS)
async def test_a_document_that_was_fetched_again_has_the_same_answer(
    client: httpx.AsyncClient, app: AasApplication, filled: Repository, path: str
):
    await client.get(path)
    answer = entry_of(app, path).answer()
    for collection, identifier in ((filled.submodels, PLAIN_ID), (filled.shells, SHELL_ID)):
        before = await collection.get(identifier)
        filled.cache.drop([(collection.kind, identifier)])
        assert await collection.get(identifier) is not before
    assert entry_of(app, path).answer() is answer


@pytest.mark.parametrize("path", PATHS[:2])
async def test_a_document_that_was_deleted_and_created_again_has_an_answer_of_its_own(
    client: httpx.AsyncClient, app: AasApplication, filled: Repository, path: str
):
    before = await client.get(path)
    tree = (await client.get(DOCUMENT)).json()
    await filled.delete(Kind.SUBMODEL, PLAIN_ID, actor="test")
    assert (await client.get(path)).status_code == 404
    tree["submodelElements"][7] = number("P7", "7.25")
    await filled.create(Kind.SUBMODEL, tree, actor="test")
    after = await client.get(path)
    assert b"7.25" in after.content
    assert after.headers["etag"] != before.headers["etag"]


async def test_the_documents_that_are_held_as_answers_are_bounded(
    client: httpx.AsyncClient,
    app: AasApplication,
    filled: Repository,
    monkeypatch: pytest.MonkeyPatch,
):
    bodies = {}
    for index in range(20):
        tree = {"modelType": "Submodel", "id": f"urn:{index}", "idShort": "A" * 100}
        document = await filled.create(Kind.SUBMODEL, tree, actor="test")
        bodies[f"{API}/submodels/{encode_identifier(document.id)}"] = document.body()
    most = 5 * len(max(bodies.values(), key=len))
    monkeypatch.setattr(hot_reads, "MAX_HELD", most)
    for _ in range(2):
        for path, body in bodies.items():
            await client.get(path)
            answer = entry_of(app, path).answer()
            assert answer is not None
            assert answer.body == body
            assert app.hot_reads.held.size <= most
    held = app.hot_reads.held.size
    assert held > most // 2
    assert entry_of(app, path).answer() is answer
    assert app.hot_reads.held.size == held
