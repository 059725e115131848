"""The connection to this server's own elements: what one shows, another one shows too."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from aas_server.bindings.binding import Binding
from aas_server.bindings.connection import ConnectionContext
from aas_server.bindings.elements.source import SourceValue, read_source
from aas_server.bindings.feed import Feed
from aas_server.bindings.link import Link
from aas_server.bindings.plant.elements import ElementBindingSettings, ElementConnectionSettings
from aas_server.bindings.status import ConnectionReport
from aas_server.errors import AasError, StoreUnavailable
from aas_server.live.hub import ElementWriter, LivePoint
from aas_server.live.values import BAD_WAITING_FOR_INITIAL_DATA, LiveValue
from aas_server.metamodel.id_short_path import IdShortPath, parse_id_short_path
from aas_server.repository.heads import Key
from aas_server.store.protocol import Kind

log = structlog.get_logger(__name__)

LOOK: Final = 0.5
"""Seconds between two looks at whether sources became a machine's, or ceased to be one."""
SLICE: Final = 500
"""Bindings that are fed before the event loop does something else."""
_RETRY: Final = 1.0


class _Source:
    """One element that is read, and the bindings that it feeds."""

    __slots__ = ("feeds", "path", "structure", "submodel", "was_live")

    def __init__(self, submodel: str, path: IdShortPath) -> None:
        self.submodel = submodel
        self.path = path
        self.feeds: dict[Binding, Feed] = {}
        self.structure: int | None = None
        self.was_live: bool | None = None


class ElementConnection:
    """Feeds elements from other ones, with the quality and the times of these.

    A source is read again when its submodel was committed, when a machine sent it something, and
    when a binding of its own came or went.
    """

    def __init__(
        self, name: str, settings: ElementConnectionSettings, context: ConnectionContext
    ) -> None:
        if context.repository is None:
            raise AssertionError("elements are read from a repository")
        self._repository = context.repository
        self._hub = context.hub
        self._on_change = context.on_change
        self._link = Link(name, settings.url, context)
        self._sources: dict[str, dict[IdShortPath, _Source]] = {}
        self._due: dict[_Source, None] = {}
        self._wake = asyncio.Event()

    @property
    def name(self) -> str:
        """Return the name by which rows call it."""
        return self._link.name

    def writer(self, binding: Binding) -> ElementWriter | None:
        """Return None: such an element is written where it comes from."""

    def report(self) -> ConnectionReport:
        """Return how its bindings fare."""
        return self._link.report()

    def change(self, added: Iterable[Binding], removed: Iterable[Binding]) -> None:
        """Feed other bindings from now on."""
        news, gone = list(added), list(removed)
        self._link.change(news, gone)
        for binding in gone:
            self._remove(binding)
        for binding in news:
            self._add(binding)

    async def run(self) -> None:
        """Feed until cancelled."""
        self._hub.add_listener(self._hear_values)
        self._repository.add_listener(self._hear_commits)
        try:
            self._link.connected()
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await self._wake.wait()
                self._wake.clear()
                self._link.heard()
                self._note_structures()
                await self._feed_due()
        finally:
            self._hub.remove_listener(self._hear_values)
            self._repository.remove_listener(self._hear_commits)
            self._link.stopped()

    def _add(self, binding: Binding) -> None:
        settings = binding.settings
        if not isinstance(settings, ElementBindingSettings) or binding.point is None:
            return
        try:
            path = parse_id_short_path(settings.element.path)
        except AasError as error:
            binding.set_problem(str(error))
            return
        sources = self._sources.setdefault(settings.element.submodel, {})
        source = sources.setdefault(path, _Source(settings.element.submodel, path))
        source.feeds[binding] = Feed(binding, binding.point, self._link.counters, self._on_change)
        source.was_live = None
        self._be_due([source])

    def _remove(self, binding: Binding) -> None:
        settings = binding.settings
        if not isinstance(settings, ElementBindingSettings):
            return
        sources = self._sources.get(settings.element.submodel, {})
        for source in [each for each in sources.values() if binding in each.feeds]:
            del source.feeds[binding]
            if not source.feeds:
                del sources[source.path]
                self._due.pop(source, None)
        if not sources:
            self._sources.pop(settings.element.submodel, None)

    def _hear_values(self, changed: Sequence[LivePoint]) -> None:
        for point in changed:
            sources = self._sources.get(point.group.submodel_id)
            if not sources:
                continue
            for path in point.sink.facets:
                # A source may also be the collection around the element with the value.
                for at in (path, path[:-1]):
                    if at in sources:
                        self._be_due([sources[at]])
            if point.sink.shape is not None:
                whole = point.sink.path
                parts = (each for at, each in sources.items() if at[: len(whole)] == whole)
                self._be_due(parts)

    def _hear_commits(self, changed: Sequence[Key] | None) -> None:
        if changed is None:
            for sources in self._sources.values():
                self._be_due(sources.values())
            return
        for kind, identifier in changed:
            if kind is Kind.SUBMODEL and identifier in self._sources:
                self._be_due(self._sources[identifier].values())

    def _note_structures(self) -> None:
        """Read again what has become a machine's element since, or is none any more."""
        for submodel, sources in self._sources.items():
            group = self._hub.group(submodel)
            structure = -1 if group is None else group.structure
            for source in sources.values():
                if source.structure != structure:
                    source.structure = structure
                    self._due[source] = None

    def _be_due(self, sources: Iterable[_Source]) -> None:
        self._due.update(dict.fromkeys(sources))
        self._wake.set()

    async def _feed_due(self) -> None:
        while self._due:
            due = [self._due.popitem()[0] for _ in range(min(SLICE, len(self._due)))]
            try:
                found = await self._repository.submodels.find_all({each.submodel for each in due})
            except StoreUnavailable as error:
                log.warning("elements cannot be read as sources", reason=error.text)
                self._be_due(due)
                await asyncio.sleep(_RETRY)
                return
            for source in due:
                read = read_source(found.get(source.submodel), source.path, self._hub)
                self._feed(source, read)
            await asyncio.sleep(0)

    def _feed(self, source: _Source, read: SourceValue) -> None:
        received = self._hub.now()
        if source.was_live is not read.is_live:
            # Times of commits and of machines are not of one clock: none overtakes the other.
            self._hub.degrade(
                (feed.point for feed in source.feeds.values()), BAD_WAITING_FOR_INITIAL_DATA
            )
            source.was_live = read.is_live
        batch: list[tuple[LivePoint, LiveValue]] = []
        for feed in source.feeds.values():
            if feed.source_problem(read.problem):
                self._on_change()
            if read.value is None:
                self._hub.degrade([feed.point], read.status_code)
                continue
            value = feed.live(read.value, read.status_code, read.time, received)
            batch.append((feed.point, value))
        self._link.counters.received(len(batch))
        self._hub.apply(batch)
