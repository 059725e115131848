"""Contents of files: taken in whole or not at all, and gone when nobody needs them any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from aas_server.errors import NotFound
from aas_server.store.files import GRACE, FileContents
from aas_server.store.protocol import Write
from aas_server.store.schema import chunks, file_names, files
from aas_server.store.sql_store import SqlStore
from tests.store.writes import FILE_BODY, changed, named, new_document, pieces, read
from tests.support.clock import FakeClock


async def rows(store: SqlStore, table: Table) -> int:
    return await store.read(
        lambda connection: connection.scalar(select(func.count()).select_from(table)) or 0
    )


async def test_an_upload_that_breaks_off_leaves_nothing(sql_store: SqlStore) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        raise ConnectionError

    with pytest.raises(ConnectionError):
        await sql_store.write_file(broken())
    assert await rows(sql_store, chunks) == 0
    assert await rows(sql_store, files) == 0


async def test_content_that_nothing_names_goes_when_it_is_old_and_not_being_read(
    sql_store: SqlStore, clock: FakeClock
) -> None:
    content = await sql_store.write_file(pieces(b"x" * 3_000_000))
    document = new_document(sql_store, body=FILE_BODY, files=[named("urn:ex", "/a", content)])
    await sql_store.commit([Write(None, document)], actor="test")
    reader = sql_store.read_file(content.digest)
    first = await anext(reader)
    without = changed(document, FILE_BODY, files=())
    await sql_store.commit([Write(document, without)], actor="test")
    for _ in range(3):
        clock.advance(2 * GRACE / 1_000_000)
        await sql_store.tidy()
    rest = b"".join([part async for part in reader])
    assert len(first + rest) == 3_000_000
    await sql_store.tidy()
    # Whoever looked the name up just before it was taken away still reads what it named.
    assert len(await read(sql_store, content.digest)) == 3_000_000
    clock.advance(GRACE / 1_000_000)
    await sql_store.tidy()
    assert await rows(sql_store, chunks) == 0
    with pytest.raises(NotFound):
        await read(sql_store, content.digest)


async def test_content_that_a_document_names_stays_however_old_it_is(
    sql_store: SqlStore, clock: FakeClock
) -> None:
    content = await sql_store.write_file(pieces(b"named"))
    owners = ("urn:1", "urn:2")
    first, other = (
        new_document(sql_store, each, FILE_BODY, files=[named(each, "/a", content)])
        for each in owners
    )
    await sql_store.commit([Write(None, first), Write(None, other)], actor="test")
    await sql_store.commit([Write(first, None)], actor="test")
    for _ in range(3):
        clock.advance(2 * GRACE / 1_000_000)
        await sql_store.tidy()
    assert await read(sql_store, content.digest) == b"named"
    assert await rows(sql_store, file_names) == 1


async def test_an_upload_that_is_given_up_at_its_end_leaves_its_content_to_others(
    sql_store: SqlStore, clock: FakeClock
) -> None:
    has_digest = asyncio.Event()

    class Stuck:
        async def read(self, work: Any) -> Any:
            return await sql_store.read(work)

        async def write(self, work: Any) -> Any:
            result = await sql_store.write(work)
            if work.__name__ == "name":
                has_digest.set()
                await asyncio.Event().wait()
            return result

    given_up = asyncio.create_task(FileContents(Stuck(), clock).write(pieces(b"the same")))
    await has_digest.wait()
    content = await sql_store.write_file(pieces(b"the same"))
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    assert await read(sql_store, content.digest) == b"the same"


async def test_a_fresh_upload_survives_the_sweep_until_it_is_named(
    sql_store: SqlStore, clock: FakeClock
) -> None:
    content = await sql_store.write_file(pieces(b"fresh"))
    await sql_store.tidy()
    clock.advance(GRACE / 2_000_000)
    await sql_store.tidy()
    assert await read(sql_store, content.digest) == b"fresh"


async def test_a_sweep_leaves_uploads_alone_that_began_after_it(
    sql_store: SqlStore, clock: FakeClock
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Late:
        async def read(self, work: Any) -> Any:
            return await sql_store.read(work)

        async def write(self, work: Any) -> Any:
            if work.__name__ == "change":
                begun.set()
                await go_on.wait()
            return await sql_store.write(work)

    contents = FileContents(Late(), clock)
    # Of a server that begins again: nothing that others left is waited for.
    sweep = asyncio.create_task(contents.sweep(grace=0))
    await begun.wait()

    async def slow() -> AsyncIterator[bytes]:
        yield b"taken in "
        go_on.set()
        await sweep
        yield b"while others are swept"

    content = await contents.write(slow())

    assert await read(sql_store, content.digest) == b"taken in while others are swept"


async def test_an_upload_of_another_server_is_left_alone_until_it_is_old(
    sql_store: SqlStore, clock: FakeClock
) -> None:
    others = FileContents(sql_store, clock)
    ticks = [GRACE / 2_000_000] * 4

    async def slow() -> AsyncIterator[bytes]:
        for tick in ticks:
            yield b"x" * 1_048_576
            clock.advance(tick)
            await sql_store.tidy()

    content = await others.write(slow())

    assert len(await read(sql_store, content.digest)) == 4 * 1_048_576


async def test_what_a_killed_server_left_of_an_upload_goes_when_it_is_old(
    sql_store: SqlStore, clock: FakeClock
) -> None:
    killed = asyncio.Event()

    class Killed:
        async def read(self, work: Any) -> Any:
            return await sql_store.read(work)

        async def write(self, work: Any) -> Any:
            if killed.is_set():
                raise ConnectionError
            return await sql_store.write(work)

    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 2_000_000
        killed.set()
        yield b"x" * 2_000_000

    with pytest.raises(ConnectionError):
        await FileContents(Killed(), clock).write(broken())
    clock.advance(GRACE / 2_000_000)
    await sql_store.tidy()
    assert await rows(sql_store, chunks) == 1
    clock.advance(GRACE / 1_000_000)
    await sql_store.tidy()
    assert await rows(sql_store, chunks) == await rows(sql_store, files) == 0


async def test_the_number_of_a_file_never_comes_again(sql_store: SqlStore) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x"
        raise ConnectionError

    for _ in range(2):
        with pytest.raises(ConnectionError):
            await sql_store.write_file(broken())
    await sql_store.write_file(pieces(b"whole"))

    numbers = await sql_store.read(
        lambda connection: list(connection.scalars(select(files.c.number)))
    )
    assert numbers == [3]
