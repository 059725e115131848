"""Python functions as executors: found by entry points, run beside the event loop."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import threading
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

import structlog

from aas_server.metamodel.id_short_path import IdShortPath
from aas_server.metamodel.tree import Node
from aas_server.operations.executor import OperationCall, OperationOutcome
from aas_server.operations.job import JobRefused
from aas_server.operations.plugin import ENTRY_POINT_GROUP, PluginOperation

log = structlog.get_logger(__name__)

MAX_THREADS: Final = 64
"""Plain functions under way at most, those included that go on after their timeout."""


class FunctionExecutors:
    """The functions that plugins bring along."""

    def __init__(self, operations: Iterable[PluginOperation] = ()) -> None:
        self._operations = tuple(operations)
        self._threads = 0

    @classmethod
    def load(cls) -> FunctionExecutors:
        """Return those of all installed plugins; one that cannot be loaded is logged and left
        out.
        """
        found: list[PluginOperation] = []
        for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name):
            found += _loaded(entry)
        return cls(found)

    def find(self, submodel_id: str, path: IdShortPath, operation: Node) -> FunctionExecutor | None:
        """Return what carries out the Operation, None when no plugin does.

        A function for exactly this element comes before one for its semanticId.
        """
        matching = [each for each in self._operations if each.matches(submodel_id, path, operation)]
        matching.sort(key=lambda each: each.element is None)
        return FunctionExecutor(matching[0], self) if matching else None

    async def in_thread(self, function: Callable[[], Any]) -> Any:
        """Return the result of ``function``, run in a thread of its own.

        A thread cannot be ended from outside: when this is cancelled, the function goes on unseen.
        Daemon threads, so that none of them holds up the end of the server.
        """
        if self._threads >= MAX_THREADS:
            raise JobRefused(f"{MAX_THREADS} functions are under way already: try again later")
        loop = asyncio.get_running_loop()
        result: asyncio.Future[Any] = loop.create_future()
        context = contextvars.copy_context()

        def settle(value: Any, error: BaseException | None) -> None:
            self._threads -= 1
            if result.done():
                return
            if error is None:
                result.set_result(value)
            else:
                result.set_exception(error)

        def run() -> None:
            value, error = None, None
            try:
                value = context.run(function)
            except BaseException as failure:  # it belongs to the caller, not to this thread
                error = failure
            try:
                loop.call_soon_threadsafe(settle, value, error)
            except RuntimeError:
                # The server has ended meanwhile: nobody waits for this any more.
                return

        self._threads += 1
        threading.Thread(target=run, name="operation", daemon=True).start()
        return await result


class FunctionExecutor:
    """Carries out one Operation by the function of a plugin."""

    def __init__(self, operation: PluginOperation, threads: FunctionExecutors) -> None:
        self._operation = operation
        self._threads = threads

    async def execute(self, call: OperationCall) -> OperationOutcome:
        """Call the function: awaited when it is a coroutine function, else in a thread."""
        function = self._operation.function
        if inspect.iscoroutinefunction(function):
            given = await function(call)
        else:
            given = await self._threads.in_thread(lambda: function(call))
        if given is None:
            return OperationOutcome()
        if isinstance(given, OperationOutcome):
            return given
        if isinstance(given, Mapping):
            return OperationOutcome(values=given)
        raise TypeError(
            f"{self._operation.label} returned {type(given).__name__}: "
            "return a mapping of idShorts and values, an OperationOutcome or None"
        )


def _loaded(entry: EntryPoint) -> list[PluginOperation]:
    try:
        loaded = entry.load()
        found = [loaded] if isinstance(loaded, PluginOperation) else list(loaded)
        strangers = [each for each in found if not isinstance(each, PluginOperation)]
        if strangers:
            raise TypeError(f"{strangers[0]!r} was not made by @operation")
    except Exception as error:
        # Whatever a plugin does while it is imported, the server serves all the rest.
        log.error("plugin not loaded", plugin=entry.value, exc_info=error)
        return []
    log.info("plugin loaded", plugin=entry.value, operations=[each.label for each in found])
    return found
