"""Nodes that are only written: found out in time whether a write would work."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Final

import structlog
from asyncua.ua.uaerrors import UaError

from aas_server.bindings.binding import Binding
from aas_server.bindings.opcua.nodes import NodeProblem, Nodes
from aas_server.bindings.opcua.problems import describe
from aas_server.bindings.opcua.writer import NOT_WRITABLE

log = structlog.get_logger(__name__)

CHECK_INTERVAL: Final = 30.0
"""Seconds between two looks: a machine that loads another program has other nodes afterwards."""


class WrittenNodes:
    """The bindings of one connection that are only written, and what would hinder a write.

    Others have values that show whether their node works; of these only looking tells.
    ``on_change`` is called when one begins or ceases to work.
    """

    def __init__(self, connection: str, on_change: Callable[[], None]) -> None:
        self._connection = connection
        self._on_change = on_change
        self._bindings: dict[Binding, None] = {}
        self._wake = asyncio.Event()

    def change(self, added: Iterable[Binding], removed: Iterable[Binding]) -> None:
        """Look after those of ``added`` that are only written, and after ``removed`` no more."""
        for binding in removed:
            self._bindings.pop(binding, None)
        self._bindings.update((each, None) for each in added if each.target is not None)
        self._wake.set()

    async def run(self, nodes: Nodes) -> None:
        """Look for ever, as long as the session of ``nodes``."""
        while True:
            self._wake.clear()
            try:
                await self._look(nodes)
            except (TimeoutError, UaError) as error:
                log.info("nodes not looked up", connection=self._connection, reason=describe(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CHECK_INTERVAL):
                    await self._wake.wait()

    async def _look(self, nodes: Nodes) -> None:
        bindings = list(self._bindings)
        facts = await nodes.look_up(dict.fromkeys(binding.source for binding in bindings))
        changed = False
        for binding in bindings:
            found = facts[binding.source]
            problem = None
            if isinstance(found, NodeProblem):
                problem = found.text
            elif not found.writable:
                problem = NOT_WRITABLE
            changed |= binding.set_problem(problem)
        if changed:
            self._on_change()
