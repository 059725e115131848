"""``aas-server store export``: everything as one environment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.filesize import decimal
from sqlalchemy import Connection, select

from aas_server.cli.store_bar import with_bar
from aas_server.cli.store_care import opened, size_of, snapshot_of
from aas_server.clock import SystemClock
from aas_server.errors import BadRequest, StoreDamaged
from aas_server.live.hub import LiveHub
from aas_server.packages.contents import LISTS
from aas_server.packages.selection import Selection
from aas_server.packages.writer import environment_xml, write_package
from aas_server.repository.document import DecodedTrees, Document
from aas_server.settings import Settings
from aas_server.store.care.rows import LARGE, Advance, Gauge, is_sound, rows, weigh
from aas_server.store.care.whole_file import whole_file
from aas_server.store.protocol import Kind, StoredDocument
from aas_server.store.reading import documents_after
from aas_server.store.schema import documents
from aas_server.store.sql_store import SqlStore

EXTENSIONS: Final = (".json", ".aasx", ".xml")
LARGEST: Final = 268_435_456
"""Bytes of documents that are written as XML at most: in memory they take ten times as much."""
_PAGE: Final = 200


async def export_store(
    target: Path,
    settings: Settings,
    *,
    replace: bool,
    out: Console,
    err: Console,
    largest: int = LARGEST,
) -> None:
    """Write all shells, submodels and concept descriptions to ``target``, as its extension says.

    Raises ``BadRequest`` for another extension, and for more than ``largest`` bytes that were to be
    written as XML; ``ConfigurationError``, ``StoreDamaged``, ``Conflict``. Then ``target`` is as it
    was.
    """
    if target.suffix not in EXTENSIONS:
        raise BadRequest(f"its extension is none of {', '.join(EXTENSIONS)}", path=str(target))
    async with opened(snapshot_of(settings)) as store:

        async def write(advance: Advance) -> None:
            if target.suffix == ".json":
                await store.read(
                    lambda connection: _write_json(connection, target, advance, replace=replace)
                )
                return
            found = await store.read(lambda connection: _everything(connection, target, largest))
            with whole_file(target, replace=replace) as part:
                await _write_xml(store, found, part)

        await with_bar("export", write, out=out, err=err)
    out.print(f"{target}: {size_of(target)}", markup=False)


def _write_json(connection: Connection, target: Path, advance: Advance, *, replace: bool) -> None:
    """Join the documents as they stand; one is in memory at a time."""
    gauge = Gauge(weigh(connection, (documents,)), advance)
    with whole_file(target, replace=replace) as part, part.open("wb") as file:
        file.write(b"{")
        comma = b""
        for name, kind in LISTS.items():
            begin = b'%b\n"%b":[\n' % (comma, name.encode())
            for body in _bodies(connection, kind, gauge):
                file.write(begin)
                file.write(body)
                begin = b",\n"
            if begin == b",\n":
                file.write(b"\n]")
                comma = b","
        file.write(b"\n}\n")
    gauge.finish()


def _bodies(connection: Connection, kind: Kind, gauge: Gauge) -> Iterator[bytes]:
    query = (
        select(documents.c.id, documents.c.checksum, documents.c.body)
        .where(documents.c.kind == kind.value)
        .order_by(documents.c.sequence)
    )
    for row in rows(connection, query, at_once=LARGE):
        gauge.add(row.body)
        if not is_sound(row):
            raise StoreDamaged(
                f"the stored {kind.value} {row.id!r} is damaged, so nothing was written: "
                "aas-server store verify tells what else is"
            )
        yield row.body


def _everything(
    connection: Connection, target: Path, largest: int
) -> dict[Kind, list[StoredDocument]]:
    size = weigh(connection, (documents,))
    if size > largest:
        raise BadRequest(
            f"{decimal(size)} of documents are too many for {target.suffix}, which is made in "
            f"memory ({decimal(largest)} at most): name a file with .json",
            path=str(target),
        )
    return {kind: list(_documents(connection, kind)) for kind in LISTS.values()}


def _documents(connection: Connection, kind: Kind) -> Iterator[StoredDocument]:
    after = -1
    while page := documents_after(connection, kind, after, limit=_PAGE):
        yield from page
        after = page[-1].sequence


async def _write_xml(store: SqlStore, found: dict[Kind, list[StoredDocument]], part: Path) -> None:
    hub, decoded = LiveHub(SystemClock()), DecodedTrees()
    shells, submodels, concepts = (
        [Document(stored, hub, decoded) for stored in found[kind]]
        for kind in (Kind.SHELL, Kind.SUBMODEL, Kind.CONCEPT_DESCRIPTION)
    )
    selection = Selection(shells, submodels, concepts)
    if part.suffix == ".aasx":
        files = [
            document.stored.files[path]
            for document in (*shells, *submodels)
            for path in sorted(document.stored.files)
        ]
        await write_package(part, selection, files, store.read_file, as_xml=True)
        return
    body = await asyncio.to_thread(environment_xml, selection.environment(), selection)
    await asyncio.to_thread(part.write_bytes, body)
