"""An import of any size into a store that nobody else uses: all of its files, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from aas_server.clock import Clock
from aas_server.errors import BadRequest, Interrupted
from aas_server.packages.bulk.held import Held
from aas_server.packages.bulk.lane import Lane
from aas_server.packages.bulk.opening import Decoded, Document, opened_file
from aas_server.packages.bulk.planning import Planner, writes
from aas_server.packages.bulk.reading import Advance, Reading
from aas_server.packages.bulk.workers import Workers
from aas_server.packages.contents import PackagedFile
from aas_server.packages.file_taking import measured, taken_in
from aas_server.packages.plan import OnConflict
from aas_server.store.protocol import Store, Write

Begun = Callable[[int], None]
"""Told how many documents and files there are."""


class BulkImport:
    """One import of one or many files in the name of ``actor``, as ``packages.importer.Import`` is.

    Each file is read with ``read``; after ``settle`` the readings say which of them are refused;
    then ``finish`` decides about every document of the others and carries that out, all of it or
    nothing. ``workers`` say how documents are checked. An asynchronous context.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        workers: Workers,
        *,
        actor: str,
        on_conflict: OnConflict = OnConflict.FAIL,
        dry_run: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._workers = workers
        self._actor = actor
        self._on_conflict = on_conflict
        self._dry_run = dry_run
        self._held = Held()
        self._lane = Lane(workers)
        self._readings: list[Reading] = []
        self._is_stopped = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._lane.abandon()
        self._held.close()

    async def read(self, file: Path, *, begun: Begun, advance: Advance) -> Reading:
        """Read ``file``; what is wrong with it is the ``failure`` of the reading.

        Documents may still be under way when this returns. ``begun`` is called once, ``advance``
        now and then. Raises ``Interrupted``, and then the import is over.
        """
        reading = Reading(file, self._held, advance, strict=self._workers.manner.strict)
        self._readings.append(reading)
        with ExitStack() as stack:
            try:
                opened = await opened_file(stack, file)
                reading.begin(opened)
                begun(sum(opened.counts.values()) + len(opened.files))
                await self._feed(reading, opened.documents)
                if opened.files:
                    await self._take_files(reading, opened.files)
            except (BadRequest, OSError) as error:
                reading.fail(error)
        return reading

    def refuse(self, file: Path, error: BadRequest | OSError) -> Reading:
        """Return the reading of a file that is not even opened."""
        reading = Reading(file, self._held, _nobody, strict=False)
        reading.fail(error)
        self._readings.append(reading)
        return reading

    async def settle(self) -> None:
        """Return once it is known of every file whether it is refused; raises ``Interrupted``."""
        await self._lane.flush()
        for reading in self._readings:
            reading.settle()

    async def finish(self) -> None:
        """Decide about every document that is not refused, and carry it out; the reports tell it.

        Nothing is done when an id exists and may not, which the reports tell too. Raises
        ``Conflict`` when somebody else wrote meanwhile, ``StoreUnavailable``.
        """
        planner = Planner(self._store, self._held, self._on_conflict)
        await planner.plan([each for each in self._readings if each.failure is None])
        is_free = not any(each.report.conflicts for each in self._readings)
        if self._dry_run or not is_free or not planner.planned:
            return
        changes = writes(planner.planned, self._held, now=self._clock.now())
        commit = asyncio.create_task(
            self._store.commit_many(self._until_stopped(changes), actor=self._actor)
        )
        try:
            await asyncio.shield(commit)
        finally:
            # When the import is broken off, what is read from must be there until nobody reads.
            self._is_stopped = True
            await asyncio.wait([commit])

    async def _feed(self, reading: Reading, documents: Iterator[Document]) -> None:
        for document in documents:
            if reading.is_over:
                break
            if isinstance(document, Decoded):
                await self._lane.flush()
                verdict = self._workers.verdict_on(document.kind, document.source, document.tree)
                reading.take(document.kind, verdict)
                reading.advance(1)
            else:
                await self._lane.put(reading, document)

    async def _take_files(self, reading: Reading, files: Mapping[str, PackagedFile]) -> None:
        """Take in the files that documents of a package name, while it is open."""
        await self._lane.flush()
        reading.settle()
        if reading.failure is None:
            paths = (path for each in reading.documents.values() for path, _ in each.named)
            take = measured if self._dry_run else self._store.write_file
            taken = await taken_in(paths, files, take, lambda: reading.advance(1))
            reading.give_files(taken)

    def _until_stopped(self, changes: Iterator[Write]) -> Iterator[Write]:
        """Yield ``changes``, outside of the event loop, as long as somebody waits for it."""
        while True:
            if self._is_stopped:
                raise Interrupted("the import was broken off: nothing was changed")
            try:
                change = next(changes)
            except StopIteration:
                return
            yield change


def _nobody(_count: int) -> None:
    """Show no progress."""
