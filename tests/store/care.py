"""Stores with something of everything in them, and what is wrong with stores."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TypeVar

import orjson
from sqlalchemy import Connection

from aas_server.clock import Clock
from aas_server.errors import Finding
from aas_server.store.care.restoring import backup_file
from aas_server.store.care.verifying import verify_store
from aas_server.store.files import PIECE
from aas_server.store.protocol import Kind, Store, StoredDocument, StoredJob, StoredValue
from aas_server.store.sqlite_threads import make_engine
from tests.store.writes import changed, creation, deletion, named, pieces, replacement

T = TypeVar("T")

CONTENT: Final = bytes(range(256)) * (PIECE // 256) + b"the last piece"
"""The content of a file in two pieces."""
TYPE: Final = "application/octet-stream"
ASSET: Final = {"assetKind": "Instance", "globalAssetId": "urn:asset"}
TABLES: Final = (
    "changes",
    "chunks",
    "commits",
    "documents",
    "file_names",
    "files",
    "jobs",
    "last_values",
    "log",
    "signatures",
    "terms",
    "versions",
)


def body(identifier: str, kind: Kind = Kind.SUBMODEL, **more: Any) -> bytes:
    return orjson.dumps({"modelType": kind.value, "id": identifier, **more})


def document(
    store: Store, identifier: str, kind: Kind = Kind.SUBMODEL, *, at: int = 1, **more: Any
) -> StoredDocument:
    text = body(identifier, kind, **more)
    return StoredDocument(kind, identifier, store.new_sequence(), 1, text, at, at)


async def fill(store: Store) -> None:
    """Put something of everything into ``store``."""
    file = {"modelType": "File", "idShort": "Manual", "value": "/manual.bin", "contentType": TYPE}
    content = await store.write_file(pieces(CONTENT))
    made = document(store, "urn:made", idShort="Made", submodelElements=[file])
    made = replace(made, files={"/manual.bin": named("urn:made", "/manual.bin", content)})
    gone = document(store, "urn:gone", idShort="Gone")
    again = document(store, "urn:again")
    shell = document(store, "urn:shell", Kind.SHELL, idShort="Shell", assetInformation=ASSET)
    concept = document(store, "urn:concept", Kind.CONCEPT_DESCRIPTION)
    links = document(store, "urn:elsewhere", Kind.ASSET_LINKS, links=[])
    await store.commit(
        [creation(each) for each in (made, gone, again, shell, concept, links)], actor="one"
    )
    for number in range(2, 5):
        former = made
        tree = orjson.loads(made.body) | {"idShort": f"Made{number}"}
        made = changed(made, orjson.dumps(tree), at=number)
        await store.commit([replacement(former, made)], actor="two")
    await store.commit([deletion(gone)], actor="three")
    new = document(store, "urn:again", idShort="New")
    await store.commit([deletion(again), creation(new)], actor="three")
    await store.save_values([StoredValue("urn:made", "Speed", b"1")])
    await store.save_job(StoredJob("handle", "owner", b"{}", 1, 2**62))


def tables(file: Path) -> dict[str, list[Any]]:
    """Return all rows of all tables of the database in ``file``."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        return {
            name: sorted(database.execute(f"SELECT * FROM {name}"), key=repr) for name in TABLES
        }


def execute(file: Path, *statements: str) -> None:
    """Carry out statements in the database in ``file``, which nobody uses."""
    with closing(sqlite3.connect(file)) as database, database:
        for statement in statements:
            database.execute(statement)


@contextmanager
def connected(file: Path) -> Iterator[Connection]:
    """Yield a connection in a transaction to the database in ``file``."""
    engine = make_engine(str(file), (), "BEGIN")
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def found(file: Path) -> list[Finding]:
    """Return what is wrong with the store in ``file``."""
    with connected(file) as connection:
        return list(verify_store(connection))


async def looked_at(file: Path, clock: Clock, work: Callable[[Connection], T]) -> T:
    """Return what ``work`` finds in the store in ``file``, of whatever schema."""
    store = backup_file(file, clock)
    await store.open()
    try:
        return await store.read(work)
    finally:
        await store.close()
