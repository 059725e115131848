"""The binding service: every machine of a plant file supervised, and told about."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import CollectorRegistry

from aas_server.bindings.binding import Binding
from aas_server.bindings.method import plan_methods
from aas_server.bindings.metrics import BindingMetrics
from aas_server.bindings.opcua.methods import OpcUaMethod
from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.opcua.session import silence_asyncua
from aas_server.bindings.opcua.supervisor import OpcUaSupervisor
from aas_server.bindings.opcua.writer import Line, OpcUaWriter
from aas_server.bindings.plan import plan
from aas_server.bindings.plant_file import PlantFile
from aas_server.bindings.problem_log import ProblemLog
from aas_server.bindings.status import STATUS_ID, ConnectionReport, status_submodel
from aas_server.clock import Clock
from aas_server.errors import AasError
from aas_server.live.checkpoint import Checkpoints
from aas_server.live.hub import LiveHub
from aas_server.metamodel.id_short_path import IdShortPath, parse_id_short_path
from aas_server.operations.service import OperationService
from aas_server.repository.repository import Repository

log = structlog.get_logger(__name__)

DEBOUNCE: Final = 0.2
"""Seconds at least between two versions of the status submodel; a first change shows at once."""

STOP_TIMEOUT: Final = 2.0
"""Seconds that machines get to take leave; a frozen one must not hold up the end."""


class BindingService:
    """Feeds the model from the machines of ``plant`` between ``start`` and ``stop``.

    Keeps the generated submodel ``AssetConnectionStatus`` up to date and logs each problem of a
    binding once, and its end. ``pki_dir`` is the folder of certificates. With ``operations``, the
    machines' methods carry out Operations as the plant file says.
    """

    def __init__(
        self,
        plant: PlantFile,
        repository: Repository,
        hub: LiveHub,
        clock: Clock,
        registry: CollectorRegistry,
        *,
        pki_dir: Path,
        operations: OperationService | None = None,
        checkpoints: Checkpoints | None = None,
    ) -> None:
        self._plant = plant
        self._repository = repository
        self._hub = hub
        self._clock = clock
        self._metrics = BindingMetrics(registry)
        self._pki = Pki(pki_dir)
        self._operations = operations
        self._checkpoints = checkpoints
        self._registered: list[tuple[str, IdShortPath]] = []
        self._bindings: list[Binding] = []
        self._supervisors: dict[str, OpcUaSupervisor] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._refreshing: asyncio.TimerHandle | None = None
        self._refreshed = 0.0
        self._problems = ProblemLog(clock)
        self._shows_status = True

    async def start(self) -> None:
        """Plan every binding and begin to connect; returns without waiting for any machine."""
        silence_asyncua()
        self._bindings = await plan(self._plant, self._repository, self._hub, self._writer)
        for name, settings in self._plant.connections.items():
            self._supervisors[name] = OpcUaSupervisor(
                name,
                settings,
                [binding for binding in self._bindings if binding.connection == name],
                self._hub,
                self._clock,
                self._changed,
                pki=self._pki,
                counters=self._metrics.of(name),
            )
        await self._register_methods()
        if self._checkpoints is not None:
            points = (binding.point for binding in self._bindings)
            await self._checkpoints.restore([point for point in points if point is not None])
        await self._reserve_status()
        self._refresh()
        self._tasks = [
            asyncio.create_task(supervisor.run(), name=f"connection {name}")
            for name, supervisor in self._supervisors.items()
        ]
        for task in self._tasks:
            task.add_done_callback(self._ended)
        # Each begins now, so that each also ends in order however soon it is stopped.
        await asyncio.sleep(0)

    async def stop(self) -> None:
        """End all connections; takes two seconds at most."""
        for submodel_id, path in self._registered:
            if self._operations is not None:
                self._operations.unregister(submodel_id, path)
        self._registered.clear()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_TIMEOUT)
        if self._refreshing is not None:
            self._refreshing.cancel()
        self._refresh()

    def reports(self) -> list[ConnectionReport]:
        """Return how each connection fares, in the order of the plant file."""
        return [supervisor.report() for supervisor in self._supervisors.values()]

    def _writer(self, binding: Binding) -> OpcUaWriter:
        line = partial(self._line, binding.connection)
        return OpcUaWriter(binding, line, self._metrics.of(binding.connection))

    def _line(self, connection: str) -> Line | None:
        supervisor = self._supervisors.get(connection)
        return None if supervisor is None else supervisor.line()

    async def _register_methods(self) -> None:
        """Let the machines carry out Operations, also those whose submodels come only later."""
        if self._operations is None:
            return
        for method in await plan_methods(self._plant, self._repository):
            target = method.settings.operation
            reason = method.problem
            try:
                key = target.submodel, parse_id_short_path(target.path)
                line = partial(self._line, method.settings.connection)
                self._operations.register(*key, OpcUaMethod(method.settings, line))
                self._registered.append(key)
            except AasError as error:
                reason = reason or error.text
            if reason is not None:
                log.warning("operation not carried out", operation=target.name, reason=reason)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Tell that a supervisor is gone: only a defect ends one before ``stop``."""
        if task in self._tasks:
            error = None if task.cancelled() else task.exception()
            log.error("supervision ended, restart the server", task=task.get_name(), exc_info=error)

    def _changed(self) -> None:
        if self._refreshing is None:
            loop = asyncio.get_running_loop()
            due = self._refreshed + DEBOUNCE
            self._refreshing = loop.call_later(max(0.0, due - loop.time()), self._refresh)

    def _refresh(self) -> None:
        self._refreshing = None
        self._refreshed = asyncio.get_running_loop().time()
        self._problems.tell(self._bindings)
        if self._shows_status:
            self._repository.put_generated(status_submodel(self.reports()))

    async def _reserve_status(self) -> None:
        try:
            await self._repository.reserve_generated(STATUS_ID)
        except AasError as error:
            log.warning("status of the connections not shown", reason=error.text)
            self._shows_status = False
