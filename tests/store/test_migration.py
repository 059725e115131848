"""Stores of older servers: brought up to date in place, with a copy kept of what they were."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from sqlalchemy import create_engine

from aas_server.errors import ConfigurationError, StoreUnavailable
from aas_server.metamodel.tree import Node
from aas_server.store.migrate import migrate, newest_revision
from aas_server.store.ordered_terms import ELEMENT, document_terms, equal_to, looked_at
from aas_server.store.protocol import Change, FileEntry, Kind, Operation, Selection, StoredFile
from aas_server.store.sqlite import SqliteStore
from aas_server.store.terms import list_terms_of
from tests.store.writes import all_documents, creation, new_document, read
from tests.support.clock import FakeClock

CONTENT = b"a manual" * 100
DIGEST = "5e" * 32
SUBMODEL: Node = {
    "modelType": "Submodel",
    "id": "urn:sm",
    "idShort": "Grün",
    "kind": "Template",
    "semanticId": {
        "type": "ExternalReference",
        "keys": [{"type": "GlobalReference", "value": "urn:semantic"}],
    },
    "submodelElements": [
        {"modelType": "Property", "idShort": "Temp", "valueType": "xs:double", "value": "1.50"},
        {
            "modelType": "File",
            "idShort": "Manual",
            "contentType": "text/plain",
            "value": "/aasx/a.txt",
        },
    ],
}
SHELL: Node = {
    "modelType": "AssetAdministrationShell",
    "id": "urn:aas",
    "assetInformation": {
        "assetKind": "Instance",
        "globalAssetId": "urn:asset",
        "specificAssetIds": [{"name": "serial", "value": "7"}],
    },
}
CONCEPT: Node = {
    "modelType": "ConceptDescription",
    "id": "urn:sm",
    "isCaseOf": [
        {"type": "ExternalReference", "keys": [{"type": "GlobalReference", "value": "urn:case"}]}
    ],
}
DOCUMENTS: tuple[tuple[int, Kind, Node, int, int, int], ...] = (
    (2, Kind.SUBMODEL, SUBMODEL, 3, 100, 300),
    (3, Kind.SHELL, SHELL, 1, 150, 150),
    (9, Kind.CONCEPT_DESCRIPTION, CONCEPT, 1, 200, 200),
)
"""Sequence, kind, tree, revision, times of creation and of the last change."""
CHANGES: tuple[tuple[Any, ...], ...] = (
    ("Submodel", "urn:gone", None, "create", "loader", 90, 1),
    ("Submodel", "urn:sm", None, "create", "loader", 100, 1),
    ("AssetAdministrationShell", "urn:aas", None, "create", "loader", 150, 1),
    ("ConceptDescription", "urn:sm", None, "create", "loader", 200, 1),
    ("Submodel", "urn:sm", "Temp", "replace", "client", 250, 2),
    ("Submodel", "urn:sm", None, "replace", "client", 300, 3),
    ("Submodel", "urn:gone", None, "delete", "client", 310, 1),
)
ENTRY = FileEntry(
    Kind.SUBMODEL,
    "urn:sm",
    "/aasx/a.txt",
    StoredFile(DIGEST, len(CONTENT)),
    "text/plain",
    "Grün.txt",
)

Insert = Callable[[sqlite3.Connection], None]


def at_schema(folder: Path, revision: str, insert: Insert) -> Path:
    """Make the database of an older server, in the form of its own schema."""
    folder.mkdir(exist_ok=True)
    file = folder / "aas.sqlite"
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        migrate(connection, revision)
    engine.dispose()
    with sqlite3.connect(file) as database:
        database.execute("PRAGMA journal_mode=WAL")
        insert(database)
    database.close()
    return file


def first_documents(database: sqlite3.Connection) -> None:
    database.executemany(
        "INSERT INTO documents (sequence, kind, id, revision, body, created, updated) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (sequence, kind.value, tree["id"], revision, orjson.dumps(tree), created, updated)
            for sequence, kind, tree, revision, created, updated in DOCUMENTS
        ],
    )
    database.executemany(
        "INSERT INTO changes (kind, id, path, operation, actor, time, revision) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        CHANGES,
    )


def versions_and_files(database: sqlite3.Connection) -> None:
    first_documents(database)
    compressor = zstandard.ZstdCompressor(level=1)
    database.executemany(
        "INSERT INTO versions (kind, id, body, valid_from, valid_until) VALUES (?, ?, ?, ?, ?)",
        [
            ("Submodel", "urn:sm", compressor.compress(b"first"), 100, 250),
            ("Submodel", "urn:sm", compressor.compress(b"second"), 250, 300),
            ("Submodel", "urn:gone", compressor.compress(b"gone"), 90, 310),
        ],
    )
    database.execute(
        "INSERT INTO files (number, digest, size, touched) VALUES (4, ?, ?, 100)",
        (DIGEST, len(CONTENT)),
    )
    database.execute("INSERT INTO chunks (file, position, body) VALUES (4, 0, ?)", (CONTENT,))
    database.execute(
        "INSERT INTO file_names (kind, owner, path, digest, size, content_type, file_name) "
        "VALUES ('Submodel', 'urn:sm', '/aasx/a.txt', ?, ?, 'text/plain', 'Grün.txt')",
        (DIGEST, len(CONTENT)),
    )


def rows(file: Path, query: str) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(file)
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


def everything(file: Path) -> list[str]:
    database = sqlite3.connect(file)
    try:
        return sorted(database.iterdump())
    finally:
        database.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(params=["0001", "0002"])
def older(request: pytest.FixtureRequest, folder: Path) -> tuple[str, Path]:
    """The database of every older schema in turn."""
    insert = {"0001": first_documents, "0002": versions_and_files}[request.param]
    return request.param, at_schema(folder, request.param, insert)


async def assert_all_there(store: SqliteStore, *, files: bool) -> None:
    stored = await all_documents(store)
    assert [
        (each.sequence, each.kind, each.body, each.revision, each.created, each.updated)
        for each in stored
    ] == [(s, kind, orjson.dumps(tree), *more) for s, kind, tree, *more in DOCUMENTS]
    assert [dict(each.files) for each in stored] == [
        {ENTRY.path: ENTRY} if files and each.kind is Kind.SUBMODEL else {} for each in stored
    ]
    for sequence, kind, tree, *_ in DOCUMENTS:
        assert [each.sequence for each in (await store.fetch(kind, [tree["id"]])).documents] == [
            sequence
        ]
        found = list_terms_of(kind, tree)
        assert found
        for term in found:
            listed = await store.list_ids(kind, Selection(frozenset({term})))
            assert listed.entries == [(sequence, tree["id"])]
        assert (await store.list_ids(kind, Selection(found))).entries == [(sequence, tree["id"])]
    temperature = equal_to(looked_at(Kind.SUBMODEL, ELEMENT, "Temp"), "1.5")
    assert (await store.find_terms([temperature], limit=9)).sequences == [DOCUMENTS[0][0]]
    previous = {"create": None, "delete": 1}
    assert [change async for change in store.changes()] == [
        Change(
            number,
            Kind(kind),
            identifier,
            path,
            Operation(operation),
            actor,
            time,
            previous.get(operation, revision - 1),
        )
        for number, (kind, identifier, path, operation, actor, time, revision) in enumerate(
            CHANGES, 1
        )
    ]
    assert await store.position() == len(CHANGES)


async def test_a_store_of_an_older_server_opens_with_everything_in_it(
    older: tuple[str, Path], folder: Path, clock: FakeClock
) -> None:
    revision, file = older
    store = SqliteStore(folder, clock)
    await store.open()
    await assert_all_there(store, files=revision == "0002")
    if revision == "0002":
        shown = [
            await store.version_at(Kind.SUBMODEL, "urn:sm", time) for time in (99, 100, 299, 300)
        ]
        assert shown == [None, b"first", b"second", None]
        assert await store.version_at(Kind.SUBMODEL, "urn:gone", 309) == b"gone"
        assert await read(store, DIGEST) == CONTENT
    await store.close()
    assert rows(file, "SELECT version_num FROM alembic_version") == [(newest_revision(),)]


async def test_what_was_brought_up_to_date_goes_on_where_it_ended(
    older: tuple[str, Path], folder: Path, clock: FakeClock
) -> None:
    store = SqliteStore(folder, clock)
    await store.open()
    new = new_document(store, "urn:new", orjson.dumps({"idShort": "Grün"}))
    assert new.sequence > max(sequence for sequence, *_ in DOCUMENTS)
    await store.commit([creation(new)], actor="test")
    assert await store.position() == len(CHANGES) + 1
    (before, *_) = await all_documents(store)
    await store.commit([creation(new_document(store, "urn:gone", b"{}"))], actor="test")
    assert [each.id for each in await all_documents(store, Kind.SUBMODEL)] == [
        before.id,
        "urn:new",
        "urn:gone",
    ]
    await store.close()
    again = SqliteStore(folder, clock)
    await again.open()
    assert await again.position() == len(CHANGES) + 2
    await again.close()


async def test_a_copy_of_the_older_store_is_kept(
    older: tuple[str, Path], folder: Path, clock: FakeClock
) -> None:
    revision, file = older
    before = everything(file)
    store = SqliteStore(folder, clock)
    await store.open()
    await store.close()
    (copy,) = (folder / "backups").iterdir()
    assert copy.name == f"schema-{revision}-20260101T000000.sqlite"
    assert everything(copy) == before
    # It is a store that can be used instead: with it, all begins again.
    other = folder.with_name("restored")
    other.mkdir()
    copy.rename(other / "aas.sqlite")
    restored = SqliteStore(other, clock)
    await restored.open()
    await assert_all_there(restored, files=revision == "0002")
    await restored.close()


async def test_a_store_that_is_new_or_up_to_date_is_not_copied(
    folder: Path, clock: FakeClock
) -> None:
    for _ in range(2):
        store = SqliteStore(folder, clock)
        await store.open()
        await store.close()
    assert not (folder / "backups").exists()


async def test_an_older_store_without_documents_opens(folder: Path, clock: FakeClock) -> None:
    at_schema(folder, "0002", lambda database: None)
    store = SqliteStore(folder, clock)
    await store.open()
    assert await store.position() == 0
    await store.commit([creation(new_document(store, body=b"{}"))], actor="test")
    assert await store.position() == 1
    await store.close()


async def test_any_number_of_documents_is_brought_up_to_date(
    folder: Path, clock: FakeClock
) -> None:
    def many(database: sqlite3.Connection) -> None:
        database.executemany(
            "INSERT INTO documents (kind, id, revision, body, created, updated) "
            "VALUES ('Submodel', ?, 1, ?, 0, 0)",
            [(f"urn:{n}", b'{"idShort":"%s"}' % b"AB"[n % 2 :][:1]) for n in range(1_001)],
        )

    file = at_schema(folder, "0001", many)
    store = SqliteStore(folder, clock)
    await store.open()
    assert await store.count(Kind.SUBMODEL) == 1_001
    for number, name in enumerate("AB"):
        terms = list_terms_of(Kind.SUBMODEL, {"idShort": name})
        listed = await store.list_ids(Kind.SUBMODEL, Selection(terms), limit=2_000)
        assert [each for _, each in listed.entries] == [f"urn:{n}" for n in range(number, 1_001, 2)]
    await store.close()
    sums = rows(file, "SELECT body, checksum FROM documents")
    assert all(zlib.crc32(body) == checksum for body, checksum in sums)


@pytest.fixture
def broken_terms(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """The migration breaks off at the last document."""

    def terms(kind: Kind, tree: Node) -> Iterator[bytes]:
        if kind is Kind.CONCEPT_DESCRIPTION:
            raise RuntimeError("the power is gone")
        return document_terms(kind, tree)

    with monkeypatch.context() as context:
        context.setattr("aas_server.store.ordered_terms.document_terms", terms)
        yield context


async def test_a_migration_that_breaks_off_leaves_the_older_store_as_it_was(
    older: tuple[str, Path],
    folder: Path,
    clock: FakeClock,
    broken_terms: pytest.MonkeyPatch,
) -> None:
    revision, file = older
    before = everything(file)
    store = SqliteStore(folder, clock)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="power"):
            await store.open()
        assert everything(file) == before
    assert len(list((folder / "backups").iterdir())) <= 1
    broken_terms.undo()
    # Nothing of the failed start holds the folder.
    await store.open()
    await assert_all_there(store, files=revision == "0002")
    await store.close()


async def test_a_copy_that_cannot_be_made_stops_the_start_before_anything_is_changed(
    older: tuple[str, Path], folder: Path, clock: FakeClock
) -> None:
    _, file = older
    before = everything(file)
    (folder / "backups").write_text("a file is in the way")
    store = SqliteStore(folder, clock)
    with pytest.raises((ConfigurationError, StoreUnavailable, OSError)):
        await store.open()
    assert everything(file) == before
    (folder / "backups").unlink()
    await store.open()
    await store.close()


@pytest.mark.parametrize("revision", ["9999", "0004_not_known_here"])
async def test_a_store_of_a_newer_server_is_refused_and_stays_as_it_is(
    folder: Path, clock: FakeClock, revision: str
) -> None:
    store = SqliteStore(folder, clock)
    await store.open()
    await store.commit([creation(new_document(store, body=b"{}"))], actor="test")
    await store.close()
    file = folder / "aas.sqlite"
    with sqlite3.connect(file) as database:
        database.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        database.execute("CREATE TABLE newer (x)")
    database.close()
    before = everything(file)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match=f"newer server.*{revision}"):
            await store.open()
    assert everything(file) == before
    assert not (folder / "backups").exists()
