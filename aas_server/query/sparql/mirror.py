"""A mirror: one process that holds the graphs, filled from the repository and kept in step."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import count
from typing import Final

import msgspec
import structlog

from aas_server.errors import AasError
from aas_server.live.hub import LiveHub
from aas_server.query.sparql.live_statements import live_names
from aas_server.query.sparql.messages import (
    HEAD,
    Answered,
    Cancel,
    Described,
    Put,
    Question,
    Response,
    Sync,
    Synced,
    framed,
)
from aas_server.repository.document import Document
from aas_server.repository.heads import Key
from aas_server.repository.repository import Repository
from aas_server.store.protocol import IDENTIFIABLES, Kind

log = structlog.get_logger(__name__)

_PROGRAM: Final = (
    "import sys; sys.path[:] = sys.argv[1:]; "
    "from aas_server.query.sparql.keeper import main; main()"
)
_TUNABLES: Final = "GLIBC_TUNABLES"
_BATCH: Final = 100
"""Documents that are brought up to date at a time."""
_PATIENCE: Final = 2.0
"""Seconds until a process that was told to end is killed."""


class MirrorLost(AasError):
    """The process with the graphs ended: it has to be filled anew."""

    code = "StoreUnavailable"


class Mirror:
    """Holds the graphs of all documents in a process; belongs to one event loop.

    ::

        repository --news--> changed ids --catch_up--> process --fork--> one child a question
    """

    def __init__(self, repository: Repository, hub: LiveHub) -> None:
        self._repository = repository
        self._hub = hub
        self._process: Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._changed: dict[str, None] = {}
        self._structures: dict[str, int] = {}
        self._waiting: dict[int, asyncio.Future[Response]] = {}
        self._numbers = count()
        self._sending = asyncio.Lock()
        self._catching_up = asyncio.Lock()
        self.is_outdated = False
        """Whether so much changed at once that it is not known what: it has to be made anew."""
        self.statements = 0
        self.garbage = 0
        self.left_out = 0

    async def open(self) -> None:
        """Start the process, and listen to what changes from now on."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-c",
            _PROGRAM,
            *sys.path,
            stdin=PIPE,
            stdout=PIPE,
            env={**os.environ, _TUNABLES: _huge_pages()},
            # Ctrl-C is for the server, which ends it then.
            start_new_session=True,
        )
        self._reader = asyncio.create_task(self._read(), name="answers of the graphs")
        self._repository.add_listener(self._hear)

    async def close(self) -> None:
        """End the process, and what it was asked."""
        self._repository.remove_listener(self._hear)
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        self._lose()
        if self._process is None:
            return
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    async def fill(self) -> None:
        """Send all documents, and what changed meanwhile, and return when all is there.

        Raises ``StoreUnavailable``, ``MirrorLost``.
        """
        for kind in IDENTIFIABLES:
            async for document in self._repository.collection(kind):
                if not self._is_generated(document):
                    described = self._describe(document)
                    await self._send(Put(document.id, (described,), adds=True))
        await self.catch_up()
        await self.sync()

    async def sync(self) -> None:
        """Return when everything that was sent is in the graphs; raises ``MirrorLost``."""
        number = next(self._numbers)
        await self._ask(number, Sync(number))

    async def catch_up(self) -> None:
        """Send what changed since; raises ``StoreUnavailable``, ``MirrorLost``."""
        async with self._catching_up:
            self._look_for_bindings()
            waiting = list(self._changed)
            for start in range(0, len(waiting), _BATCH):
                batch = waiting[start : start + _BATCH]
                # What changes from here on is sent again.
                for each in batch:
                    self._changed.pop(each, None)
                try:
                    await self._resend(batch)
                except BaseException:
                    self._changed |= dict.fromkeys(batch)
                    raise

    async def ask(self, question: Question) -> Answered:
        """Return the answer of the process; cancelled, it gives up the question.

        Raises ``MirrorLost``.
        """
        try:
            answer = await self._ask(question.number, question)
        except asyncio.CancelledError:
            with suppress(MirrorLost):
                self._post(Cancel(question.number))
            raise
        if not isinstance(answer, Answered):
            raise TypeError(f"{answer!r} is no answer to a question")
        return answer

    def next_number(self) -> int:
        """Return a number that no question had."""
        return next(self._numbers)

    def _hear(self, changed: Sequence[Key] | None) -> None:
        if changed is None:
            self.is_outdated = True
            return
        self._changed |= {key[1]: None for key in changed if key[0] in IDENTIFIABLES}

    def _look_for_bindings(self) -> None:
        """Note the submodels of which other elements are live than when they were sent."""
        groups = self._hub.groups()
        for identifier in self._structures.keys() | groups.keys():
            group = groups.get(identifier)
            structure = None if group is None else group.structure
            if self._structures.get(identifier) != structure:
                self._changed[identifier] = None

    async def _resend(self, identifiers: Iterable[str]) -> None:
        wanted = list(identifiers)
        for each in wanted:
            self._note_structure(each)
        found: dict[str, list[Described]] = {each: [] for each in wanted}
        for kind in IDENTIFIABLES:
            documents = await self._repository.collection(kind).find_all(wanted)
            for identifier, document in documents.items():
                if not self._is_generated(document):
                    found[identifier].append(self._describe(document))
        for identifier, described in found.items():
            await self._send(Put(identifier, described))

    def _describe(self, document: Document) -> Described:
        stored = document.stored
        live: list[str] = []
        if stored.kind is Kind.SUBMODEL:
            self._note_structure(document.id)
            live = live_names(document, self._hub)
        return Described(stored.kind.value, stored.body, live)

    def _note_structure(self, identifier: str) -> None:
        group = self._hub.group(identifier)
        if group is None:
            self._structures.pop(identifier, None)
        else:
            self._structures[identifier] = group.structure

    def _is_generated(self, document: Document) -> bool:
        stored = document.stored
        return stored.kind is Kind.SUBMODEL and self._repository.is_generated(stored.id)

    async def _ask(self, number: int, message: msgspec.Struct) -> Response:
        future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        try:
            await self._send(message)
            return await future
        finally:
            self._waiting.pop(number, None)

    async def _send(self, message: msgspec.Struct) -> None:
        async with self._sending:
            self._post(message)
            process = self._process
            if process is not None and process.stdin is not None:
                try:
                    await process.stdin.drain()
                except ConnectionError as error:
                    raise _lost() from error

    def _post(self, message: msgspec.Struct) -> None:
        process = self._process
        if process is None or process.stdin is None or process.returncode is not None:
            raise _lost()
        process.stdin.write(framed(message))

    async def _read(self) -> None:
        decoder = msgspec.msgpack.Decoder(Response)
        stream = None if self._process is None else self._process.stdout
        try:
            while stream is not None:
                head = await stream.readexactly(HEAD)
                body = await stream.readexactly(int.from_bytes(head, "little"))
                self._take(decoder.decode(body))
        except (asyncio.IncompleteReadError, ConnectionError):
            self._lose()

    def _take(self, answer: Response) -> None:
        if isinstance(answer, Synced):
            self.statements, self.garbage = answer.statements, answer.garbage
            if answer.left_out > self.left_out:
                log.warning("documents are nested too deep for RDF", count=answer.left_out)
            self.left_out = answer.left_out
        future = self._waiting.get(answer.number)
        if future is not None and not future.done():
            future.set_result(answer)

    def _lose(self) -> None:
        """Fail everybody who waits for the process."""
        self.is_outdated = True
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(_lost())
                # Whoever waited may be gone.
                future.exception()


def _huge_pages() -> str:
    """Return what makes the C library ask for large pages, beside what it is told already: a fork
    of gigabytes takes a millisecond then, not a tenth of a second.
    """
    told = os.environ.get(_TUNABLES)
    return f"{told}:glibc.malloc.hugetlb=1" if told else "glibc.malloc.hugetlb=1"


def _lost() -> MirrorLost:
    return MirrorLost("the RDF graphs are being made anew: try again in a moment")
