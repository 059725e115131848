"""What every protocol's connection is to the rest: it runs, is told what to feed, and reports."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from aas_server.bindings.binding import Binding
from aas_server.bindings.metrics import BindingMetrics
from aas_server.bindings.opcua.pki import Pki
from aas_server.bindings.status import ConnectionReport
from aas_server.clock import Clock
from aas_server.live.hub import ElementWriter, LiveHub
from aas_server.repository.repository import Repository


@dataclass(frozen=True, slots=True)
class ConnectionContext:
    """What connections are made with.

    ``on_change`` is called whenever a report would tell something else; ``chance`` returns numbers
    from 0 to 1. ``repository`` has the elements that are sources themselves.
    """

    hub: LiveHub
    clock: Clock
    on_change: Callable[[], None]
    pki: Pki
    metrics: BindingMetrics
    chance: Callable[[], float] = random.random
    repository: Repository | None = None


class Connection(Protocol):
    """One connection and all that it feeds. It belongs to one event loop."""

    @property
    def name(self) -> str:
        """Return the name by which rows call it."""

    async def run(self) -> None:
        """Hold the connection until cancelled; no failure of the machine ends this."""

    def change(self, added: Iterable[Binding], removed: Iterable[Binding]) -> None:
        """Feed other bindings from now on, without making the connection anew.

        Returns at once. ``removed`` get no value any more; ``added`` are bad until the machine
        sent theirs.
        """

    def writer(self, binding: Binding) -> ElementWriter | None:
        """Return what takes clients' values to the machine, None where nothing can be written.

        Asked before the binding is added, and also while there is no connection.
        """

    def report(self) -> ConnectionReport:
        """Return how the connection and its bindings fare."""
