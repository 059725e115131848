"""The binding service: every connection that is wanted supervised, and told about."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from aas_server.bindings.aid.finding import DescribedBindings
from aas_server.bindings.binding import Binding
from aas_server.bindings.connection import Connection, ConnectionContext
from aas_server.bindings.connections import make_connection
from aas_server.bindings.cycles import OwnAddresses, without_cycles
from aas_server.bindings.method import plan_methods
from aas_server.bindings.metrics import BindingMetrics, ConnectionCollector
from aas_server.bindings.opcua.alarm_operations import AlarmOperations
from aas_server.bindings.opcua.methods import OpcUaMethod
from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.opcua.session import silence_asyncua
from aas_server.bindings.opcua.supervisor import OpcUaSupervisor
from aas_server.bindings.opcua.writer import Line
from aas_server.bindings.plan import Changes, Plan
from aas_server.bindings.plant.base import ConnectionSettings
from aas_server.bindings.plant.file import PlantFile
from aas_server.bindings.plant.methods import MethodSettings
from aas_server.bindings.problem_log import ProblemLog
from aas_server.bindings.refusals import Refusals
from aas_server.bindings.replanning import Replanner
from aas_server.bindings.status import (
    STATUS_ID,
    BindingReport,
    ConnectionReport,
    status_submodel,
)
from aas_server.bindings.wanted import Refused, Wanted
from aas_server.clock import Clock
from aas_server.errors import AasError
from aas_server.live.checkpoint import Checkpoints
from aas_server.live.hub import ElementWriter, LiveHub
from aas_server.metamodel.id_short_path import IdShortPath, parse_id_short_path
from aas_server.operations.service import OperationService
from aas_server.repository.repository import Repository

log = structlog.get_logger(__name__)

DEBOUNCE: Final = 0.2
"""Seconds at least between two looks at what changed; a first change is seen at once."""

SHOWN_FOR: Final = 1.0
"""Seconds after which whoever reads the status submodel gets a new one though nothing happened:
ages and last updates go on all the time.
"""

STOP_TIMEOUT: Final = 2.0
"""Seconds that machines get to take leave; a frozen one must not hold up the end."""


class BindingService:
    """Feeds the model from machines between ``start`` and ``stop``.

    ::

        plant file ---+
                      +--> Wanted --> Plan --added, removed--> connections --> hub
        AID, AIMC ----+

    ``plant`` says which machines and what of them, and so do the submodels of ``described``; when
    a submodel that counts is changed, the plan follows. ``own`` are the addresses of this server.

    Shows the generated submodel ``AssetConnectionStatus``, made when somebody reads it, and logs
    each problem of a binding once, and its end. ``pki_dir`` is the folder of certificates. With
    ``operations``, the machines' methods carry out Operations as the plant file says.
    """

    def __init__(
        self,
        plant: PlantFile | None,
        repository: Repository,
        hub: LiveHub,
        clock: Clock,
        registry: CollectorRegistry,
        *,
        pki_dir: Path,
        operations: OperationService | None = None,
        checkpoints: Checkpoints | None = None,
        described: DescribedBindings | None = None,
        own: OwnAddresses | None = None,
    ) -> None:
        self._plant_file = Wanted() if plant is None else Wanted.of_plant(plant)
        self._described = described
        self._own = own or OwnAddresses()
        self._repository = repository
        self._clock = clock
        self._context = ConnectionContext(
            hub, clock, self._changed, Pki(pki_dir), BindingMetrics(registry), repository=repository
        )
        registry.register(ConnectionCollector(self.reports))
        self._operations = operations
        self._alarm_operations = AlarmOperations(
            operations, lambda name: self._connections.get(name)
        )
        self._checkpoints = checkpoints
        self._plan = Plan(repository, hub, self._writer)
        self._planning = asyncio.Lock()
        self._settings: dict[str, ConnectionSettings] = {}
        self._connections: dict[str, Connection] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._methods: dict[MethodSettings, tuple[str, IdShortPath]] = {}
        self._method_problems: dict[MethodSettings, str | None] = {}
        self._is_started = False
        self._refreshing: asyncio.TimerHandle | None = None
        self._refreshed = 0.0
        self._problems = ProblemLog(clock)
        self._refusals = Refusals()
        self._replanner = Replanner(repository, clock, self.replan, self._is_out_of_date)
        self._shows_status = plant is not None
        self._is_reserved = False
        self._shown = 0.0
        self._is_stale = False
        self._refused: tuple[Refused, ...] = ()

    async def start(self) -> None:
        """Plan every binding and begin to connect; returns without waiting for any machine."""
        silence_asyncua()
        self._is_started = True
        # Before the first plan is made: what changes meanwhile is not missed.
        self._replanner.start()
        await self.replan()
        self._refresh()
        self._show_status()

    async def stop(self) -> None:
        """End all connections; takes two seconds at most."""
        self._is_started = False
        async with self._planning:
            for target in self._methods.values():
                if self._operations is not None:
                    self._operations.unregister(*target)
            self._methods.clear()
            self._alarm_operations.update(())
            await self._end(list(self._tasks))
        await self._replanner.stop()
        if self._refreshing is not None:
            self._refreshing.cancel()
        self._refresh()
        self._show_status()

    async def replan(self) -> None:
        """Take in what is wanted now and change what differs; what stays the same is not touched.

        To be called when the model has changed in what bindings build on.
        """
        async with self._planning:
            if not self._is_started:
                return
            wanted = await self._wanted()
            made = await self._match_connections(wanted.connections)
            changes = await self._plan.update(wanted)
            self._hand_over(changes, made)
            await self._register_methods(wanted)
            self._alarm_operations.update(row.settings for row in wanted.rows)
            if self._checkpoints is not None:
                points = (binding.point for binding in changes.added)
                await self._checkpoints.restore([point for point in points if point is not None])
            await self._reserve_status()
            for name in made:
                self._run(name)
            self._changed()
        # Each begins now, so that each also ends in order however soon it is stopped.
        await asyncio.sleep(0)

    def reports(self) -> list[ConnectionReport]:
        """Return how each connection fares, in the order in which they are wanted."""
        return [self._report(name) for name in self._settings if name in self._connections]

    def _report(self, name: str) -> ConnectionReport:
        report = self._connections[name].report()
        refused = [BindingReport.of_refused(r) for r in self._refused if r.connection == name]
        if not refused:
            return report
        return replace(report, bindings_failing=(*report.bindings_failing, *refused))

    def _strays(self) -> list[BindingReport]:
        """Return how the bindings fare that belong to no connection that there is."""
        planned = (each for each in self._plan.bindings if each.connection not in self._settings)
        refused = (each for each in self._refused if each.connection not in self._settings)
        return [*map(BindingReport.of, planned), *map(BindingReport.of_refused, refused)]

    async def _wanted(self) -> Wanted:
        """Return what is wanted now of what may run; what is refused is taken note of."""
        wanted = self._plant_file
        concerned: set[str] = set()
        if self._described is not None:
            wanted = wanted.with_more(await self._described.wanted())
            concerned |= self._described.concerned
        wanted = without_cycles(wanted, self._own)
        self._refused = wanted.refused
        self._refusals.update(wanted.refused)
        concerned.update(row.settings.sink.submodel for row in wanted.rows)
        concerned.update(method.operation.submodel for method in wanted.methods)
        self._replanner.concern(concerned)
        return wanted

    async def _is_out_of_date(self) -> bool:
        return self._described is not None and await self._described.is_out_of_date()

    @property
    def bindings(self) -> Sequence[Binding]:
        """Return all bindings that are wanted, also those that do not work."""
        return self._plan.bindings

    async def _match_connections(self, wanted: Mapping[str, ConnectionSettings]) -> list[str]:
        """End connections that are not wanted, or not so; return those that are new."""
        made = [name for name, each in wanted.items() if self._settings.get(name) != each]
        gone = [name for name in self._settings if name in made or name not in wanted]
        await self._end(gone)
        for name in gone:
            del self._connections[name]
        self._settings = dict(wanted)
        for name in made:
            self._connections[name] = make_connection(name, wanted[name], self._context)
        return made

    def _hand_over(self, changes: Changes, made: Iterable[str]) -> None:
        """Tell each connection what it feeds from now on."""
        news: defaultdict[str, tuple[list[Binding], list[Binding]]] = defaultdict(lambda: ([], []))
        anew = set(made)
        for binding in self._plan.bindings:
            if binding.connection in anew:
                news[binding.connection][0].append(binding)
        for position, bindings in enumerate((changes.added, changes.removed)):
            for binding in bindings:
                if binding.connection not in anew:
                    news[binding.connection][position].append(binding)
        for name, (added, removed) in news.items():
            connection = self._connections.get(name)
            if connection is not None:
                connection.change(added, removed)

    def _run(self, name: str) -> None:
        task = asyncio.create_task(self._connections[name].run(), name=f"connection {name}")
        self._tasks[name] = task
        task.add_done_callback(partial(self._ended, name))

    async def _end(self, names: Iterable[str]) -> None:
        tasks = {self._tasks.pop(name) for name in names if name in self._tasks}
        # Python 3.11's wait_for loses a cancellation that meets the end of what it waits for.
        for timeout in (STOP_TIMEOUT * 0.7, STOP_TIMEOUT * 0.3):
            for task in tasks:
                task.cancel()
            if tasks:
                _, tasks = await asyncio.wait(tasks, timeout=timeout)

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        """Tell that a supervisor is gone: only a defect ends one before ``stop``."""
        if self._tasks.get(name) is task:
            error = None if task.cancelled() else task.exception()
            log.error("supervision ended, restart the server", task=task.get_name(), exc_info=error)

    def _writer(self, binding: Binding) -> ElementWriter | None:
        return self._connections[binding.connection].writer(binding)

    def _line(self, connection: str) -> Line | None:
        found = self._connections.get(connection)
        return found.line() if isinstance(found, OpcUaSupervisor) else None

    async def _register_methods(self, wanted: Wanted) -> None:
        """Let the machines carry out Operations, also those whose submodels come only later."""
        if self._operations is None:
            return
        for settings in [each for each in self._methods if each not in wanted.methods]:
            self._operations.unregister(*self._methods.pop(settings))
        for method in await plan_methods(wanted, self._repository):
            if method.settings in self._methods and method.problem is None:
                continue
            target = method.settings.operation
            reason = method.problem
            try:
                key = target.submodel, parse_id_short_path(target.path)
                line = partial(self._line, method.settings.connection)
                self._operations.register(*key, OpcUaMethod(method.settings, line))
                self._methods[method.settings] = key
            except AasError as error:
                reason = reason or error.text
            if reason is not None and reason != self._method_problems.get(method.settings):
                log.warning("operation not carried out", operation=target.name, reason=reason)
            self._method_problems[method.settings] = reason

    def _changed(self) -> None:
        if self._refreshing is None:
            loop = asyncio.get_running_loop()
            due = self._refreshed + DEBOUNCE
            self._refreshing = loop.call_later(max(0.0, due - loop.time()), self._refresh)

    def _refresh(self) -> None:
        self._refreshing = None
        self._refreshed = asyncio.get_running_loop().time()
        self._is_stale = True
        self._problems.tell([*self._plan.bindings, *self._refusals.all])

    async def _reserve_status(self) -> None:
        """Take the id of the status for the server; without a plant file, once there is
        something to show.
        """
        if self._is_reserved or not (self._shows_status or self._settings or self._refused):
            return
        self._is_reserved = True
        try:
            await self._repository.reserve_generated(STATUS_ID, self._renew_status)
        except AasError as error:
            log.warning("status of the connections not shown", reason=error.text)
            self._shows_status = False
        else:
            self._shows_status = True
            self._show_status()

    def _renew_status(self) -> None:
        """Show how things are to whoever is about to read it, but not anew for every reader."""
        age = self._clock.monotonic() - self._shown
        if self._is_started and (self._is_stale or age >= SHOWN_FOR):
            self._show_status()

    def _show_status(self) -> None:
        if self._shows_status:
            self._shown = self._clock.monotonic()
            self._is_stale = False
            self._repository.put_generated(status_submodel(self.reports(), self._strays()))
